"""The scores of every model on every benchmark."""

from __future__ import annotations

from html import escape

from acecoder.reporting import charts
from acecoder.reporting.html import origin, section, table
from acecoder.reporting.records import StepRecord, Steps
from acecoder.reporting.view import Card, View, of_stage

SHOWN_METRICS = ("greedy", "average", "best_of", "shortest_of", "oracle")
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
        "all subsets); <i>shortest_of_N</i>: the shortest of N, a baseline. <i>oracle</i>: some sample is right.</p>"
    ]
    for benchmark in dict.fromkeys(s["benchmark"] for _, s in scores):
        here = [(model, s) for model, s in scores if s["benchmark"] == benchmark]
        order = list(dict.fromkeys(s["metric"] for _, s in here))
        here.sort(key=lambda item: order.index(item[1]["metric"]))
        dots = [(f"{model} {s['metric']}", s["value"], s["low"], s["high"]) for model, s in here]
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
            f"<h3>{escape(benchmark)}</h3>{charts.intervals(dots, label=benchmark)}{table(head, rows)}"
        )
    return section("Evaluation", *parts, origin(*evaluated))


VIEW = View(cards=_cards, lines=_lines, section=_section)
