"""Run a pipeline on this machine with kfp.local; progress on the screen, everything in a log."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any, TextIO

from acecoder.engine.home import Home
from acecoder.engine.parent import parent_of_steps
from acecoder.engine.tracking.relay import Relay
from acecoder.entry import OUTBOX, TRACKING
from acecoder.errors import PlatformError

SHOWN = re.compile(r"^\s*(\[([a-z_.]+)\] (.*))$")
SILENT_S = 30.0
"""After so long without a line one says that the step still runs."""


class _Screen(io.TextIOBase):
    """Prints the stages' own lines, with how many steps have begun of how many, and logs all others (KFP's
    executor prints its whole input)."""

    def __init__(self, log: TextIO, screen: TextIO, steps: Sequence[str]) -> None:
        self._log, self._screen = log, screen
        self._steps, self._places = frozenset(steps), dict[str, str]()
        self._line = ""
        self._lock = Lock()
        self._step, self._started_s = "", time.monotonic()
        self._last_s = self._started_s
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
                self._step, self._started_s = step, self._last_s
            # By the order in which they begin, which is KFP's to choose.
            place = self._places.setdefault(step, f"{len(self._places) + 1}/{len(self._steps)}")
            print(f"[{place} {step}] {text}", file=self._screen, flush=True)

    def say_if_silent(self) -> None:
        """Nobody should wonder whether a step is alive."""
        with self._lock:
            step, silent_s = self._step, time.monotonic() - self._last_s
        if step and silent_s >= SILENT_S:
            self._show(step, f"runs, for {time.monotonic() - self._started_s:.0f} s")

    def isatty(self) -> bool:
        return False


@contextlib.contextmanager
def _never_silent(screen: _Screen) -> Iterator[None]:
    end = Event()

    def watch() -> None:
        while not end.wait(1.0):
            screen.say_if_silent()

    thread = Thread(target=watch, name="screen", daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def run(graph: Any, run_key: str, home: Home, steps: Sequence[str]) -> None:
    """Run every task, in order, as a process of its own.

    Raises: PlatformError where a task failed, naming the log; its own error is on the screen.
    """
    from kfp import local

    # One task at a time: give generation and training the cores, and let idle threads sleep, or
    # they starve the sandbox's workers.
    os.environ["ACECODER_HOME"] = str(home.root)
    os.environ[TRACKING] = OUTBOX
    os.environ.setdefault("OMP_NUM_THREADS", str(len(os.sched_getaffinity(0))))
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    directory = home.run(run_key)
    directory.mkdir(parents=True, exist_ok=True)
    log_path = directory / "log.txt"
    with (
        parent_of_steps(directory / f"alive-{os.getpid()}"),
        _place_for_kfp(directory) as root,
        log_path.open("a", encoding="utf-8") as log,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        screen = _Screen(log, sys.stdout, steps)
        with contextlib.redirect_stdout(screen), Relay(home), _never_silent(screen):
            local.init(
                runner=local.SubprocessRunner(use_venv=False),
                pipeline_root=str(root),
                workspace_root=str(root / "workspace"),
                raise_on_error=True,
            )
            _call(graph, run_key, screen, log_path)


@contextlib.contextmanager
def _place_for_kfp(directory: Path) -> Iterator[Path]:
    """A directory for what kfp.local leaves behind, in which nothing of ours is; those of runs that were
    killed are removed, of another that lives (`parent_of_steps`) not."""
    for left in directory.glob("kfp-*"):
        if not (directory / f"alive-{left.name.split('-')[1]}").exists():
            shutil.rmtree(left, ignore_errors=True)
    root = Path(tempfile.mkdtemp(prefix=f"kfp-{os.getpid()}-", dir=directory))
    try:
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _call(graph: Any, run_key: str, screen: _Screen, log_path: Path) -> None:
    try:
        graph(run_key=run_key)
    except RuntimeError as error:  # kfp.local raises this for a failed task
        if not screen.failures:
            print("\n".join(screen.tail), file=sys.stderr)
        raise PlatformError(
            f"the run stopped: {_plain(str(error)).splitlines()[0]}",
            where=str(log_path),
            remedy="fix what the error above names and run the same command again; "
            "finished steps are kept",
        ) from None


def _plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
