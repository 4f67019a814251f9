"""How well the reward model tells pairs apart that it has not seen."""

from __future__ import annotations

from acecoder.reporting import charts
from acecoder.reporting.html import origin, section
from acecoder.reporting.records import Steps
from acecoder.reporting.view import Number, View


def _lines(steps: Steps) -> list[tuple[str, str]]:
    step = steps.get("train_reward_model")
    if step is None:
        return []
    held = f"{step.count('pairs_held_out')} held-out pairs of {step.count('problems_held_out')} problems"
    return [("reward model", f"accuracy {step.number('held_out_accuracy'):.3f} on {held}")]


def _section(steps: Steps) -> str:
    step = steps.get("train_reward_model")
    if step is None:
        return ""
    m = step.metrics
    text = (
        f"<p>Accuracy on held-out pairs: <b>{m['held_out_accuracy']:.3f}</b> on {m['pairs_held_out']:.0f} pairs "
        f"of {m['problems_held_out']:.0f} problems that it never saw. Averaged by problem: "
        f"{m['held_out_accuracy_by_problem']:.3f}, 95 % interval "
        f"[{m['held_out_accuracy_low']:.3f}, {m['held_out_accuracy_high']:.3f}] over problems. "
        f"Trained on {m['pairs_trained']:.0f} pairs.</p>"
    )
    curves = [
        ("loss", step.series.get("loss", [])),
        ("batch accuracy", step.series.get("accuracy", [])),
    ]
    return section(
        "Reward model", text, charts.line(curves, label="loss and accuracy by step"), origin(step)
    )


VIEW = View(
    headlines=(
        Number(
            "train_reward_model", "held_out_accuracy", "reward model, held-out accuracy", "{:.3f}"
        ),
    ),
    lines=_lines,
    section=_section,
)
