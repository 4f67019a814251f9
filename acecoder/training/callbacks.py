"""Callbacks of a trainer: progress, and checkpoints that are marked whole."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from acecoder.engine.home import CHECKPOINT_MARK, Home
from acecoder.errors import PlatformError
from acecoder.training.processes import on_one_node, wait_for_all


class MarkWhole(TrainerCallback):
    """Marks a checkpoint once every process of every node has written its part, and makes it outlive the
    pods. Where several nodes write, none has all of it: only the store's copy is marked."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        checkpoint = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        wait_for_all()
        if state.is_local_process_zero:
            self._home.send_checkpoint(checkpoint)
        wait_for_all()
        if state.is_world_process_zero:
            self._home.mark_checkpoint(checkpoint)
            if on_one_node():
                (checkpoint / CHECKPOINT_MARK).touch()
        wait_for_all()


class StopAtNoNumber(TrainerCallback):
    """Ends a training whose loss or gradient is no number, before a checkpoint has it. Raises PlatformError."""

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        for name in ("loss", "grad_norm"):
            value = (logs or {}).get(name)
            if isinstance(value, int | float) and not math.isfinite(value):
                raise PlatformError(
                    f"the {name} of update {state.global_step} is {value}",
                    where="training",
                    remedy="a smaller learning rate; run again, it goes on from the last checkpoint",
                )


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
