"""The score a trained reward model gives a completion's program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from acecoder.errors import InputError
from acecoder.rendering import extract_program
from acecoder.reward.encoding import chat_of
from acecoder.reward.record import Calibration
from acecoder.reward.scoring import ReadsScores, RewardModel
from acecoder.rewards.reward import RewardConfig, RewardFunction
from acecoder.schema import Problem


class RewardModelReward(RewardConfig, ReadsScores):
    """Rewards of the reward model, without any test."""

    kind: Literal["reward_model"] = "reward_model"
    """`reward_model`: by the reward model's score."""
    calibrated: bool = True
    """Give (score - mean) / sigma, with the mean and the deviation of scores that the checkpoint records for
    programs it was not trained on. False gives the score itself, as the paper's script does; AceCodeRM's
    scores reach 20, and `algorithm.reward_clamp` cuts them at 10."""

    @property
    def needs_reward_model(self) -> bool:
        """See `RewardConfig`."""
        return True

    @contextmanager
    def open(
        self, problems: Mapping[str, Problem], reward_model: Path | None
    ) -> Iterator[RewardFunction]:
        """See `RewardConfig.open`."""
        if reward_model is None:
            raise InputError(
                "reward = 'reward_model' needs a reward_model",
                where="train_policy",
                remedy="give the input, or reward = 'tests_binary'",
            )
        model = RewardModel(
            reward_model,
            batch_size=self.score_batch_size,
            server=self.server(),
            server_model=self.reward_server_model,
        )
        scale = self._scale(model.calibration, reward_model)

        def rewards(names: list[str], completions: list[str]) -> list[float]:
            pairs = zip(names, completions, strict=True)
            programs = [extract_program(text, problems[name]) for name, text in pairs]
            chats = zip(names, programs, strict=True)
            scores = model.score([chat_of(problems[name], program) for name, program in chats])
            return [scale.deviations(score) for score in scores]

        yield rewards

    def _scale(self, found: Calibration, directory: Path) -> Calibration:
        """What scores are measured in. Raises InputError where the model has no calibration."""
        if not self.calibrated:
            return Calibration()
        if not found.num_programs:
            raise InputError(
                "this reward model was not calibrated: nobody knows how large its scores are",
                where=str(directory),
                remedy="train it with held_out_share above 0, or set reward.calibrated = false",
            )
        return found


CONFIG = RewardModelReward
