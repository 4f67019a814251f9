"""What references have answered, kept on disk, so that a benchmark's are run once for all models.

A file holds one reference's answers, named by everything they depend on. It is the judge's alone: no
program that is judged can see it. A file that is torn or strange counts as none, and nothing is kept
of a reference that did not answer everything: what kept it may pass.
"""

from __future__ import annotations

import gzip
import json
import tempfile
import zlib
from collections.abc import Collection
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

    def get(self, key: str, asked: Collection[int]) -> Answered | None:
        """What was answered to these tests, if it is known."""
        if self._folder is None:
            return None
        try:
            with gzip.open(self._file(key), "rt", encoding="utf-8") as text:
                rows = json.load(text)
            found: Answered = {int(index): frame.encode("latin-1") for index, frame in rows}
        except (OSError, EOFError, zlib.error, ValueError, TypeError, AttributeError):
            return None
        return found if found.keys() == set(asked) else None

    def put(self, key: str, answered: Answered) -> None:
        """Keep what was answered; a full disk costs no more than asking again."""
        frames = {i: frame for i, frame in answered.items() if isinstance(frame, bytes)}
        if self._folder is None or len(frames) < len(answered):
            return
        if sum(map(len, frames.values())) > MAX_KEPT_BYTES:
            return
        rows = [(index, frame.decode("latin-1")) for index, frame in frames.items()]
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            # A name of its own: another worker may be keeping the same.
            with tempfile.TemporaryDirectory(dir=self._folder) as own:
                part = Path(own) / "part"
                part.write_bytes(gzip.compress(json.dumps(rows).encode(), compresslevel=1))
                part.replace(self._file(key))
        except OSError:
            return

    def _file(self, key: str) -> Path:
        assert self._folder is not None
        return self._folder / f"{key}.json.gz"
