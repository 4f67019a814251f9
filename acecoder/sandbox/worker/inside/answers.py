"""What a program's process hands over: frames on a pipe, and a page that tells how far it is."""

import json
import os
import time
from typing import Any

from ..wire import LENGTH, MAX_ANSWERS_BYTES, PROGRESS, Data


class Answers:
    """Frames to the outer side, and the page that tells the supervisor how far this is."""

    def __init__(self, fd: int, progress: Any, max_bytes: int) -> None:
        self.fd, self.progress, self.max_bytes = fd, progress, max_bytes
        self.phase = 0
        self.written_bytes = 0
        self.hold = False
        self._held: list[bytes] = []

    def put(self, frame: "Data | str") -> None:
        """One frame: the answer to the import or to a test, or its JSON text."""
        text = (frame if isinstance(frame, str) else _dumps(frame)).encode()
        if len(text) > self.max_bytes:
            error = ["AnswerTooLarge", f"more than {self.max_bytes} bytes"]
            text = _dumps({"error": error}).encode()
        data = _pack(len(text)) + text
        if self.hold:
            self._held.append(data)
        else:
            self._write(data)
        self.advance()

    def flush(self) -> None:
        """Hand over what was held: all answers of one program of a batch."""
        self._write(b"".join(self._held))
        self._held.clear()

    def is_full(self) -> bool:
        """Is this as much as the trusted side keeps at once?"""
        return self.written_bytes > MAX_ANSWERS_BYTES

    def end_early(self, last_phase: int) -> None:
        """Say that all is done, though tests are left: they are asked for again."""
        self.phase = last_phase - 1
        self.advance()

    def advance(self, status: int = 0, error: bytes = b"") -> None:
        """Begin the next phase; the last one of a script tells what it ended with."""
        self.phase += 1
        if error:
            self.progress[PROGRESS.size : PROGRESS.size + len(error)] = error
        PROGRESS.pack_into(self.progress, 0, self.phase, _cpu_clock(), _wall_clock(), status)

    def _write(self, data: bytes) -> None:
        self.written_bytes += len(data)
        while data:
            data = data[_write(self.fd, data) :]


# Bound here, before a program can put its own in their place; it would fool only itself.
_write, _pack, _dumps = os.write, LENGTH.pack, json.dumps
_cpu_clock, _wall_clock = time.process_time, time.monotonic
