"""RLOO: a completion's advantage is its reward less the mean of the other completions of its prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from acecoder.rl.algorithms.algorithm import AlgorithmConfig

if TYPE_CHECKING:
    import torch

    from acecoder.rl.rollout import Rollout


class Rloo(AlgorithmConfig):
    """Leave-one-out advantages, with the KL penalty in the reward. The ratio is clipped token by token and a
    completion's loss is the mean of its tokens, as for the other algorithms here; the paper, and TRL's
    RLOOTrainer, take the probability of the whole completion."""

    kl_in_reward: ClassVar[bool] = True

    kind: Literal["rloo"] = "rloo"
    """`rloo`: one advantage per completion, its reward less the mean of the others of its prompt."""

    def advantages(self, rollout: Rollout) -> torch.Tensor:
        """See `AlgorithmConfig`."""
        from acecoder.rl.advantages import leave_one_out

        return leave_one_out(rollout, kl_coefficient=self.kl_coefficient)


CONFIG = Rloo
