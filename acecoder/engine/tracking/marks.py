"""Whether MLflow still has what it was told: a database that was removed has lost it without a word."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from acecoder.engine.publishing import TRACKED

SQLITE = "sqlite:///"


def lost(uri: str, directories: Iterable[Path]) -> list[Path]:
    """Those of finished steps whose run a database on this machine does not know.

    A server is believed: it has its own backups, and asking it costs seconds.
    """
    marked = [each for each in directories if (each / TRACKED).exists()]
    if not uri.startswith(SQLITE) or not marked:
        return []
    known = _runs(Path(uri.removeprefix(SQLITE)))
    return [each for each in marked if (each / TRACKED).read_text().strip() not in known]


def _runs(database: Path) -> set[str]:
    if not database.exists():
        return set()
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        try:
            return {row[0] for row in connection.execute("select run_uuid from runs")}
        except sqlite3.DatabaseError:
            return set()
