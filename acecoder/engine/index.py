"""A map from keys to places in files, itself on disk: memory stays flat however many keys it has."""

from __future__ import annotations

import hashlib
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from acecoder.errors import PlatformError

CACHE_KIB = 8_192
DIGEST_BYTES = 16


class Place(NamedTuple):
    """Where a line stands."""

    label: int
    """A number of the owner's: which of its files, or which line of a table."""
    offset: int
    size_bytes: int


class Index:
    """Key -> the places added under it, in the order in which they were added.

    A temporary database of SQLite, which vanishes with the process.
    """

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for pragma in (f"cache_size = -{CACHE_KIB}", "journal_mode = off", "synchronous = off"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.execute(
            "CREATE TABLE places (key BLOB, label INTEGER, offset INTEGER, size INTEGER)"
        )
        self._ordered = False

    def add(self, entries: Iterable[tuple[str, Place]]) -> None:
        """Add places; a key may have several. Raises PlatformError where the disk is full."""
        rows = ((_digest(key), *place) for key, place in entries)
        with _told():
            self._database.execute("BEGIN")
            self._database.executemany("INSERT INTO places VALUES (?, ?, ?, ?)", rows)
            self._database.execute("COMMIT")

    def find(self, key: str) -> list[Place]:
        """All places of a key. Raises PlatformError where the disk is full."""
        with _told():
            if not self._ordered:  # at the first question, since sorting at once is cheaper
                self._database.execute("CREATE INDEX by_key ON places (key)")
                self._ordered = True
            rows = self._database.execute(
                "SELECT label, offset, size FROM places WHERE key = ? ORDER BY rowid",
                (_digest(key),),
            )
            return [Place(*row) for row in rows]

    def close(self) -> None:
        self._database.close()


@contextmanager
def _told() -> Iterator[None]:
    """Say what the database ran out of: it lies where temporary files go."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise PlatformError(
            f"an index on disk cannot be kept: {error}",
            where=tempfile.gettempdir(),
            remedy="free some room there, or name another place by TMPDIR; finished work is kept",
        ) from error


def _digest(key: str) -> bytes:
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()
