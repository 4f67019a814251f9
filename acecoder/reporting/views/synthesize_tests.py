"""How many problems were imagined, and why other answers gave none."""

from __future__ import annotations

from acecoder.reporting.html import section, table
from acecoder.reporting.records import Steps
from acecoder.reporting.view import Number, View


def _lines(steps: Steps) -> list[tuple[str, str]]:
    step = steps.get("synthesize_tests")
    return [("problems imagined", step.count("problems"))] if step else []


def _section(steps: Steps) -> str:
    step = steps.get("synthesize_tests")
    if step is None:
        return ""
    why = [
        (name.removeprefix("unusable_").replace("_", " "), step.count(name))
        for name in step.metrics
        if name.startswith("unusable_")
    ]
    return section("Why answers to seeds gave no problem", table(("reason", "answers"), why))


VIEW = View(
    funnel=(Number("synthesize_tests", "problems", "problems imagined"),),
    lines=_lines,
    section=_section,
)
