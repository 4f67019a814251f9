"""Faster kernels for a GPU, where they are installed and asked for."""

from __future__ import annotations

from importlib import util
from typing import Any, Literal

from acecoder.config import Config, incidental
from acecoder.errors import InputError

Attention = Literal["sdpa", "flash_attention_2"]
PACKAGES = {"flash_attention_2": "flash_attn", "liger": "liger_kernel"}


class Kernels(Config):
    """What computes; decides no result beyond rounding."""

    attention: Attention = incidental("sdpa")
    """`sdpa`: PyTorch's own. `flash_attention_2`: the package flash-attn, on a GPU; not with a reward model's
    `forward = "shared_prefix"`, which needs a mask."""
    kernels: Literal["torch", "liger"] = incidental("torch")
    """`torch`: PyTorch's own. `liger`: fused norms, rotations and gates of the package liger-kernel, on a
    GPU."""


def require_kernels(config: Kernels) -> None:
    """What is asked for can run here. Raises InputError."""
    import torch

    for key, wanted in (("attention", config.attention), ("kernels", config.kernels)):
        package = PACKAGES.get(wanted)
        if package is None:
            continue
        if not torch.cuda.is_available():
            raise InputError(f"{wanted} needs a GPU, and there is none here", where=key)
        if util.find_spec(package) is None:
            raise InputError(
                f"{wanted} needs the package {package}, which is not installed",
                where=key,
                remedy="install it in the image of this step, or leave the key out",
            )


def fuse(model: Any, config: Kernels) -> None:
    """Put Liger's kernels into a transformer, if that is asked for."""
    if config.kernels == "liger":
        from liger_kernel.transformers import _apply_liger_kernel_to_instance

        _apply_liger_kernel_to_instance(model=model)
