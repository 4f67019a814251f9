"""REINFORCE++: token-level advantages with the KL penalty in the reward, whitened over the batch."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from acecoder.rl.algorithms.algorithm import AlgorithmConfig


class ReinforcePlusPlus(AlgorithmConfig):
    """The paper's algorithm; the KL penalty is in the reward of every token."""

    kind: Literal["reinforce++"] = "reinforce++"
    """`reinforce++`: one advantage per token, whitened over the rollout batch."""
    reward_clamp: float = Field(10.0, gt=0)
    """A completion's reward is cut to plus or minus this."""

    def trainer(self, **common: Any) -> Any:
        """See `AlgorithmConfig.trainer`."""
        from acecoder.rl.trainer import ReinforcePlusPlusTrainer

        return ReinforcePlusPlusTrainer(**common, reward_clamp=self.reward_clamp)


CONFIG = ReinforcePlusPlus
