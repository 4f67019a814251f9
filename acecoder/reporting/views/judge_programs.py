"""How candidate programs fared."""

from __future__ import annotations

from acecoder.reporting import charts
from acecoder.reporting.html import origin, section, table
from acecoder.reporting.records import Steps
from acecoder.reporting.view import Number, View


def _lines(steps: Steps) -> list[tuple[str, str]]:
    step = steps.get("judge_programs.candidates")
    if step is None:
        return []
    by_model = [
        f"{model} {count['programs']}, {count['right']} right"
        for model, count in step.details.get("models", {}).items()
    ]
    return [("programs judged", f"{step.count('programs')}: {'; '.join(by_model)}")]


def _section(steps: Steps) -> str:
    step = steps.get("judge_programs.candidates")
    if step is None:
        return ""
    outcomes = [
        (k.removeprefix("tests_"), step.count(k)) for k in step.metrics if k.startswith("tests_")
    ]
    chart = charts.histogram(step.details.get("pass_rate_bins", []), label="programs by pass rate")
    by_model = [
        (model, str(count["programs"]), str(count["right"]))
        for model, count in step.details.get("models", {}).items()
    ]
    weak = f"<p>{step.count('weak_tests')} verdicts on single tests are weak (judged beside the program).</p>"
    return section(
        "Pass rates of candidate programs",
        chart,
        table(("program of", "programs", "pass every test"), by_model) if by_model else "",
        table(("outcome", "tests"), outcomes),
        weak,
        origin(step),
    )


VIEW = View(
    headlines=(Number("judge_programs.candidates", "programs", "candidate programs judged"),),
    funnel=(Number("judge_programs.candidates", "all_passed", "of them pass every test"),),
    lines=_lines,
    section=_section,
)
