"""The scores of every model on every benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from acecoder.reporting import charts
from acecoder.reporting.html import origin, section, table
from acecoder.reporting.records import StepRecord, Steps
from acecoder.reporting.view import Card, View, of_stage

SHOWN_METRICS = ("greedy", "average", "best_of", "shortest_of", "oracle")
CHOICES = ("best_of", "shortest_of", "majority_of", "codet_of")
"""Ways of choosing among N samples; the name of a row ends with N."""
MAX_DIFFERENCES = 40
HEADLINES = ("average", "greedy")
"""Of each benchmark the first of these that was measured."""


def _models(step: StepRecord) -> dict[str, str]:
    """What each model of a step's scores is called: by the step, if it is its only one."""
    own = step.step.partition(".")[2] or "model"
    names = dict.fromkeys(s["model"] for s in step.details.get("scores", []))
    return {name: own if len(names) == 1 else f"{own} {name}" for name in names}


def _cards(steps: Steps) -> list[Card]:
    cards = []
    for step in of_stage(steps, "evaluate_model"):
        rows = step.details.get("scores", [])
        scores = {(s["model"], s["benchmark"], s["metric"]): s["value"] for s in rows}
        for model, benchmark in dict.fromkeys((m, b) for m, b, _ in scores):
            metric = next((m for m in HEADLINES if (model, benchmark, m) in scores), "")
            if metric:
                value = scores[model, benchmark, metric]
                cards.append(Card(f"{value:.3f}", f"{_models(step)[model]}, {benchmark} {metric}"))
    return cards


def _lines(steps: Steps) -> list[tuple[str, str]]:
    lines = []
    for step in of_stage(steps, "evaluate_model"):
        benchmarks: dict[tuple[str, str], list[str]] = {}
        for s in step.details.get("scores", []):
            if s["metric"].startswith(SHOWN_METRICS):
                text = f"{s['metric']} {s['value']:.3f} [{s['low']:.3f}, {s['high']:.3f}]"
                benchmarks.setdefault((s["model"], s["benchmark"]), []).append(text)
        lines += [
            (f"{_models(step)[model]}, {name}", "  ".join(t))
            for (model, name), t in benchmarks.items()
        ]
    return lines


def _section(steps: Steps) -> str:
    evaluated = of_stage(steps, "evaluate_model")
    if not evaluated:
        return ""
    scores = [
        (_models(step)[s["model"]], s) for step in evaluated for s in step.details.get("scores", [])
    ]
    parts = [
        "<p>95 % intervals over problems. <i>greedy</i>: one program at temperature 0. <i>average</i>: "
        "pass@1 over the samples. <i>best_of_N</i>: the reward model picks among N samples (expected over "
        "all subsets). Baselines: <i>shortest_of_N</i>, the shortest of N; <i>majority_of_N</i>, one of the largest "
        "group of N that answers alike; <i>codet_of_N</i>, CodeT's agreement. <i>oracle</i>: some sample is right.</p>"
    ]
    for benchmark in dict.fromkeys(s["benchmark"] for _, s in scores):
        here = [(model, s) for model, s in scores if s["benchmark"] == benchmark]
        order = list(dict.fromkeys(s["metric"] for _, s in here))
        here.sort(key=lambda item: order.index(item[1]["metric"]))
        dots = [(f"{model} {s['metric']}", s["value"], s["low"], s["high"]) for model, s in here]
        models = list(dict.fromkeys(model for model, _ in here))
        colours = [min(1, models.index(model)) for model, _ in here]
        rows = [
            (
                model,
                s["metric"],
                f"{s['value']:.3f}",
                f"{s['low']:.3f}",
                f"{s['high']:.3f}",
                str(s["n_problems"]),
                str(s["n_samples"]),
            )
            for model, s in here
        ]
        head = ("model", "metric", "value", "low", "high", "problems", "samples")
        parts.append(
            f"<h3>{escape(benchmark)}</h3>{charts.intervals(dots, label=benchmark, colours=colours)}"
            f"{_curves(here, benchmark)}{table(head, rows)}"
        )
        parts.append(_rewards(evaluated, benchmark))
    parts.append(_differences(evaluated))
    return section("Evaluation", *parts, origin(*evaluated))


def _curves(rows: list[tuple[str, Any]], benchmark: str) -> str:
    """Correctness over N, for each way of choosing that was measured at several N."""
    found: dict[str, dict[int, float]] = {}
    for model, score in rows:
        name, _, size = score["metric"].rpartition("_")
        if name in CHOICES and size.isdigit():
            found.setdefault(f"{model} {name}", {})[int(size)] = score["value"]
    sizes = sorted({size for values in found.values() for size in values})
    series = [(n, [v[s] for s in sizes]) for n, v in found.items() if v.keys() == set(sizes)]
    if len(sizes) < 2 or not series:
        return ""
    label = f"{benchmark}: correctness over N"
    return charts.line(series, label=label, steps=[f"N = {size}" for size in sizes])


def _rewards(steps: Sequence[StepRecord], benchmark: str) -> str:
    """The share of right samples over the reward, for each model whose samples were scored."""
    parts = []
    for step in steps:
        for each in step.details.get("rewards", []):
            if each["benchmark"] != benchmark or len(each["bands"]) < 2:
                continue
            name, bands = _models(step)[each["model"]], each["bands"]
            ends = (f"reward {bands[0]['reward']:.2f}", f"{bands[-1]['reward']:.2f}")
            shares = [band["share_right"] for band in bands]
            label = f"{name}: share of right samples over the reward, in {len(bands)} bands"
            parts.append(charts.line([(label, shares)], label=f"{benchmark}, {label}", steps=ends))
    return "".join(parts)


def _differences(steps: Sequence[StepRecord]) -> str:
    """The paired differences whose interval does not hold zero; all of them are in the scores."""
    every = [row for step in steps for row in step.details.get("differences", [])]
    told = [row for row in every if row["low"] > 0 or row["high"] < 0]
    if not every:
        return ""
    rows = [
        (
            row["benchmark"],
            row["row"],
            row["other"],
            f"{row['value']:+.3f}",
            f"{row['low']:+.3f}",
            f"{row['high']:+.3f}",
        )
        for row in told[:MAX_DIFFERENCES]
    ]
    head = ("benchmark", "row", "less", "difference", "low", "high")
    intro = (
        f"<h3>Paired differences</h3><p>{len(told)} of {len(every)} differences of two rows have a 95 % "
        "interval without zero; intervals are of one comparison at a time.</p>"
    )
    return intro + (table(head, rows) if rows else "")


VIEW = View(cards=_cards, lines=_lines, section=_section)
