"""Saving a trained model: whole safetensors and a tokenizer, never a pickle."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from acecoder.training.adapters import Lora, merged


def whole_state(trainer: Any) -> dict[str, Any]:
    """All trained weights by name, in the first process's memory; empty in the others.

    Every process takes part: shares are gathered. (Trainer.save_model writes no weights where checkpoints
    are sharded, and says nothing.)
    """
    state: dict[str, Any] = trainer.accelerator.get_state_dict(trainer.model)
    return state if trainer.is_world_process_zero() else {}


def write_model(
    model: Any,
    state: Mapping[str, Any],
    tokenizer: Any,
    destination: Path,
    *,
    dtype: str,
    kept: Collection[str] = (),
) -> None:
    """Write weights in `dtype`, but those named in `kept` as they are, the config and the tokenizer.

    A tied tensor is written once, under the name that its model loads it by.
    """
    import torch

    tied = set(getattr(model, "all_tied_weights_keys", None) or {})
    weights = {
        name: tensor if name in kept else tensor.to(getattr(torch, dtype))
        for name, tensor in state.items()
        if name not in tied
    }
    model.save_pretrained(destination, state_dict=weights)
    # The model in memory is float32; the config is what loads these files.
    config = destination / "config.json"
    told = json.loads(config.read_text())
    config.write_text(json.dumps({**told, "dtype": dtype}, indent=2, sort_keys=True) + "\n")
    tokenizer.save_pretrained(destination)


def save(
    trainer: Any, tokenizer: Any, destination: Path, *, dtype: str, lora: Lora | None = None
) -> None:
    """Write a trainer's language model, in `dtype`, and the tokenizer to `destination`, in the first process;
    what was learnt beside the weights is merged into them."""
    state = whole_state(trainer)
    if trainer.is_world_process_zero():
        model = trainer.accelerator.unwrap_model(trainer.model)
        if lora:
            state, model = merged(state, lora), model.get_base_model()
        write_model(model, state, tokenizer, destination, dtype=dtype)
