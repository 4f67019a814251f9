"""The model reward: the score a trained reward model gives a completion's program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, Literal

from acecoder.errors import InputError
from acecoder.rendering import extract_program
from acecoder.reward.encoding import chat_of
from acecoder.reward.scoring import ReadsScores, RewardModel
from acecoder.rewards.reward import RewardConfig, RewardFunction
from acecoder.schema import Problem


class ModelReward(RewardConfig, ReadsScores):
    """Rewards of the reward model, without any test."""

    needs_reward_model: ClassVar[bool] = True

    kind: Literal["model"] = "model"
    """`model`: by the reward model's score."""

    @contextmanager
    def open(
        self, problems: Mapping[str, Problem], reward_model: Path | None
    ) -> Iterator[RewardFunction]:
        """See `RewardConfig.open`."""
        if reward_model is None:
            raise InputError(
                "reward = 'model' needs a reward_model",
                where="train_policy",
                remedy="give the input, or reward = 'rule'",
            )
        model = RewardModel(
            reward_model,
            batch_size=self.score_batch_size,
            server=self.server(),
            server_model=self.reward_server_model,
        )

        def rewards(names: list[str], completions: list[str]) -> list[float]:
            pairs = zip(names, completions, strict=True)
            programs = [extract_program(text, problems[name]) for name, text in pairs]
            chats = zip(names, programs, strict=True)
            return model.score([chat_of(problems[name], program) for name, program in chats])

        yield rewards


CONFIG = ModelReward
