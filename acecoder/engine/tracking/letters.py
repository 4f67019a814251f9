"""What a step has to tell MLflow, written down for another process to tell.

Importing MLflow costs more CPU than many a step, so steps on one machine leave letters in
`HOME/tracking/`, and the process that runs the pipeline tells MLflow (`telling.py`). A letter is four
files: `NAME.start.json`, held locked while its step lives; `NAME.metrics.jsonl`; `NAME.end.json`;
and `NAME.run`, the teller's own.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from acecoder.engine.contract import Report
from acecoder.engine.home import Home
from acecoder.engine.tracking.opening import Opening
from acecoder.errors import AceCoderError

FOLDER = "tracking"


@dataclass(frozen=True)
class End:
    """How a step ended."""

    at_ms: int
    outputs: Mapping[str, str]
    directory: str = ""
    """Empty where it failed."""
    error: str = ""


@dataclass(frozen=True)
class Letter:
    """One step's files."""

    path: Path
    """Without a suffix."""

    def opening(self) -> Opening:
        """What the step began with."""
        return Opening(**json.loads(self._file("start.json").read_text()))

    def end(self) -> End | None:
        """How it ended, or None."""
        file = self._file("end.json")
        return End(**json.loads(file.read_text())) if file.exists() else None

    def is_held(self) -> bool:
        """Whether the step that writes it lives."""
        with self._file("start.json").open() as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def measured(self, since: int) -> tuple[list[tuple[str, float, int, int]], int]:
        """(name, value, step, time in ms) of the lines from a byte offset on, and the next offset."""
        file = self._file("metrics.jsonl")
        if not file.exists():
            return [], since
        with file.open("rb") as lines:
            lines.seek(since)
            data = lines.read()
        whole = data[: data.rfind(b"\n") + 1]
        found = [tuple(json.loads(line)) for line in whole.splitlines()]
        return [(str(n), float(v), int(s), int(t)) for n, v, s, t in found], since + len(whole)

    def last_written_ms(self) -> int:
        """When its step last wrote a value, or began."""
        files = (self._file("metrics.jsonl"), self._file("start.json"))
        return max(int(file.stat().st_mtime * 1000) for file in files if file.exists())

    def told(self) -> tuple[str, int]:
        """The run in MLflow and the offset of what was told; empty where none was opened."""
        file = self._file("run")
        if not file.exists():
            return "", 0
        run_id, offset = file.read_text().split()
        return run_id, int(offset)

    def note(self, run_id: str, offset: int) -> None:
        """Keep what was told."""
        partial = self._file("run.partial")
        partial.write_text(f"{run_id} {offset}")
        partial.replace(self._file("run"))

    def remove(self) -> None:
        """It was told whole. The start goes last: without it there is no letter."""
        for suffix in ("metrics.jsonl", "end.json", "run", "start.json"):
            self._file(suffix).unlink(missing_ok=True)

    def _file(self, suffix: str) -> Path:
        return self.path.with_name(f"{self.path.name}.{suffix}")


def letters(home: Home) -> Iterator[Letter]:
    """All letters, oldest first."""
    for file in sorted((home.root / FOLDER).glob("*.start.json")):
        yield Letter(file.with_name(file.name.removesuffix(".start.json")))


class Writer:
    """An open step that is told by letter. See `contract.OpenStep`."""

    def __init__(self, home: Home, opening: Opening) -> None:
        folder = home.root / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{time.time_ns()}-{os.getpid()}"
        start = self._path.with_name(f"{self._path.name}.start.json")
        partial = start.with_suffix(".partial")
        self._held = partial.open("w")
        fcntl.flock(self._held, fcntl.LOCK_EX)
        json.dump(asdict(opening), self._held)
        self._held.flush()
        partial.rename(start)  # locked from the first moment that somebody may see it
        self._metrics: TextIO | None = None

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """See `contract.OpenStep`."""
        if self._metrics is None:
            self._metrics = self._path.with_name(f"{self._path.name}.metrics.jsonl").open("a")
        at_ms = int(time.time() * 1000)
        for name, value in metrics.items():
            self._metrics.write(json.dumps([name, value, step, at_ms]) + "\n")
        self._metrics.flush()

    def finish(self, report: Report, outputs: Mapping[str, str], directory: Path) -> None:
        """See `contract.OpenStep`; the report lies in the directory."""
        del report
        self._end(End(_now_ms(), dict(outputs), str(directory)))

    def fail(self, error: BaseException) -> None:
        """See `contract.OpenStep`."""
        text = str(error) if isinstance(error, AceCoderError) else type(error).__name__
        self._end(End(_now_ms(), {}, "", text[:500]))

    def _end(self, end: End) -> None:
        if self._metrics is not None:
            self._metrics.close()
        final = self._path.with_name(f"{self._path.name}.end.json")
        partial = final.with_suffix(".partial")
        partial.write_text(json.dumps(asdict(end)))
        partial.replace(final)
        self._held.close()


def _now_ms() -> int:
    return int(time.time() * 1000)
