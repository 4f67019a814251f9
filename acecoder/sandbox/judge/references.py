"""What references have answered, kept on disk, so that a benchmark's are run once for all models.

A file holds one reference's answers, named by everything they depend on. It is the judge's alone: no
program that is judged can see it. A file that is torn or strange counts as none.
"""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

from acecoder.config import digest_of
from acecoder.sandbox.contract import Job, SandboxConfig

Answered = dict[int, bytes | str]
"""By test index: the frame that came, or why none did."""
MAX_KEPT_BYTES = 256 << 20
"""Of one reference's answers."""


class References:
    """A folder of answers; without one, nothing is kept."""

    def __init__(self, folder: Path | None, config: SandboxConfig) -> None:
        self._folder = folder
        self._config = config.digest() if folder else ""

    def key(self, job: Job) -> str:
        """Of a job's reference and all that it is asked."""
        if self._folder is None:
            return ""
        tests = [test if isinstance(test, str) else test.model_dump() for test in job.tests]
        return digest_of([self._config, job.reference, job.entry_point, job.limits, tests])

    def get(self, key: str) -> Answered | None:
        """What was answered, if it is known."""
        if self._folder is None:
            return None
        try:
            with gzip.open(self._file(key), "rt", encoding="latin-1") as text:
                rows = json.load(text)
            return {
                int(index): frame.encode("latin-1") if is_frame else str(frame)
                for index, is_frame, frame in rows
            }
        except (OSError, EOFError, ValueError, TypeError, AttributeError):
            return None

    def put(self, key: str, answered: Answered) -> None:
        """Keep what was answered; a full disk costs no more than asking again."""
        if self._folder is None or sum(map(len, answered.values())) > MAX_KEPT_BYTES:
            return
        rows = [
            (
                index,
                isinstance(frame, bytes),
                frame.decode("latin-1") if isinstance(frame, bytes) else frame,
            )
            for index, frame in answered.items()
        ]
        part = self._file(key).with_suffix(f".{os.getpid()}.part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with gzip.open(part, "wt", encoding="latin-1", compresslevel=1) as text:
                json.dump(rows, text)
            part.replace(self._file(key))
        except OSError:
            part.unlink(missing_ok=True)

    def _file(self, key: str) -> Path:
        assert self._folder is not None
        return self._folder / f"{key}.json.gz"
