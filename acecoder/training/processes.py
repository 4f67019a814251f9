"""The processes that train together: their number, and each one's share of a batch."""

from __future__ import annotations

import os
from pathlib import Path

from acecoder.errors import InputError


def rank() -> int:
    """This process's number among those that train together (torchrun's RANK); 0 is the first."""
    return int(os.environ.get("RANK", "0"))


def world_size() -> int:
    """How many processes train together (torchrun's WORLD_SIZE)."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def processes_here() -> int:
    """How many of them are on this machine (torchrun's LOCAL_WORLD_SIZE)."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def on_one_node() -> bool:
    """Whether all processes that train together are on this machine."""
    return processes_here() == world_size()


def leave() -> None:
    """Close the group of processes; without it some do not end."""
    if world_size() > 1:
        from torch import distributed

        if distributed.is_initialized():
            distributed.destroy_process_group()


def wait_for_all() -> None:
    """Until every process that trains together has come here."""
    if world_size() > 1:
        from torch import distributed

        distributed.barrier()


def share_of_batch(batch_size: int, accumulation: int) -> tuple[int, int]:
    """(batch size, accumulation) of one process, such that an update sees as many examples as with one process.

    Raises InputError where the processes cannot share them equally.
    """
    total, processes = batch_size * accumulation, world_size()
    if total % processes:
        raise InputError(
            f"{total} an update cannot be shared by {processes} processes",
            remedy="nodes x processes_per_node ([trainjobs] in the infra file) must divide "
            "batch_size x accumulation",
        )
    share = total // processes
    size = max(each for each in range(1, batch_size + 1) if share % each == 0)
    return size, share // size


def visible_gpus() -> int:
    """GPUs that this process may use, without importing torch."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return len([each for each in named.split(",") if each.strip() not in ("", "-1")])
    return len(list(Path("/dev").glob("nvidia[0-9]*")))


def own_device() -> str:
    """Where this process computes: the GPU that torchrun gave it (LOCAL_RANK), or the CPU."""
    import torch

    return f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if torch.cuda.is_available() else "cpu"


def require_one_device() -> None:
    """A process trains on one device. Raises InputError where several are visible, but for torchrun,
    which gives each process its own."""
    import torch

    if torch.cuda.device_count() > 1 and "LOCAL_RANK" not in os.environ:
        raise InputError(
            f"{torch.cuda.device_count()} GPUs are visible, and this step trains on one",
            remedy="export CUDA_VISIBLE_DEVICES=0; a step starts a process for each GPU by itself",
        )
