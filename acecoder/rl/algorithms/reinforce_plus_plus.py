"""REINFORCE++: token-level advantages with the KL penalty in the reward, whitened over the batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from acecoder.rl.algorithms.algorithm import AlgorithmConfig

if TYPE_CHECKING:
    import torch

    from acecoder.rl.rollout import Rollout


class ReinforcePlusPlus(AlgorithmConfig):
    """The paper's algorithm; the KL penalty is in the reward of every token."""

    kl_in_reward: ClassVar[bool] = True

    kind: Literal["reinforce++"] = "reinforce++"
    """`reinforce++`: one advantage per token, whitened over the rollout batch."""

    def advantages(self, rollout: Rollout) -> torch.Tensor:
        """See `AlgorithmConfig`."""
        from acecoder.rl.advantages import reinforce_plus_plus

        return reinforce_plus_plus(rollout, kl_coefficient=self.kl_coefficient)


CONFIG = ReinforcePlusPlus
