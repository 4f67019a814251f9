"""What training did to the policy."""

from __future__ import annotations

from html import escape

from acecoder.reporting import charts
from acecoder.reporting.html import origin, section
from acecoder.reporting.records import Steps
from acecoder.reporting.view import View


def _lines(steps: Steps) -> list[tuple[str, str]]:
    step = steps.get("train_policy")
    if step is None:
        return []
    first, last = step.number("reward_first_quarter"), step.number("reward_last_quarter")
    moved = f"weights moved {step.number('weight_change'):.1e}"
    text = f"{step.count('updates')} updates in {step.count('rollouts')} rollouts, {moved}"
    return [("policy", f"{text}, mean reward {first:.3f} -> {last:.3f}")]


def _section(steps: Steps) -> str:
    step = steps.get("train_policy")
    if step is None:
        return ""
    m = step.metrics
    text = (
        f"<p>{m['updates']:.0f} updates in {m['rollouts']:.0f} rollouts by {escape(str(step.config['algorithm']['kind']))} on {m['problems']:.0f} "
        f"problems. Weights moved by {m['weight_change']:.2e} (relative L2), in "
        f"{m['tensors_changed']:.0f} tensors. Mean reward of the first quarter "
        f"{m['reward_first_quarter']:.3f}, of the last {m['reward_last_quarter']:.3f}; each step has "
        "different problems, so this curve is noisy. The score before and after is in the table below.</p>"
    )
    chart = charts.line([("reward", step.series.get("reward", []))], label="mean reward by step")
    return section("Reinforcement learning", text, chart, origin(step))


VIEW = View(lines=_lines, section=_section)
