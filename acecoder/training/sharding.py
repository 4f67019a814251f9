"""Weights, gradients and Adam's moments split over the processes that train together: PyTorch's FSDP2, through
accelerate's own settings."""

from __future__ import annotations

import os
from typing import Any, Literal

from acecoder.config import Config, incidental
from acecoder.errors import InputError
from acecoder.training.processes import world_size


class Sharding(Config):
    """How the state of a training lies on the processes; decides no result beyond rounding."""

    sharding: Literal["none", "fsdp2"] = incidental("none")
    """`none`: every process holds the whole state, 16 bytes per parameter. `fsdp2`: each holds its share, and
    gathers one layer at a time; takes several processes, each with a GPU."""


def sharding_arguments(config: Sharding, *, on_gpu: bool) -> dict[str, Any]:
    """Of transformers' TrainingArguments. Sets what from_pretrained reads, so that only the first process of
    a node loads weights. Raises InputError where there is one process."""
    if config.sharding == "none":
        return {}
    if world_size() == 1:
        raise InputError(
            "fsdp2 splits a training over processes, and this is one",
            where="sharding",
            remedy='sharding = "none", or several GPUs on a node, or [trainjobs] in the infra file',
        )
    os.environ["ACCELERATE_USE_FSDP"] = "true"
    settings = {
        "version": 2,
        "auto_wrap_policy": "TRANSFORMER_BASED_WRAP",
        "reshard_after_forward": True,
        "state_dict_type": "SHARDED_STATE_DICT",
        "cpu_ram_efficient_loading": True,
        "activation_checkpointing": on_gpu,
    }
    # FSDP brings its own activation checkpointing, and refuses the trainer's beside it.
    return {"fsdp": True, "fsdp_config": settings, "gradient_checkpointing": False}


def require_sharded(config: Sharding, model: Any) -> None:
    """A prepared model's parameters are shares, if that is asked for: on a CPU, accelerate makes plain data
    parallelism of it and says nothing. Raises InputError."""
    if config.sharding == "none":
        return
    from torch.distributed.tensor import DTensor

    whole = [name for name, each in model.named_parameters() if not isinstance(each, DTensor)]
    if whole:
        raise InputError(
            f"{len(whole)} parameters are not sharded ({whole[0]}, ...)",
            where="sharding",
            remedy='fsdp2 needs a GPU for each process; sharding = "none" trains without',
        )
