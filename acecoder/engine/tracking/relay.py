"""Sends MLflow what steps on this machine wrote to the outbox, from one process and while they run."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from types import TracebackType

from acecoder.engine.contract import Report, StartedStep
from acecoder.engine.home import Home
from acecoder.engine.progress import warn
from acecoder.engine.publishing import REPORT, TRACKED, exclusive
from acecoder.engine.tracking.outbox import End, Entry, OutboxStep, entries
from acecoder.engine.tracking.registry import MlflowRegistry
from acecoder.engine.tracking.steps import TrackedStep, Tracker
from acecoder.errors import TrackingUnavailable

EVERY_S = 2.0
RETRY_AFTER_S = 20.0
TAG = "outbox_entry"
"""Of a run: the entry that it was begun for, so that a relay that was killed begins none twice."""


class OutboxTracker:
    """See `contract.StepTracker`: steps write to the outbox, and MLflow is not imported for them."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def start(self, started: StartedStep) -> OutboxStep:
        """See `contract.StepTracker`. Raises PlatformError on a full disk."""
        return OutboxStep(self._home, started)

    def registry(self) -> MlflowRegistry:
        """The registry of an MLflow that has every step that ended."""
        send(self._home)
        return Tracker(self._home).registry()


def send(home: Home) -> int:
    """Send what the outbox holds, and remove what was sent whole; the number of entries that it held.

    MLflow is imported only if there is one. Raises TrackingUnavailable.
    """
    if next(entries(home), None) is None:
        return 0
    with exclusive(home.root / "locks" / "outbox"):
        tracker, held = Tracker(home), list(entries(home))
        for entry in held:
            _send(entry, tracker)
    return len(held)


def _send(entry: Entry, tracker: Tracker) -> None:
    try:
        started, end = entry.started(), entry.end()
    except (ValueError, TypeError) as error:
        warn(f"{entry.set_aside()}: no record of a step ({error}); MLflow does not get it")
        return
    # A step that was found done has an entry of each process that found it so.
    if end is not None and end.directory and (Path(end.directory) / TRACKED).exists():
        entry.remove()
        return
    step = tracker.resume(TAG, entry.name)
    if step is None:
        tags = {**started.tags, TAG: entry.name}
        step = tracker.start(StartedStep(**{**vars(started), "tags": tags}))
    measured, offset = entry.measured()
    if measured:
        step.log_at(measured)
        entry.note_sent(offset)
    if end is not None:
        _close(step, end)
        entry.remove()


def _close(step: TrackedStep, end: End) -> None:
    directory = Path(end.directory)
    if end.directory and (directory / REPORT).exists():
        step.finish(Report.of(directory), end.outputs, directory, end.at_ms)
    else:
        step.fail_with(end.error or "its artifact was removed", end.at_ms)


class Relay:
    """Sends in a thread while a pipeline runs. What it could not send stays in the outbox."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._end = Event()
        self._thread = Thread(target=self._keep_sending, name="relay", daemon=True)

    def __enter__(self) -> Relay:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.set()
        self._thread.join()
        with suppress(TrackingUnavailable):
            send(self._home)

    def _keep_sending(self) -> None:
        wait_s = EVERY_S
        while not self._end.wait(wait_s):
            try:
                send(self._home)
                wait_s = EVERY_S
            except TrackingUnavailable:
                wait_s = RETRY_AFTER_S
