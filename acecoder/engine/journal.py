"""Answers paid for and verdicts reached, by digest: on disk, and in the store, before they count."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from acecoder.engine.store import Segments
from acecoder.engine.tables import disk_error


class Journal:
    """An append-only map from a digest to plain data, on disk before `put` returns.

    A torn line (the process was killed while writing) is skipped; all others are kept. Where
    `segments` are given, entries are in the object store too before `put` returns.
    """

    def __init__(self, path: Path, segments: Segments | None = None) -> None:
        self._path = path
        self._segments = segments
        self._entries: dict[str, Any] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a+b")
        except OSError as error:
            raise disk_error(error, path) from error
        self._load()

    def _load(self) -> None:
        # Another process may be writing: what looks torn may be a line that is not all there yet.
        with self._locked():
            self._file.seek(0)
            self._read(self._file)
        for segment in self._segments.load() if self._segments else ():
            self._read(segment.splitlines())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _read(self, lines: Iterable[bytes]) -> None:
        for line in lines:
            try:
                key, value = json.loads(line)
            except (ValueError, TypeError):
                continue  # torn by a kill; `_end_line` keeps it from growing into the next entry
            self._entries[key] = value

    def _end_line(self) -> bytes:
        """A line break where the last writer was killed in the middle of a line."""
        size = self._file.seek(0, os.SEEK_END)
        if not size:
            return b""
        self._file.seek(size - 1)
        return b"" if self._file.read(1) == b"\n" else b"\n"

    def get(self, key: str) -> Any:
        """The value put under `key`, or None."""
        return self._entries.get(key)

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def put(self, entries: Mapping[str, Any]) -> None:
        """Record entries together; they are on disk when this returns."""
        if not entries:
            return
        text = "".join(json.dumps([key, value]) + "\n" for key, value in entries.items())
        try:
            with self._locked():
                self._file.write(self._end_line() + text.encode())
                self._file.flush()
                os.fsync(self._file.fileno())
        except OSError as error:
            raise disk_error(error, self._path) from error
        if self._segments:
            self._segments.append(text.encode())
        self._entries.update(entries)

    def close(self) -> None:
        self._file.close()
