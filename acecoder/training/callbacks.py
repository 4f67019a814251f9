"""Callbacks of a trainer: progress, and checkpoints that are marked whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from acecoder.engine.home import CHECKPOINT_MARK


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


class ReportSteps(TrainerCallback):
    """Reports every step to the progress line, with the values it is asked to show."""

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
