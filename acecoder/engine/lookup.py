"""The records of a table by a key, in bounded memory: an index on disk, and reads at places."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Generic, Self

from acecoder.engine.index import Index, Place
from acecoder.engine.tables import R, record_of, rows_of, table_file


class Lookup(Generic[R]):
    """A table's records under the value of one of their fields. Use as a context manager.

    The table may be in any order. Nothing of it is kept in memory but what is asked for.
    """

    def __init__(self, path: Path, kind: type[R], field: str) -> None:
        """Raises: InputError where the table is not there, or a line of it is not JSON."""
        self._path, self._kind = table_file(path), kind
        self._index = Index()
        self._file: BinaryIO
        if self._path.suffix == ".parquet":  # has no places of rows: laid out as lines
            self._file = tempfile.TemporaryFile()  # noqa: SIM115  (open as long as this is)
            self._index.add(_spooled(self._path, field, self._file))
        else:
            self._file = self._path.open("rb")
            self._index.add(_lines(self._path, field))

    def of(self, key: str) -> list[R]:
        """The records under a key, in the table's order. Raises InputError on a malformed one."""
        found = []
        for number, place in self._numbered(key):
            self._file.seek(place.offset)
            row = json.loads(self._file.read(place.size_bytes))
            found.append(record_of(row, self._kind, where=f"{self._path}, {number}"))
        return found

    def _numbered(self, key: str) -> Iterator[tuple[str, Place]]:
        word = "row" if self._path.suffix == ".parquet" else "line"
        for place in self._index.find(key):
            yield f"{word} {place.label}", place

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()
        self._index.close()


def _lines(path: Path, field: str) -> Iterator[tuple[str, Place]]:
    """The places of a JSONL table's lines; a label is the line's number."""
    for number, offset, size_bytes, row in rows_of(path):
        yield str(row.get(field)), Place(number, offset, size_bytes)


def _spooled(path: Path, field: str, file: BinaryIO) -> Iterator[tuple[str, Place]]:
    offset = 0
    for number, _, _, row in rows_of(path):
        line = json.dumps(row).encode() + b"\n"
        file.write(line)
        yield str(row.get(field)), Place(number, offset, len(line))
        offset += len(line)
    file.flush()
