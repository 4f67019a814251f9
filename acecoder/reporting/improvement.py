"""Paired differences of two evaluated models on the same problems: the report's first picture."""

from __future__ import annotations

import json
from html import escape

from acecoder.evaluation.estimators import paired_difference
from acecoder.evaluation.values import VALUES_FILE, Values, ValuesByModel
from acecoder.reporting import charts
from acecoder.reporting.html import origin, section, table
from acecoder.reporting.records import StepRecord, Steps

METRICS = ("greedy", "average", "best_of")


def improvement_section(steps: Steps) -> str:
    """Did it get better? The policy minus the initial model; nothing where one was not evaluated."""
    before, after = steps.get("evaluate_model.initial"), steps.get("evaluate_model.policy")
    if before is None or after is None:
        return ""
    return differences_section(
        "Did it get better?", "the initial model", before, "The policy", after
    )


def differences_section(
    title: str, before_name: str, before: StepRecord, after_name: str, after: StepRecord
) -> str:
    """`after` minus `before`, metric by metric, with their intervals and what they tell; nothing where
    they share no problem."""
    rows = _rows(values_of(before), values_of(after))
    if not rows:
        return ""
    told = [
        (name, f"{value:+.3f}", f"[{low:+.3f}, {high:+.3f}]", str(count), _word(low, high))
        for name, value, low, high, count in rows
    ]
    dots = [(name, value, low, high) for name, value, low, high, _ in rows]
    what = f"{after_name} minus {before_name}"
    return section(
        title,
        f"<p>{escape(what)} on the same problems, with the 95 % interval over problems. "
        "If the interval contains 0, the data do not say which is better.</p>",
        charts.differences(dots, label=f"{what}, by benchmark and metric"),
        table(("", "difference", "95 % interval", "problems", "what it tells"), told),
        origin(before, after),
    )


def _rows(before: Values, after: Values) -> list[tuple[str, float, float, float, int]]:
    found = []
    for benchmark, by_metric in before.items():
        for metric, values in by_metric.items():
            theirs = after.get(benchmark, {}).get(metric, {})
            shared = [name for name in values if name in theirs]
            if not metric.startswith(METRICS) or not shared:
                continue
            each = paired_difference([theirs[n] for n in shared], [values[n] for n in shared])
            found.append((f"{benchmark} {metric}", each.value, each.low, each.high, len(shared)))
    return found


def _word(low: float, high: float) -> str:
    if low > 0:
        return "better"
    if high < 0:
        return "worse"
    return "too few problems to tell"


def values_of(step: StepRecord) -> Values:
    """The values per problem of a step that evaluated one model; none where there are several."""
    by_model: ValuesByModel = json.loads(step.read(f"scores/{VALUES_FILE}") or b"{}")
    return next(iter(by_model.values())) if len(by_model) == 1 else {}
