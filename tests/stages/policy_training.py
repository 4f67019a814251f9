"""A training of a tiny policy, and what stops it as a kill would."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from acecoder.config import validate
from acecoder.engine.home import CHECKPOINT_MARK
from acecoder.rl import training
from acecoder.rl.reward_functions import RewardPart, ScoreFunction
from acecoder.rl.training import PolicyTraining

PROMPTS = [
    (f"p{i}", f"<|im_start|>user\nReturn {i}.<|im_end|>\n<|im_start|>assistant\n") for i in range(5)
]
TABLE: dict[str, Any] = {
    "algorithm": {"kind": "reinforce++", "kl_coefficient": 0.0},
    "learning_rate": 1e-2,
    "steps": 6,
    "prompts_per_step": 2,
    "samples_per_prompt": 2,
    "updates_per_rollout": 1,
    "minibatch_size": 4,
    "max_new_tokens": 6,
    "dtype": "float32",
    "save_every_steps": 1,
}
Rollout = tuple[list[str], list[str]]


class Mark(TrainerCallback):
    """Marks checkpoints; ends the training after the one of an update, as a kill would."""

    def __init__(self, end_after: int | None = None) -> None:
        self.end_after = end_after

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        (Path(args.output_dir) / f"checkpoint-{state.global_step}" / CHECKPOINT_MARK).touch()
        if state.global_step == self.end_after:
            raise InterruptedError


def variety(names: list[str], completions: list[str]) -> list[float]:
    """More for more different characters."""
    return [float(len(set(text))) for text in completions]


def train(
    base: str,
    folder: Path,
    seen: list[Rollout],
    table: dict[str, Any],
    end_after: int | None = None,
    reward: ScoreFunction = variety,
    parts: Sequence[RewardPart] = (),
    hacking: training.HackingLook | None = None,
) -> training.TrainingLog:
    def noted(names: list[str], completions: list[str]) -> Sequence[float | None]:
        seen.append((list(names), list(completions)))
        return reward(names, completions)

    return training.train(
        PROMPTS,
        parts or [RewardPart("variety", 1.0, noted)],
        base,
        validate(PolicyTraining, table, where="test"),
        stop=("```",),
        use_vllm=False,
        scratch=folder / "scratch",
        destination=folder / "policy",
        callbacks=[Mark(end_after)],
        hacking=hacking,
    )
