"""A control: the same rewards, given to other completions. A policy that gains by it gains by something else than
being right."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from acecoder.rewards.reward import Reward, RewardConfig, RewardFunction
from acecoder.schema import Problem


class Shuffled(RewardConfig):
    """Keeps the distribution of the rewards of a rollout, and nothing of what they say."""

    kind: Literal["shuffled"] = "shuffled"
    """`shuffled`: another reward's values, dealt out at random within the rollout: a control."""
    of: Reward
    """Whose values they are."""
    seed: int = 0
    """Of the dealing, with the completions."""

    @property
    def needs_reward_model(self) -> bool:
        """See `RewardConfig`."""
        return self.of.needs_reward_model

    @contextmanager
    def open(
        self, problems: Mapping[str, Problem], reward_model: Path | None
    ) -> Iterator[RewardFunction]:
        """See `RewardConfig.open`."""
        with self.of.open(problems, reward_model) as reward:
            yield lambda names, completions: dealt(
                reward(names, completions), names, completions, self.seed
            )


def dealt(rewards: list[float], names: list[str], completions: list[str], seed: int) -> list[float]:
    """The rewards in another order, the same whenever the same completions are rewarded."""
    text = "\x00".join([str(seed), *names, *completions])
    found = list(rewards)
    random.Random(hashlib.sha256(text.encode("utf-8", "replace")).digest()).shuffle(found)
    return found


CONFIG = Shuffled
