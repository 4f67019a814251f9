"""How many functions were found, and how many became seeds."""

from __future__ import annotations

from acecoder.reporting.records import Steps
from acecoder.reporting.view import Number, View


def _lines(steps: Steps) -> list[tuple[str, str]]:
    step = steps.get("collect_seeds")
    return [("seeds", f"{step.count('seeds')} of {step.count('found')} functions")] if step else []


VIEW = View(
    funnel=(
        Number("collect_seeds", "found", "functions found"),
        Number("collect_seeds", "seeds", "seeds chosen"),
    ),
    lines=_lines,
)
