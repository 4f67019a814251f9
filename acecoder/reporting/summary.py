"""The short table a run ends with."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from acecoder.engine.contract import Report
from acecoder.reporting.records import StepRecord

SHOWN_METRICS = ("greedy", "average", "best_of", "oracle")


def table(steps: Mapping[str, StepRecord]) -> str:
    """What was produced, a line a thing, as plain text."""
    rows: list[tuple[str, str]] = []
    for name, step in steps.items():
        describe = LINES.get(name)
        if describe is not None:
            rows.append(describe(step))
    rows.sort(key=lambda row: ORDER.index(row[0]))
    for name, step in sorted(steps.items()):
        if step.stage == "evaluate_model":
            rows += _scores(name.partition(".")[2] or "model", step)
    if "promote_model" in steps:
        details = steps["promote_model"].details
        word = "promoted" if details.get("promote") else "not promoted"
        rows.append(("gate", f"version {details.get('version')} {word}"))
        rows.append(("", str(details.get("reason", ""))))
    width = max((len(name) for name, _ in rows), default=0)
    return "\n".join(f"{name:{width}}  {text}" for name, text in rows)


def _seeds(step: StepRecord) -> Row:
    return "seeds", f"{step.metrics['seeds']:.0f} of {step.metrics['found']:.0f} functions"


def _imagined(step: StepRecord) -> Row:
    return "problems imagined", f"{step.metrics['problems']:.0f}"


def _kept(step: StepRecord) -> Row:
    m = step.metrics
    tests = f"{m.get('tests_kept', 0):.0f} of {m.get('tests', 0):.0f} tests"
    return "problems kept", f"{m['problems_kept']:.0f}, with {tests}"


def _judged(step: StepRecord) -> Row:
    m = step.metrics
    return "programs judged", f"{m['programs']:.0f}, {m.get('all_passed', 0):.0f} right"


def _pairs(step: StepRecord) -> Row:
    m = step.metrics
    return "preference pairs", f"{m['pairs']:.0f} from {m['problems_with_pairs']:.0f} problems"


def _reward_model(step: StepRecord) -> Row:
    m = step.metrics
    held = f"{m['pairs_held_out']:.0f} held-out pairs of {m['problems_held_out']:.0f} problems"
    return "reward model", f"accuracy {m['held_out_accuracy']:.3f} on {held}"


def _policy(step: StepRecord) -> Row:
    m = step.metrics
    reward = f"{m['reward_first_quarter']:.3f} -> {m['reward_last_quarter']:.3f}"
    moved = f"weights moved {m['weight_change']:.1e}"
    return "policy", f"{m['updates']:.0f} updates, {moved}, mean reward {reward}"


Row = tuple[str, str]
LINES: dict[str, Callable[[StepRecord], Row]] = {
    "collect_seeds": _seeds,
    "synthesize_tests": _imagined,
    "filter_tests.train": _kept,
    "judge_programs.candidates": _judged,
    "build_pairs": _pairs,
    "train_reward_model": _reward_model,
    "train_policy": _policy,
}
ORDER = (
    "seeds", "problems imagined", "problems kept", "programs judged", "preference pairs",
    "reward model", "policy",
)  # fmt: skip


def _scores(model: str, step: StepRecord) -> list[Row]:
    benchmarks: dict[str, list[str]] = {}
    for score in step.details.get("scores", []):
        if score["metric"].startswith(SHOWN_METRICS):
            text = (
                f"{score['metric']} {score['value']:.3f} [{score['low']:.3f}, {score['high']:.3f}]"
            )
            benchmarks.setdefault(score["benchmark"], []).append(text)
    return [(f"{model}, {name}", "  ".join(texts)) for name, texts in benchmarks.items()]


def markdown(step: str, report: Report) -> str:
    """One step's metrics and plain details as Markdown tables, for KFP's UI."""
    lines = [f"## {step}", "", "| metric | value |", "|-|-:|"]
    lines += [f"| {name} | {value:,.4g} |" for name, value in sorted(report.metrics.items())]
    details = {k: v for k, v in report.details.items() if isinstance(v, str | int | float | bool)}
    if details:
        lines += ["", "| detail | |", "|-|-|"]
        lines += [f"| {k} | {str(v)[:200].replace('|', '/')} |" for k, v in sorted(details.items())]
    return "\n".join(lines) + "\n"
