"""The verbs of the command line: one per file, with `HELP`, `add_arguments` and `run`.

What several of them share lies in `options`. A stage is a verb of its own (`options.stage`).
"""

from __future__ import annotations

from pathlib import Path

ORDER = (
    "init",
    "profiles",
    "plan",
    "run",
    "show",
    "report",
    "evaluate",
    "compare",
    "submit",
    "status",
    "logs",
    "cancel",
)
"""The first in a list of verbs; the others follow by name."""


def names() -> list[str]:
    """The names of all verbs, as modules."""
    found = sorted(file.stem for file in Path(__file__).parent.glob("[a-z]*.py"))
    return sorted(found, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))
