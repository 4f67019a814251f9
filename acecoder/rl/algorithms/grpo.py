"""GRPO: a completion's advantage is its reward against those of its prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from acecoder.rl.algorithms.algorithm import AlgorithmConfig

if TYPE_CHECKING:
    import torch

    from acecoder.rl.rollout import Rollout


class Grpo(AlgorithmConfig):
    """Group-relative advantages; the KL penalty is a term of the loss."""

    kind: Literal["grpo"] = "grpo"
    """`grpo`: one advantage per completion, against the other completions of its prompt."""

    def advantages(self, rollout: Rollout) -> torch.Tensor:
        """See `AlgorithmConfig`."""
        from acecoder.rl.advantages import group_relative

        return group_relative(rollout)


CONFIG = Grpo
