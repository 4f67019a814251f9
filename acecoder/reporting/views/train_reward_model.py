"""How well the reward model tells pairs apart that it has not seen."""

from __future__ import annotations

from acecoder.reporting import charts
from acecoder.reporting.html import origin, section
from acecoder.reporting.records import Steps
from acecoder.reporting.view import Card, View


def _lines(steps: Steps) -> list[tuple[str, str]]:
    step = steps.get("train_reward_model")
    if step is None:
        return []
    held = f"{step.count('pairs_held_out')} held-out pairs of {step.count('problems_held_out')} problems"
    low, high = step.number("held_out_accuracy_low"), step.number("held_out_accuracy_high")
    by_problem = f"{step.number('held_out_accuracy_by_problem'):.3f} [{low:.3f}, {high:.3f}]"
    told = "" if _is_told_from_chance(low, high) else ": too few to tell from chance"
    return [("reward model", f"accuracy by problem {by_problem} on {held}{told}")]


def _is_told_from_chance(low: float, high: float) -> bool:
    return low > 0.5 or high < 0.5


def _cards(steps: Steps) -> list[Card]:
    step = steps.get("train_reward_model")
    if step is None:
        return []
    low, high = step.number("held_out_accuracy_low"), step.number("held_out_accuracy_high")
    told = "" if _is_told_from_chance(low, high) else " (too few problems to tell from chance)"
    value = f"{step.number('held_out_accuracy_by_problem'):.2f} [{low:.2f}, {high:.2f}]"
    return [Card(value, f"reward model, held-out accuracy by problem{told}")]


def _section(steps: Steps) -> str:
    step = steps.get("train_reward_model")
    if step is None:
        return ""
    m = step.metrics
    text = (
        f"<p>Accuracy averaged by problem: <b>{m['held_out_accuracy_by_problem']:.3f}</b>, 95 % interval "
        f"[{m['held_out_accuracy_low']:.3f}, {m['held_out_accuracy_high']:.3f}], on "
        f"{m['problems_held_out']:.0f} problems that it never saw; chance is 0.5. Over their "
        f"{m['pairs_held_out']:.0f} pairs, which share programs: {m['held_out_accuracy']:.3f}. "
        f"Trained on {m['pairs_trained']:.0f} pairs.</p>"
    )
    curves = [
        charts.line([(name, step.series.get(key, []))], label=f"{name} by step")
        for key, name in (("loss", "loss"), ("accuracy", "batch accuracy"))
    ]
    return section("Reward model", text, *curves, origin(step))


VIEW = View(cards=_cards, lines=_lines, section=_section)
