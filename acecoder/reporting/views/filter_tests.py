"""Which tests were kept, by source, and how the filter fared where the truth is known."""

from __future__ import annotations

from html import escape

from acecoder.reporting.html import origin, section, table
from acecoder.reporting.records import Steps
from acecoder.reporting.view import Number, View


def _lines(steps: Steps) -> list[tuple[str, str]]:
    step = steps.get("filter_tests.train")
    if step is None:
        return []
    tests = f"{step.count('tests_kept')} of {step.count('tests')} tests"
    return [("problems kept", f"{step.count('problems_kept')}, with {tests}")]


def _section(steps: Steps) -> str:
    parts: list[str] = []
    for name in ("filter_tests.train", "filter_tests.benchmark"):
        if name not in steps:
            continue
        step = steps[name]
        rows = []
        for source, count in step.details.get("sources", {}).items():
            dropped = [
                f"{k.removeprefix('tests_dropped_')} {v}"
                for k, v in sorted(count.items())
                if k.startswith("tests_dropped_")
            ]
            rows.append(
                (
                    source,
                    str(count.get("problems_kept", 0)),
                    str(count["problems"]),
                    str(count.get("tests_kept", 0)),
                    str(count["tests"]),
                    ", ".join(dropped) or "none",
                )
            )
        head = (
            "source",
            "problems kept",
            "of",
            "tests kept",
            "of",
            "dropped, by what the oracle did",
        )
        parts.append(f"<p><b>{escape(name)}</b></p>{table(head, rows)}")
        known = step.details.get("known_wrong_tests", {})
        if any(known.values()):
            caught = known["wrong_dropped"]
            parts.append(
                f"<p>Of the tests known to be wrong, {caught} of {caught + known['wrong_kept']} were "
                f"dropped; of those known to be right, {known['right_dropped']} of "
                f"{known['right_dropped'] + known['right_kept']} were dropped with them.</p>"
            )
        parts.append(origin(step))
    return section("Filtering noisy tests", *parts) if parts else ""


VIEW = View(
    headlines=(Number("filter_tests.train", "problems_kept", "problems kept"),),
    funnel=(
        Number("filter_tests.train", "tests_kept", "tests kept"),
        Number("filter_tests.train", "problems_kept", "problems kept"),
    ),
    lines=_lines,
    section=_section,
)
