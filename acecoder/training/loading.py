"""Base models as trainers need them: float32 weights, and a tokenizer that can pad."""

from __future__ import annotations

from typing import Any, Literal

from acecoder.chats import require_template
from acecoder.training.kernels import Attention


def load_tokenizer(base: str, *, padding_side: Literal["left", "right"]) -> Any:
    """The tokenizer of the model at `base`; it pads with the end token where it has no other.

    Raises InputError where it has no chat template: what is trained on are chats.
    """
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base, padding_side=padding_side)
    require_template(tokenizer, base)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_language_model(base: str, *, attention: Attention = "sdpa") -> Any:
    """The causal language model at `base`, in float32 (see `precision`)."""
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(
        base, dtype=torch.float32, attn_implementation=attention
    )
