"""What a reward is to RL: a config that opens to a function of completions.

An open room: a module of this package with a `CONFIG` is one kind of reward (`tests_binary`, `format`, ...).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

from pydantic import Field, SerializeAsAny

from acecoder.config import Chosen, Config, incidental
from acecoder.schema import Problem

RewardFunction = Callable[[list[str], list[str]], list[float]]
"""(problem ids, completions) -> rewards, in order; higher is better."""


class RewardConfig(Config):
    """How completions are rewarded."""

    kind: str
    """`tests_binary`, `tests_pass_rate`: by the verdicts of the problem's tests. `reward_model`: by the reward
    model's score. `format`: by whether the program can be tried at all. `length`: less for long completions.
    `weighted_sum`: of others. `shuffled`: another's, dealt out at random: a control."""
    weight: float = Field(1.0, allow_inf_nan=False)
    """What the reward is multiplied with."""
    outage_s: float = incidental(45.0, ge=0)
    """How long a sandbox or a server that breaks down in training is waited for, before the completions at
    hand count as unscorable."""

    @property
    def overlaps(self) -> bool:
        """Whether it computes nothing in this process, so that it can work while the trainer does."""
        return False

    @property
    def needs_reward_model(self) -> bool:
        """Whether it scores with a trained reward model, an input of train_policy."""
        return False

    def named_parts(self) -> dict[str, RewardConfig]:
        """The rewards that it is the sum of, by the names under which they are logged; itself alone, for most."""
        return {self.kind: self}

    def open(
        self, problems: Mapping[str, Problem], reward_model: Path | None
    ) -> AbstractContextManager[RewardFunction]:
        """The reward of completions for these problems, before its weight, ready for a whole training.

        Raises: InputError where it needs a reward model and has none; SandboxUnavailable.
        """
        raise NotImplementedError


Reward = Annotated[SerializeAsAny[RewardConfig], Chosen("acecoder.rewards", "tests_binary")]
"""A field that names a reward, by `kind`."""
