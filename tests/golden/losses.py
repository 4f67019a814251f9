"""Losses and rewards of a few fixed-seed steps on the tiny random model, step by step."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.golden.command import run_stage, write_lines

TOLERANCE = 1e-4
"""Relative. On one machine the numbers repeat to the last bit; another's kernels sum floats in
another order."""
MODEL = ("--set", 'model={kind="local", source="random:tiny"}')
WORDS = ("odd", "even", "prime", "square", "small", "large", "first", "last")

Curves = dict[str, list[float]]
"""`reward_model.loss`, `policy.grpo.kl` and so on -> one value per step."""


def measure() -> Curves:
    """Train a reward model, then a policy with each algorithm."""
    with tempfile.TemporaryDirectory(prefix="golden-") as directory:
        root = Path(directory)
        problems = write_lines(root / "problems.jsonl", _problems())
        pairs = write_lines(root / "pairs.jsonl", _pairs())
        model = root / "reward_model"
        report = run_stage(
            "train-reward-model",
            root / "home",
            "--pairs",
            str(pairs),
            "--reward-model",
            str(model),
            *MODEL,
            "--set",
            "pairs_per_update=4",
            "--set",
            "pairs_per_forward=2",
            "--set",
            "epochs=2",
            "--set",
            "learning_rate=1e-3",
            "--set",
            "held_out_share=0.25",
            "--set",
            'dtype="float32"',
        )
        curves = {f"reward_model.{name}": values for name, values in report["series"].items()}
        # The rule reward of a random model's programs is 0: its verdicts are `verdicts`'s to hold.
        for algorithm in ("reinforce++", "grpo"):
            name = f"policy.{algorithm}"
            report = run_stage(
                "train-policy",
                root / f"home-{name}",
                "--problems",
                str(problems),
                "--policy",
                str(root / name.replace(".", "-")),
                "--reward-model",
                str(model),
                *MODEL,
                "--set",
                f'algorithm="{algorithm}"',
                "--set",
                'reward="reward_model"',
                "--set",
                "steps=4",
                "--set",
                "prompts_per_step=2",
                "--set",
                "samples_per_prompt=4",
                "--set",
                "updates_per_rollout=2",
                "--set",
                "minibatch_size=4",
                "--set",
                "max_new_tokens=24",
                "--set",
                "learning_rate=1e-3",
                "--set",
                'dtype="float32"',
            )
            for series, values in report["series"].items():
                curves[f"{name}.{series}"] = values
            curves[f"{name}.weight_change"] = [report["metrics"]["weight_change"]]
    return curves


def differences(recorded: Curves, measured: Curves) -> list[str]:
    """One line per curve that is not as recorded."""
    lines = []
    for name in sorted(recorded.keys() | measured.keys()):
        old, new = recorded.get(name, []), measured.get(name, [])
        close = [
            abs(a - b) <= TOLERANCE * max(1e-3, abs(a)) for a, b in zip(old, new, strict=False)
        ]
        if len(old) != len(new) or not all(close):
            lines.append(f"{name}: recorded {old}, measured {new}")
    return lines


def _problems() -> list[dict[str, object]]:
    return [
        {
            "id": f"golden/{word}",
            "question": f"Write a function f(x) that tells whether x is {word}.",
            "tests": [f"assert f({i}) == {i % 2 == 0}" for i in range(5)],
            "entry_point": "f",
        }
        for word in WORDS
    ]


def _pairs() -> list[dict[str, object]]:
    return [
        {
            "problem_id": f"golden/{word}",
            "prompt": f"Write a function f(x) that finds the {word} one.",
            "chosen": f"def f(x):\n    return {word}(x) + {i}\n",
            "rejected": f"def f(x):\n    pass  # {word} {i}\n",
            "chosen_pass_rate": 1.0,
            "rejected_pass_rate": 0.2,
        }
        for word in WORDS
        for i in range(2)
    ]
