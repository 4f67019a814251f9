"""Kernels for a GPU are put in where they are asked for, and refused by name where they cannot run."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
import torch

from acecoder.config import validate
from acecoder.errors import InputError
from acecoder.reward.training import RewardTraining
from acecoder.training import kernels
from acecoder.training.kernels import Kernels, fuse, require_kernels


@pytest.mark.parametrize("table", [{"attention": "flash_attention_2"}, {"kernels": "liger"}])
def test_what_cannot_run_here_is_said(
    table: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = validate(Kernels, table, where="test")
    with pytest.raises(InputError, match="needs a GPU"):
        require_kernels(config)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(kernels.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"which is not installed"):
        require_kernels(config)
    monkeypatch.setattr(kernels.util, "find_spec", lambda name: object())
    require_kernels(config)
    require_kernels(Kernels())


def test_fused_kernels_are_put_into_the_model_that_is_trained(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Liger needs a GPU: its place is taken by a module with its function."""
    given: list[object] = []
    package, inner = ModuleType("liger_kernel"), ModuleType("liger_kernel.transformers")
    inner._apply_liger_kernel_to_instance = lambda *, model: given.append(model)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "liger_kernel", package)
    monkeypatch.setitem(sys.modules, "liger_kernel.transformers", inner)
    model = object()
    fuse(model, Kernels())
    assert not given
    fuse(model, validate(Kernels, {"kernels": "liger"}, where="test"))
    assert given == [model]


def test_a_mask_and_a_kernel_without_masks_do_not_go_together() -> None:
    table = {"forward": "shared_prefix", "attention": "flash_attention_2"}
    with pytest.raises(InputError, match="takes no mask"):
        validate(RewardTraining, table, where="test")
