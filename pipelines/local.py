"""Run a pipeline on this machine with kfp.local; progress on the screen, everything in a log."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from acecoder.engine.home import Home
from acecoder.engine.parent import parent_of_steps
from acecoder.engine.tracking.relay import Relay
from acecoder.entry import OUTBOX, TRACKING
from acecoder.errors import PlatformError
from acecoder.pipelines.screen import Screen


def run(
    graph: Any, run_key: str, home: Home, steps: Sequence[str], expected_s: Mapping[str, float]
) -> None:
    """Run every task, in order, as a process of its own. `expected_s`: as of `Screen`.

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
        screen = Screen(log, sys.stdout, steps, expected_s)
        with contextlib.redirect_stdout(screen), Relay(home), screen.watched():
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


def _call(graph: Any, run_key: str, screen: Screen, log_path: Path) -> None:
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
