"""Answers paid for and verdicts reached, by digest: on disk, and in the store, before they count."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from acecoder.engine.index import Index, Place
from acecoder.engine.store import Segments
from acecoder.engine.tables import disk_error

OWN, FETCHED = 0, 1
"""The files of a journal: its own, and what the store had."""


class Journal:
    """An append-only map from a digest to plain data, on disk before `put` returns.

    No entry is kept in memory; an index on disk says where each one is. A torn line (the process
    was killed while writing) is skipped; all others are kept. Where `segments` are given, entries
    are in the object store too before `put` returns.
    """

    def __init__(self, path: Path, segments: Segments | None = None) -> None:
        self._path = path
        self._segments = segments
        self._index = Index()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._own: BinaryIO = path.open("a+b")
            self._fetched: BinaryIO = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115  (open as long as this is)
        except OSError as error:
            raise disk_error(error, path) from error
        self._load()

    def _load(self) -> None:
        # Another process may be writing: what looks torn may be a line that is not all there yet.
        with self._locked():
            self._index.add(_entries(self._own, OWN))
        if self._segments:
            for segment in self._segments.load():
                self._fetched.write(segment if segment.endswith(b"\n") else segment + b"\n")
            self._fetched.flush()
            self._index.add(_entries(self._fetched, FETCHED))

    def folder_beside(self, name: str) -> Path:
        """Where something is kept that journals of one home have in common."""
        return self._path.parent.parent / name

    @contextmanager
    def _locked(self) -> Iterator[None]:
        fcntl.flock(self._own, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._own, fcntl.LOCK_UN)

    def get(self, key: str) -> Any:
        """The value put last under `key`, or None."""
        places = self._index.find(key)
        if not places:
            return None
        place = places[-1]
        file = self._own if place.label == OWN else self._fetched
        _, value = json.loads(os.pread(file.fileno(), place.size_bytes, place.offset))
        return value

    def __contains__(self, key: str) -> bool:
        return bool(self._index.find(key))

    def put(self, entries: Mapping[str, Any]) -> None:
        """Record entries together; they are on disk when this returns."""
        if not entries:
            return
        lines = {key: json.dumps([key, value]).encode() + b"\n" for key, value in entries.items()}
        text = b"".join(lines.values())
        try:
            with self._locked():
                size_bytes = self._own.seek(0, os.SEEK_END)
                torn = self._end_line(size_bytes)
                self._own.write(torn + text)
                self._own.flush()
                os.fsync(self._own.fileno())
        except OSError as error:
            raise disk_error(error, self._path) from error
        if self._segments:
            self._segments.append(text)
        offset, places = size_bytes + len(torn), []
        for key, line in lines.items():
            places.append((key, Place(OWN, offset, len(line))))
            offset += len(line)
        self._index.add(places)

    def _end_line(self, size_bytes: int) -> bytes:
        """A line break where the last writer was killed in the middle of a line."""
        if not size_bytes:
            return b""
        last = os.pread(self._own.fileno(), 1, size_bytes - 1)
        return b"" if last == b"\n" else b"\n"

    def close(self) -> None:
        self._own.close()
        self._fetched.close()
        self._index.close()


def _entries(file: BinaryIO, number: int) -> Iterator[tuple[str, Place]]:
    """Every whole entry of a file."""
    file.seek(0)
    offset = 0
    for line in file:
        try:
            key, _ = json.loads(line)
        except (ValueError, TypeError):
            key = None  # torn by a kill; `_end_line` keeps it from growing into the next entry
        if isinstance(key, str):
            yield key, Place(number, offset, len(line))
        offset += len(line)
