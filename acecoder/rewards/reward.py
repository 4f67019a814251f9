"""What a reward is to RL: a config that opens to a function of completions.

An open room: a module of this package with a `CONFIG` is one kind of reward (`rule`, `model`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import SerializeAsAny

from acecoder.config import Chosen, Config
from acecoder.schema import Problem

RewardFunction = Callable[[list[str], list[str]], list[float]]
"""(problem ids, completions) -> rewards, in order; higher is better."""


class RewardConfig(Config):
    """How completions are rewarded."""

    needs_reward_model: ClassVar[bool] = False
    """Whether it scores with a trained reward model, an input of train_policy."""

    kind: str
    """`rule`: by the verdicts of the problem's tests. `model`: by the reward model's score."""

    def open(
        self, problems: Mapping[str, Problem], reward_model: Path | None
    ) -> AbstractContextManager[RewardFunction]:
        """The reward of completions for these problems, ready for a whole training.

        Raises: InputError where it needs a reward model and has none; SandboxUnavailable.
        """
        raise NotImplementedError


Reward = Annotated[SerializeAsAny[RewardConfig], Chosen("acecoder.rewards", "rule")]
"""A field that names a reward, by `kind`."""
