"""Tells MLflow what steps on this machine have written down, from one process and while they run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from threading import Event, Thread
from types import TracebackType

from acecoder.config import Config
from acecoder.engine.contract import Report
from acecoder.engine.home import Home
from acecoder.engine.publishing import REPORT, TRACKED, exclusive
from acecoder.engine.tracking.letters import End, Letter, Writer, letters
from acecoder.engine.tracking.opening import opening_of
from acecoder.engine.tracking.registry import MlflowRegistry
from acecoder.engine.tracking.steps import TrackedStep, Tracker
from acecoder.errors import TrackingUnavailable

EVERY_S = 2.0


class LetterTracker:
    """See `contract.StepTracker`: steps leave letters, and MLflow is not imported for them."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def start(
        self,
        step: str,
        stage: str,
        key: str,
        config: Config,
        inputs: Mapping[str, str],
        run_key: str,
    ) -> Writer:
        """See `contract.StepTracker`."""
        return Writer(self._home, opening_of(step, stage, key, config, inputs, run_key))

    def registry(self) -> MlflowRegistry:
        """The registry, which knows of every step that has ended."""
        tell(self._home)
        return Tracker(self._home).registry()


def tell(home: Home) -> None:
    """Tell MLflow what letters say, and remove those that are told whole. MLflow is imported only if
    there is one. Raises TrackingUnavailable."""
    if not any(True for _ in letters(home)):
        return
    with exclusive(home.root / "locks" / "tracking"):
        tracker = Tracker(home)
        for letter in letters(home):
            _tell(letter, tracker)


def _tell(letter: Letter, tracker: Tracker) -> None:
    end = letter.end()
    if end is None and not letter.is_held():
        end = letter.end() or End(_last_sign_ms(letter), {}, "", "killed")
    run_id, offset = letter.told()
    # A step that was found done leaves a letter for each process that found it so.
    if end is not None and end.directory and not run_id and _is_told(Path(end.directory)):
        letter.remove()
        return
    step = tracker.reopen(run_id) if run_id else tracker.open(letter.opening())
    if not run_id:
        letter.note(step.run_id, offset)
    measured, after = letter.measured(offset)
    if measured:
        step.log_at(measured)
        letter.note(step.run_id, after)
    if end is not None:
        _close(step, end)
        letter.remove()


def _close(step: TrackedStep, end: End) -> None:
    directory = Path(end.directory)
    if end.directory and (directory / REPORT).exists():
        step.finish(Report.of(directory), end.outputs, directory, end.at_ms)
    else:
        step.fail_with(end.error or "its artifact was removed", end.at_ms)


def _is_told(directory: Path) -> bool:
    return (directory / TRACKED).exists()


def _last_sign_ms(letter: Letter) -> int:
    return max(letter.opening().at_ms, letter.last_written_ms())


class Teller:
    """Tells in a thread while a pipeline runs; what could not be told is told at its end.

    Raises at its end: TrackingUnavailable.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._end = Event()
        self._thread = Thread(target=self._keep_telling, name="teller", daemon=True)

    def __enter__(self) -> Teller:
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
        try:
            tell(self._home)
        except TrackingUnavailable:
            if error is None:
                raise

    def _keep_telling(self) -> None:
        while not self._end.wait(EVERY_S):
            try:
                tell(self._home)
            except TrackingUnavailable:
                self._end.wait(10 * EVERY_S)
