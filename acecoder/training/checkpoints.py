"""Checkpoints that a kill cannot tear: only those marked whole are resumed from."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from acecoder.engine.home import CHECKPOINT_MARK
from acecoder.errors import InputError


class MarkWhole(TrainerCallback):
    """Marks a checkpoint once the trainer has written all of it, and hands it to `keep`."""

    def __init__(self, keep: Callable[[Path], None]) -> None:
        self._keep = keep

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if not state.is_world_process_zero:
            return
        checkpoint = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        (checkpoint / CHECKPOINT_MARK).touch()
        self._keep(checkpoint)


def last_whole(directory: Path) -> str | None:
    """The newest whole checkpoint in a trainer's output directory, or None."""
    whole = [path.parent for path in directory.glob(f"checkpoint-*/{CHECKPOINT_MARK}")]
    newest = max(whole, key=lambda path: int(path.name.rpartition("-")[2]), default=None)
    return str(newest) if newest else None


def rank() -> int:
    """This process's number among those that train together (torchrun's RANK); 0 is the first."""
    return int(os.environ.get("RANK", "0"))


def world_size() -> int:
    """How many processes train together (torchrun's WORLD_SIZE)."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def share_of_batch(batch_size: int, accumulation: int) -> tuple[int, int]:
    """(batch size, accumulation) of one process, such that an update sees as many as ever.

    Raises InputError where the processes cannot share them equally.
    """
    total, processes = batch_size * accumulation, world_size()
    if total % processes:
        raise InputError(
            f"{total} an update cannot be shared by {processes} processes",
            remedy="nodes x processes_per_node ([trainjobs] in the infra file) must divide "
            "batch_size x accumulation",
        )  # fmt: skip
    share = total // processes
    size = max(each for each in range(1, batch_size + 1) if share % each == 0)
    return size, share // size


def require_one_device() -> None:
    """A process trains on one device. Raises InputError where several are visible, but for torchrun,
    which gives each process its own."""
    import torch

    if torch.cuda.device_count() > 1 and "LOCAL_RANK" not in os.environ:
        raise InputError(
            f"{torch.cuda.device_count()} GPUs are visible, and this step trains on one",
            remedy="export CUDA_VISIBLE_DEVICES=0; several GPUs come with the cluster's launcher",
        )


class ReportSteps(TrainerCallback):
    """Tells the progress line every step with the values it is asked to show."""

    def __init__(self, progress: Any, shown: dict[str, str]) -> None:
        self._progress = progress
        self._shown = shown

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        values = [
            f"{label} {float(logs[key]):.3f}" for key, label in self._shown.items() if key in logs
        ]
        if values:
            self._progress.say("  ".join(values))
        self._progress.count(state.global_step, state.max_steps, "steps")
