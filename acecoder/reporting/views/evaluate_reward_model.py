"""Whether the reward model judges programs, beside judges that read nothing."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from acecoder.evaluation.pair_accuracy import BY_PROBLEM, OVER_PAIRS, REWARD_MODEL
from acecoder.reporting import charts
from acecoder.reporting.html import origin, section, table
from acecoder.reporting.records import Steps
from acecoder.reporting.view import View, of_stage

CHOICES = ("best_of", "shortest_of", "majority_of", "pass_at")
"""Ways of choosing among N samples; the name of a row ends with N."""


Found = Mapping[str, Any]
"""`PairAccuracy.details`, of a step that measured it."""


def _measured(steps: Steps) -> list[tuple[str, Found]]:
    """(what it was measured on, details), of the stage itself and of evaluations with a reward model."""
    found: list[tuple[str, Found]] = [
        ("", step.details) for step in of_stage(steps, "evaluate_reward_model")
    ]
    for step in of_stage(steps, "evaluate_model"):
        own = step.step.partition(".")[2] or "model"
        by_model = step.details.get("reward_model") or {}
        found += [
            (f"samples of {own if len(by_model) == 1 else f'{own} {model}'}, ", details)
            for model, details in by_model.items()
        ]
    return found


def _lines(steps: Steps) -> list[tuple[str, str]]:
    lines = []
    for of, found in _measured(steps):
        for group, rows in _by_group(found).items():
            by_judge = {s["model"]: s for s in rows if s["metric"] == BY_PROBLEM}
            if REWARD_MODEL in by_judge:
                lines.append((f"reward model, {of}{group}", _line(by_judge)))
    return lines


def _line(by_judge: Mapping[str, Mapping[str, Any]]) -> str:
    own = by_judge[REWARD_MODEL]
    others = "  ".join(f"{judge} {s['value']:.3f}" for judge, s in by_judge.items() if s is not own)
    told = "" if own["low"] > 0.5 or own["high"] < 0.5 else ": too few to tell from chance"
    return (
        f"{own['value']:.3f} [{own['low']:.3f}, {own['high']:.3f}] on {own['n_problems']} problems"
        f"{told}  ({others})"
    )


def _section(steps: Steps) -> str:
    measured = _measured(steps)
    if not measured:
        return ""
    parts = [
        "<p>Of a better and a worse program of one problem, how often is the better one given more? Averaged "
        "by problem, since pairs of a problem share programs; a tie counts half. <i>shorter</i> and "
        "<i>longer</i> prefer by length alone, <i>majority</i> prefers what most programs of the problem "
        "answer alike.</p>"
    ]
    for of, found in measured:
        for group, rows in _by_group(found).items():
            parts.append(f"<h3>{escape(of + group)}</h3>")
            accuracy = [s for s in rows if s["metric"] == BY_PROBLEM]
            parts.append(_accuracy(group, accuracy) if accuracy else _choosing(group, rows))
            if accuracy:
                parts += [_slices(rows), _differences(found, group), _calibration(found, group)]
    evaluated = [*of_stage(steps, "evaluate_reward_model"), *of_stage(steps, "evaluate_model")]
    return section("Does the reward model judge programs?", *parts, origin(*evaluated))


def _by_group(found: Found) -> dict[str, list[dict[str, Any]]]:
    by_group: dict[str, list[dict[str, Any]]] = {}
    for score in found.get("scores", []):
        by_group.setdefault(score["benchmark"], []).append(score)
    return by_group


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


def _differences(found: Found, group: str) -> str:
    rows = [
        (f"over {d['other']}", d["value"], d["low"], d["high"])
        for d in found.get("differences", [])
        if d["benchmark"] == group
    ]
    label = f"{group}: the reward model's accuracy less a baseline's, on the same problems"
    return f"<p>{escape(label)}:</p>{charts.differences(rows, label=label)}" if rows else ""


def _calibration(found: Found, group: str) -> str:
    bins = found.get("calibration", {}).get(group, [])
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
