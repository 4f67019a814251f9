"""What training did to the policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from acecoder.reporting import charts
from acecoder.reporting.html import origin, section
from acecoder.reporting.records import StepRecord, Steps
from acecoder.reporting.view import View

COUNTED = {
    "completions_unscorable": "completions could not be scored and moved nothing",
    "groups_without_spread": "times all completions of a problem earned the same",
    "groups_refilled": "problems without spread gave way to others",
    "rollouts_without_spread": "rollouts had completions that all earned the same, and moved nothing",
}
CHARTED = {
    "held_out_reward": "reward on held-out problems, by evaluation",
    "entropy": "entropy (nats per token)",
    "kl": "divergence from the initial model (nats per token)",
    "length_tokens": "tokens per completion",
    "truncated_share": "share of completions that were cut at max_new_tokens",
    "clipped_share": "share of tokens whose ratio was clipped",
    "share_without_spread": "share of problems without spread",
    "hacking_gap": "gap between rewarded and other tests",
    "importance_ratio": "mean ratio of training's probability to vLLM's",
    "reward_wait_share": "share of the time that went into rewards",
    "tokens_per_s": "tokens per second",
}
"""Series -> what the picture shows."""


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
    return section(
        "Reinforcement learning", text + _watched(step), *_curves(step.series), origin(step)
    )


def _watched(step: StepRecord) -> str:
    """What was counted, held out and looked for."""
    told = [
        f"{step.number(key):.0f} {text}"
        for key, text in COUNTED.items()
        if step.metrics.get(key, 0.0) > 0
    ]
    if "held_out_reward_best" in step.metrics:
        told.append(
            f"the weights are those after rollout {step.number('best_rollout'):.0f}, whose reward on held-out "
            f"problems was the best: {step.number('held_out_reward_best'):.3f}, at first "
            f"{step.number('held_out_reward_first'):.3f}"
        )
    if "hacking_gap" in step.metrics:
        told.append(
            f"programs passed {step.number('hacking_gap'):+.3f} more of the tests they were rewarded for than of "
            "tests held back or run again"
        )
    stopped = str(step.details.get("stopped") or "")
    told += [f"ended early: {stopped}"] if stopped else []
    return "".join(f"<p>{escape(each)}.</p>" for each in told)


def _curves(series: Mapping[str, Sequence[float]]) -> list[str]:
    """One picture per quantity: rewards together, each other by itself."""
    rewards = [(name, values) for name, values in series.items() if name.startswith("reward_")]
    parts = [(n.removeprefix("reward_"), v) for n, v in rewards if n != "reward_wait_share"]
    charted = [charts.line([("reward", series.get("reward", []))], label="mean reward by rollout")]
    if len(parts) > 1:
        charted.append(charts.line(parts, label="parts of the reward by rollout"))
    charted += [
        charts.line([(text, series[name])], label=text)
        for name, text in CHARTED.items()
        if series.get(name)
    ]
    return charted


VIEW = View(lines=_lines, section=_section)
