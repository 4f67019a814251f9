"""Checkpoints that a kill cannot tear: only those marked whole are resumed from."""

from __future__ import annotations

from pathlib import Path

from acecoder.engine.home import CHECKPOINT_MARK


def last_whole(directory: Path) -> str | None:
    """The newest whole checkpoint in a trainer's output directory, or None."""
    whole = [path.parent for path in directory.glob(f"checkpoint-*/{CHECKPOINT_MARK}")]
    newest = max(whole, key=lambda path: int(path.name.rpartition("-")[2]), default=None)
    return str(newest) if newest else None
