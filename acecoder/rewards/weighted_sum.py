"""Several rewards together, each multiplied with its weight and logged by itself."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator

from acecoder.rewards.reward import Reward, RewardConfig


class WeightedSum(RewardConfig):
    """The sum of its parts."""

    kind: Literal["weighted_sum"] = "weighted_sum"
    """`weighted_sum`: the sum of `parts`, each times its weight."""
    parts: dict[str, Reward]
    """Name -> reward; a part's `weight` is a key of its own table."""

    @field_validator("parts")
    @classmethod
    def _flat(cls, parts: dict[str, RewardConfig]) -> dict[str, RewardConfig]:
        if not parts:
            raise ValueError("a sum needs at least one part")
        if any(isinstance(part, WeightedSum) for part in parts.values()):
            raise ValueError("a part cannot be a sum itself")
        return parts

    @property
    def needs_reward_model(self) -> bool:
        """See `RewardConfig`."""
        return any(part.needs_reward_model for part in self.parts.values())

    def named_parts(self) -> dict[str, RewardConfig]:
        """See `RewardConfig`; the sum's own weight is in those of its parts."""
        return {
            name: part.model_copy(update={"weight": part.weight * self.weight})
            for name, part in self.parts.items()
        }


CONFIG = WeightedSum
