"""The short table a run ends with, and one step's numbers for KFP's UI."""

from __future__ import annotations

from acecoder.engine.contract import Report
from acecoder.reporting.records import Steps
from acecoder.reporting.view import of_stage, views


def table(steps: Steps) -> str:
    """What was produced, one thing per line, as plain text."""
    rows = [line for view in views() for line in view.lines(steps)]
    width = max((len(name) for name, _ in rows), default=0)
    return "\n".join(f"{name:{width}}  {text}" for name, text in rows)


def headline_metrics(steps: Steps) -> dict[str, float]:
    """The numbers by which two runs are compared: scores of each model, the reward model's accuracy by
    problem, what the gate saw."""
    found: dict[str, float] = {}
    for step in of_stage(steps, "evaluate_model"):
        own = step.step.partition(".")[2] or "model"
        for score in step.details.get("scores", []):
            found[f"{own}.{score['benchmark']}.{score['metric']}"] = float(score["value"])
    for name, wanted in (
        ("train_reward_model", ("held_out_accuracy_by_problem",)),
        ("train_policy", ("reward_last_quarter", "weight_change")),
        ("promote_model", ("promoted", "difference", "low")),
    ):
        if name in steps:
            known = steps[name].metrics
            found |= {f"{name}.{each}": known[each] for each in wanted if each in known}
    return found


def markdown(step: str, report: Report) -> str:
    """One step's metrics and plain details as Markdown tables, for KFP's UI."""
    lines = [f"## {step}", "", "| metric | value |", "|-|-:|"]
    lines += [f"| {name} | {value:,.4g} |" for name, value in sorted(report.metrics.items())]
    details = {k: v for k, v in report.details.items() if isinstance(v, str | int | float | bool)}
    if details:
        lines += ["", "| detail | |", "|-|-|"]
        lines += [f"| {k} | {str(v)[:200].replace('|', '/')} |" for k, v in sorted(details.items())]
    return "\n".join(lines) + "\n"
