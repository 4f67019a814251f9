"""Checkpoints that a kill cannot tear: only those marked whole are resumed from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from acecoder.artifacts import CHECKPOINT_MARK
from acecoder.errors import InputError


class MarkWhole(TrainerCallback):
    """Marks a checkpoint once the trainer has written all of it, and hands it to `keep`."""

    def __init__(self, keep: Callable[[Path], None]) -> None:
        self._keep = keep

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        checkpoint = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        (checkpoint / CHECKPOINT_MARK).touch()
        self._keep(checkpoint)


def last_whole(directory: Path) -> str | None:
    """The newest whole checkpoint in a trainer's output directory, or None."""
    whole = [path.parent for path in directory.glob(f"checkpoint-*/{CHECKPOINT_MARK}")]
    newest = max(whole, key=lambda path: int(path.name.rpartition("-")[2]), default=None)
    return str(newest) if newest else None


def require_one_device() -> None:
    """Training is one process on one device. Raises InputError where several are visible."""
    import torch

    if torch.cuda.device_count() > 1:
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
