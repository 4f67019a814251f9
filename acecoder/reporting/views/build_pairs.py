"""How many preference pairs were made."""

from __future__ import annotations

from acecoder.reporting.records import Steps
from acecoder.reporting.view import Number, View


def _lines(steps: Steps) -> list[tuple[str, str]]:
    step = steps.get("build_pairs")
    if step is None:
        return []
    text = f"{step.count('pairs')} from {step.count('problems_with_pairs')} problems"
    return [("preference pairs", text)]


VIEW = View(
    headlines=(Number("build_pairs", "pairs", "preference pairs"),),
    funnel=(
        Number("build_pairs", "problems_with_pairs", "problems that give pairs"),
        Number("build_pairs", "pairs", "preference pairs"),
    ),
    lines=_lines,
)
