"""LoRA: small matrices that are trained beside weights that stay as they are (Hu et al. 2021), by peft."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from acecoder.config import Config

A, B = ".lora_A.default.weight", ".lora_B.default.weight"
BASE = ".base_layer"
WRAPPER = "base_model.model."
"""Before every name of a model that peft has wrapped."""


class Lora(Config):
    """The added matrices: weights + alpha / rank * B A, at every linear layer of the transformer."""

    rank: int = Field(16, ge=1)
    """Rows of A and columns of B."""
    alpha: float = Field(32.0, gt=0)
    """Their weight, times the rank."""

    @property
    def scale(self) -> float:
        """What B A counts."""
        return self.alpha / self.rank


class Adapters(Config):
    """Whether all weights are trained or matrices beside them."""

    lora: Lora | None = None
    """A table trains LoRA's matrices alone (and a reward model's head): a quarter of the memory. They are
    merged into the weights when the model is saved. Left out: all weights are trained, as in the paper."""


def peft_config(lora: Lora) -> Any:
    """As peft and TRL take it."""
    from peft import LoraConfig

    return LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=0.0,
        target_modules="all-linear",
        bias="none",
    )


def add_adapters(transformer: Any, lora: Lora) -> None:
    """Put matrices beside the linear layers of a transformer; they alone are trained from then on."""
    from peft import inject_adapter_in_model

    inject_adapter_in_model(peft_config(lora), transformer)


def merged(state: Mapping[str, Any], lora: Lora) -> dict[str, Any]:
    """Whole weights under their own names, with what was learnt beside them added in float32."""
    import torch

    found: dict[str, Any] = {}
    for name, tensor in state.items():
        plain = name.removeprefix(WRAPPER)
        if plain.endswith((A, B)):
            continue
        layer, is_base, kind = plain.partition(BASE)
        if is_base and kind == ".weight":
            # In one place, on whatever device the state is: B (out, rank) A (rank, in).
            prefix = name.partition(BASE)[0]
            learnt = torch.matmul(state[prefix + B].float(), state[prefix + A].float())
            tensor = (tensor.float() + lora.scale * learnt).to(tensor.dtype)
        found[layer + kind] = tensor
    return found
