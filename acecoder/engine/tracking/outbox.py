"""Records for MLflow that steps write down, for another process to send (the outbox pattern).

Importing MLflow costs more CPU time than many steps do. So steps on one machine write entries to
`HOME/outbox/`, and the process that runs the pipeline sends them (`relay.py`). An entry is up to three
files: `NAME.start.json`, locked while its step lives; `NAME.metrics.jsonl`; `NAME.end.json`. The
relay adds `NAME.sent`, how much of the metrics MLflow has.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from acecoder.engine.contract import Report, StartedStep
from acecoder.engine.home import Home
from acecoder.engine.tables import disk_error
from acecoder.errors import PlatformError, in_short

FOLDER = "outbox"
START, METRICS, END, SENT = "start.json", "metrics.jsonl", "end.json", "sent"
UNREADABLE = "unreadable"


@dataclass(frozen=True)
class End:
    """How a step ended."""

    at_ms: int
    outputs: Mapping[str, str]
    """Name -> digest."""
    directory: str = ""
    """Empty where it failed."""
    error: str = ""


@dataclass(frozen=True)
class Entry:
    """What one step wrote."""

    path: Path
    """Without a suffix."""

    @property
    def name(self) -> str:
        """Unique on this machine."""
        return self.path.name

    def started(self) -> StartedStep:
        """What the step began with. Raises ValueError or TypeError where a crash tore the file."""
        return StartedStep(**json.loads(self._file(START).read_text()))

    def end(self) -> End | None:
        """How it ended; None while it lives. Raises ValueError or TypeError where a crash tore the file."""
        file = self._file(END)
        lives = self._is_locked()  # first, since a step writes its end before it lets go
        if file.exists():
            return End(**json.loads(file.read_text()))
        return None if lives else End(self._last_written_ms(), {}, "", "killed")

    def measured(self) -> tuple[list[tuple[str, float, int, int]], int]:
        """(name, value, step, time in ms) that were not sent yet, and the offset behind them."""
        file = self._file(METRICS)
        since = int(self._file(SENT).read_text() or 0) if self._file(SENT).exists() else 0
        if not file.exists():
            return [], since
        with file.open("rb") as lines:
            lines.seek(since)
            data = lines.read()
        whole = data[: data.rfind(b"\n") + 1]
        found = []
        for line in whole.splitlines():
            with suppress(ValueError, TypeError):  # of a line that a crash tore
                name, value, step, at_ms = json.loads(line)
                found.append((str(name), float(value), int(step), int(at_ms)))
        return found, since + len(whole)

    def note_sent(self, offset: int) -> None:
        """MLflow has the metrics up to there."""
        _write(self._file(SENT), str(offset))

    def remove(self) -> None:
        """MLflow has it whole. The start goes last: without it there is no entry."""
        for suffix in (METRICS, END, SENT, START):
            self._file(suffix).unlink(missing_ok=True)

    def set_aside(self) -> Path:
        """It cannot be read: keep it out of the way of the others, for a person to look at."""
        aside = self._file(UNREADABLE)
        self._file(START).replace(aside)
        return aside

    def _is_locked(self) -> bool:
        with self._file(START).open() as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def _last_written_ms(self) -> int:
        files = (self._file(METRICS), self._file(START))
        return max(int(file.stat().st_mtime * 1000) for file in files if file.exists())

    def _file(self, suffix: str) -> Path:
        return self.path.with_name(f"{self.path.name}.{suffix}")


def entries(home: Home) -> Iterator[Entry]:
    """All entries, oldest first."""
    for file in sorted((home.root / FOLDER).glob(f"*.{START}")):
        yield Entry(file.with_name(file.name.removesuffix(f".{START}")))


class OutboxStep:
    """A running step that writes to the outbox. See `contract.OpenStep`."""

    def __init__(self, home: Home, started: StartedStep) -> None:
        """Raises PlatformError on a full disk."""
        folder = home.root / FOLDER
        self._path = folder / f"{time.time_ns()}-{os.getpid()}"
        start = self._file(START)
        with _on_disk(start):
            folder.mkdir(parents=True, exist_ok=True)
            partial = start.with_suffix(".partial")
            self._held = partial.open("w")
            fcntl.flock(self._held, fcntl.LOCK_EX)
            json.dump(asdict(started), self._held)
            self._held.flush()
            partial.rename(start)  # locked from the first moment that somebody may see it

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """See `contract.OpenStep`; a curve is no reason to stop on a full disk."""
        at_ms = _now_ms()
        lines = [json.dumps([name, value, step, at_ms]) + "\n" for name, value in metrics.items()]
        with suppress(OSError), self._file(METRICS).open("a") as file:
            file.writelines(lines)

    def finish(self, report: Report, outputs: Mapping[str, str], directory: Path) -> None:
        """See `contract.OpenStep`; the report lies in the directory. Raises PlatformError on a full disk."""
        del report
        self._end(End(_now_ms(), dict(outputs), str(directory)))

    def fail(self, error: BaseException) -> None:
        """See `contract.OpenStep`."""
        with suppress(PlatformError):
            self._end(End(_now_ms(), {}, "", in_short(error)))

    def _end(self, end: End) -> None:
        file = self._file(END)
        with _on_disk(file):
            _write(file, json.dumps(asdict(end)))
        self._held.close()

    def _file(self, suffix: str) -> Path:
        return self._path.with_name(f"{self._path.name}.{suffix}")


def _write(file: Path, text: str) -> None:
    """Whole, or not at all."""
    partial = file.with_name(f"{file.name}.partial")
    partial.write_text(text)
    partial.replace(file)


@contextmanager
def _on_disk(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise disk_error(error, file) from error


def _now_ms() -> int:
    return int(time.time() * 1000)
