"""Whether MLflow still has what it was sent: a database that was removed has lost it without a word."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from acecoder.engine.home import Home
from acecoder.engine.publishing import TRACKED


def lost(home: Home, uri: str, directories: Iterable[Path]) -> list[Path]:
    """Those of finished steps whose run the home's own database does not know.

    A server is believed: it has backups of its own, and asking it costs seconds.
    """
    marked = [each for each in directories if (each / TRACKED).exists()]
    if uri != home.tracking_uri or not marked:
        return []
    known = _runs(home.tracking_database)
    return [each for each in marked if (each / TRACKED).read_text().strip() not in known]


def _runs(database: Path) -> set[str]:
    if not database.exists():
        return set()
    with closing(sqlite3.connect(database)) as connection:
        try:
            return {row[0] for row in connection.execute("select run_uuid from runs")}
        except sqlite3.DatabaseError:
            return set()
