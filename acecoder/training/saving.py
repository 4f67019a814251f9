"""Saving a trained model: safetensors and a tokenizer, never a pickle."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def save(trainer: Any, tokenizer: Any, destination: Path, *, dtype: str) -> None:
    """Write the trained weights, in `dtype`, and the tokenizer to `destination`."""
    import torch

    trainer.model.to(getattr(torch, dtype))
    trainer.save_model(str(destination))
    tokenizer.save_pretrained(destination)
    (destination / "training_args.bin").unlink(missing_ok=True)  # a pickle, of no use to a reader
