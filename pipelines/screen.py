"""What a person sees of a run on this machine: the steps' own lines and, at a terminal, two bars below them."""

from __future__ import annotations

import contextlib
import io
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from threading import Event, Lock, Thread
from typing import TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

SHOWN = re.compile(r"^\s*(\[([a-z_.]+)\] (.*))$")
COUNTED = re.compile(r"^(\d+)/(\d+) \w+")
TO_GO = re.compile(r"(\d+) s to go$")
SILENT_S = 30.0
"""After so long without a line one says that the step still runs."""


class Screen(io.TextIOBase):
    """Prints the stages' own lines, with how many steps have begun of how many, and logs every line (KFP's
    executor prints its whole input). Bars are drawn at a terminal only and never logged.

    `expected_s`: how long each step took in an earlier run; without it the run's time to go is not told.
    """

    def __init__(
        self,
        log: TextIO,
        screen: TextIO,
        steps: Sequence[str],
        expected_s: Mapping[str, float] | None = None,
    ) -> None:
        self._log, self._steps, self._expected_s = log, tuple(steps), dict(expected_s or {})
        self._places: dict[str, str] = {}
        self._line = ""
        self._lock = Lock()
        self._step, self._started_s = "", time.monotonic()
        self._last_s = self._started_s
        self._step_to_go_s: float | None = None
        self._bars = _Bars(screen, len(steps))
        self.failures: list[str] = []
        self.tail: list[str] = []

    def write(self, text: str) -> int:
        self._line += text
        *lines, self._line = self._line.split("\n")
        for line in lines:
            self._log.write(line + "\n")
            shown = SHOWN.match(line)
            if shown and shown[2] in self._steps:
                self._show(shown[2], shown[3])
                if "] error: " in line or self.failures:
                    self.failures.append(shown[1])
            elif line.strip():
                self.tail = [*self.tail[-14:], line]
        self._log.flush()
        return len(text)

    def _show(self, step: str, text: str) -> None:
        with self._lock:
            self._last_s = time.monotonic()
            if step != self._step:
                self._step, self._started_s, self._step_to_go_s = step, self._last_s, None
            told = TO_GO.search(text)
            self._step_to_go_s = float(told[1]) if told else self._step_to_go_s
            # By the order in which they begin, which is KFP's to choose.
            is_new = step not in self._places
            place = self._places.setdefault(step, f"{len(self._places) + 1}/{len(self._steps)}")
            to_go_s = self.to_go_s()
            self._bars.say(f"[{place} {step}] {text}" + (_rest(to_go_s) if is_new else ""))
            self._bars.move(step, len(self._places) - 1, text, to_go_s)

    def to_go_s(self) -> float | None:
        """Seconds until the run ends, by an earlier run and by what the step says itself; None where
        a step has no figure."""
        ahead = [step for step in self._steps if step not in self._places]
        if not self._step or any(step not in self._expected_s for step in ahead):
            return None
        own_s = self._step_to_go_s
        if own_s is None:
            if self._step not in self._expected_s:
                return None
            own_s = self._expected_s[self._step] - (time.monotonic() - self._started_s)
        return max(0.0, own_s) + sum(self._expected_s[step] for step in ahead)

    def say_if_silent(self) -> None:
        """Nobody should wonder whether a step is alive."""
        with self._lock:
            step, silent_s = self._step, time.monotonic() - self._last_s
            to_go_s = self.to_go_s()
        if step and silent_s >= SILENT_S:
            ran_s = time.monotonic() - self._started_s
            self._show(step, f"runs, for {ran_s:.0f} s{_rest(to_go_s)}")

    def isatty(self) -> bool:
        return False

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Draw the bars and never be silent for long, until the end of the block."""
        end = Event()

        def watch() -> None:
            while not end.wait(1.0):
                self.say_if_silent()

        thread = Thread(target=watch, name="screen", daemon=True)
        thread.start()
        try:
            with self._bars.drawn():
                yield
        finally:
            end.set()
            thread.join()


class _Bars:
    """The run's bar and its step's at the bottom of a terminal; nothing anywhere else."""

    def __init__(self, screen: TextIO, steps: int) -> None:
        self._screen = screen
        self._progress: Progress | None = None
        if screen.isatty():
            self._progress = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.fields[to_go]}", markup=False),
                console=Console(file=screen),
                transient=True,
                # Standard output is the log's; rich must not take it.
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._run = self._progress.add_task("run", total=steps, to_go="")
            self._step: TaskID | None = None
            self._name = ""

    @contextlib.contextmanager
    def drawn(self) -> Iterator[None]:
        with self._progress or contextlib.nullcontext():
            yield

    def say(self, line: str) -> None:
        """One line above the bars."""
        if self._progress is None:
            print(line, file=self._screen, flush=True)
        else:
            self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def move(self, step: str, done: int, text: str, to_go_s: float | None) -> None:
        """`done` steps have ended; `text` is what the present one said last."""
        if self._progress is None:
            return
        rest = "" if to_go_s is None else f"about {_minutes(to_go_s)} to go"
        self._progress.update(self._run, completed=done, to_go=rest)
        if step != self._name and self._step is not None:
            self._progress.remove_task(self._step)
            self._step = None
        self._name = step
        counted = COUNTED.match(text)
        if counted is None:
            return
        if self._step is None:
            self._step = self._progress.add_task(step, total=None, to_go="")
        told = TO_GO.search(text)
        self._progress.update(
            self._step,
            completed=int(counted[1]),
            total=int(counted[2]),
            to_go=f"{_minutes(float(told[1]))} to go" if told else "",
        )


def _rest(to_go_s: float | None) -> str:
    return "" if to_go_s is None else f"  (the run has about {_minutes(to_go_s)} to go)"


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
