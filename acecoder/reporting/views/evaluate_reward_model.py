"""Whether the reward model judges programs, beside judges that read nothing."""

from __future__ import annotations

from html import escape
from typing import Any

from acecoder.evaluation.pair_accuracy import BY_PROBLEM, OVER_PAIRS, REWARD_MODEL
from acecoder.reporting import charts
from acecoder.reporting.html import origin, section, table
from acecoder.reporting.records import StepRecord, Steps
from acecoder.reporting.view import View, of_stage

CHOICES = ("best_of", "shortest_of", "majority_of", "pass_at")
"""Ways of choosing among N samples; the name of a row ends with N."""


def _lines(steps: Steps) -> list[tuple[str, str]]:
    lines = []
    for step in of_stage(steps, "evaluate_reward_model"):
        for group, rows in _by_group(step).items():
            told = [
                f"{s['model']} {s['value']:.3f} [{s['low']:.3f}, {s['high']:.3f}]"
                for s in rows
                if s["metric"] == BY_PROBLEM
            ]
            if told:
                lines.append((f"reward model, {group}", "  ".join(told)))
    return lines


def _section(steps: Steps) -> str:
    evaluated = of_stage(steps, "evaluate_reward_model")
    if not evaluated:
        return ""
    parts = [
        "<p>Of a better and a worse program of one problem, how often is the better one given more? Averaged "
        "by problem, since pairs of a problem share programs; a tie counts half. <i>shorter</i> and "
        "<i>longer</i> prefer by length alone, <i>majority</i> prefers what most programs of the problem "
        "answer alike.</p>"
    ]
    for step in evaluated:
        for group, rows in _by_group(step).items():
            parts.append(f"<h3>{escape(group)}</h3>")
            accuracy = [s for s in rows if s["metric"] == BY_PROBLEM]
            parts.append(_accuracy(group, accuracy) if accuracy else _choosing(group, rows))
            if accuracy:
                parts += [_slices(rows), _differences(step, group), _calibration(step, group)]
    return section("Does the reward model judge programs?", *parts, origin(*evaluated))


def _by_group(step: StepRecord) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for score in step.details.get("scores", []):
        found.setdefault(score["benchmark"], []).append(score)
    return found


def _accuracy(group: str, rows: list[dict[str, Any]]) -> str:
    dots = [(s["model"], s["value"], s["low"], s["high"]) for s in rows]
    own = rows[0]
    text = f"<p>{own['n_samples']:,} pairs of {own['n_problems']} problems.</p>"
    colours = [int(s["model"] != REWARD_MODEL) for s in rows]
    return text + charts.intervals(dots, label=f"{group}: accuracy by problem", colours=colours)


def _slices(rows: list[dict[str, Any]]) -> str:
    """The reward model's accuracy where the better program is little or much better, shorter or longer."""
    lines = [
        (
            s["metric"],
            f"{s['value']:.3f}",
            f"{s['low']:.3f}",
            f"{s['high']:.3f}",
            str(s["n_problems"]),
            f"{s['n_samples']:,}",
        )
        for s in rows
        if s["model"] == REWARD_MODEL and s["metric"] != BY_PROBLEM
    ]
    lines.sort(key=lambda line: (line[0] != OVER_PAIRS, line[0]))
    return table(("the reward model's", "value", "low", "high", "problems", "pairs"), lines)


def _differences(step: StepRecord, group: str) -> str:
    rows = [
        (f"over {d['other']}", d["value"], d["low"], d["high"])
        for d in step.details.get("differences", [])
        if d["benchmark"] == group
    ]
    label = f"{group}: the reward model's accuracy less a baseline's, on the same problems"
    return f"<p>{escape(label)}:</p>{charts.differences(rows, label=label)}" if rows else ""


def _calibration(step: StepRecord, group: str) -> str:
    bins = step.details.get("calibration", {}).get(group, [])
    if len(bins) < 2:
        return ""
    series = [
        ("how sure it is", [each["confidence"] for each in bins]),
        ("how often it is right", [each["accuracy"] for each in bins]),
    ]
    ends = (f"{bins[0]['confidence']:.2f}", f"{bins[-1]['confidence']:.2f}")
    label = f"{group}: how sure it is of a pair, and how often it is right"
    return f"<p>{escape(label)}:</p>{charts.line(series, label=label, steps=ends)}"


def _choosing(group: str, rows: list[dict[str, Any]]) -> str:
    """Correctness of each way of choosing, and over N where there are several."""
    lines = [
        (s["metric"], f"{s['value']:.3f}", f"{s['low']:.3f}", f"{s['high']:.3f}") for s in rows
    ]
    return _over_sizes(group, rows) + table(("way of choosing", "value", "low", "high"), lines)


def _over_sizes(group: str, rows: list[dict[str, Any]]) -> str:
    found: dict[str, dict[int, float]] = {}
    for score in rows:
        name, _, size = score["metric"].rpartition("_")
        if name in CHOICES and size.isdigit():
            found.setdefault(name, {})[int(size)] = score["value"]
    sizes = sorted({size for values in found.values() for size in values})
    series = [(name, [v[s] for s in sizes]) for name, v in found.items() if v.keys() == set(sizes)]
    if len(sizes) < 2 or not series:
        return ""
    return charts.line(series, label=group, steps=[f"N = {size}" for size in sizes])


VIEW = View(lines=_lines, section=_section)
