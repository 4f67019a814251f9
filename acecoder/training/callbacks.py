"""Callbacks of a trainer: progress, and checkpoints that are marked whole."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
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
    """Reports every step to the progress line, with the values it is asked to show, and all that the
    trainer measures to whoever watches."""

    def __init__(
        self,
        progress: Any,
        shown: dict[str, str],
        log: Callable[[Mapping[str, float], int], None] = lambda metrics, step: None,
    ) -> None:
        self._progress = progress
        self._shown = shown
        self._log = log

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        values = [
            f"{label} {float(logs[key]):.3f}" for key, label in self._shown.items() if key in logs
        ]
        if values:
            self._progress.say("  ".join(values))
        measured = {
            name: float(value)
            for name, value in (logs or {}).items()
            if isinstance(value, int | float) and math.isfinite(value)
        }
        if measured:
            self._log(measured, state.global_step)
        self._progress.count(state.global_step, state.max_steps, "steps")
