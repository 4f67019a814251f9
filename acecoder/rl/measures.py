"""What training measured of a policy, in a file beside its weights, for the gate of its promotion."""

from __future__ import annotations

import json
from pathlib import Path

MEASURES_FILE = "measures.json"


def write_measures(policy: Path, *, hacking_gap: float) -> None:
    """`hacking_gap`: how much more of the tests it was rewarded for the policy passes than of others, at the
    last look; not below 0."""
    (policy / MEASURES_FILE).write_text(json.dumps({"hacking_gap": max(0.0, hacking_gap)}) + "\n")


def read_measures(policy: Path) -> dict[str, float]:
    """By name; empty where nothing was measured."""
    file = policy / MEASURES_FILE
    return dict(json.loads(file.read_text())) if file.exists() else {}
