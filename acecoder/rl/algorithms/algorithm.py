"""What an RL algorithm is to the training: a config that makes TRL's trainer its own.

An open room: a module of this package with a `CONFIG` is one algorithm (`reinforce++`, `grpo`).
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, SerializeAsAny

from acecoder.config import Chosen, Config


class AlgorithmConfig(Config):
    """How rewards of rollouts become a gradient."""

    kind: str
    """`reinforce++`: one advantage per token, whitened over the rollout batch. `grpo`: one per
    completion, against the other completions of its prompt."""
    kl_coefficient: float = Field(0.01, ge=0)
    """Weight of the divergence from the initial model."""
    clip: float = Field(0.2, gt=0)
    """How far the ratio of new to old probability may count beyond 1."""

    def arguments(self) -> dict[str, Any]:
        """Of TRL's GRPOConfig: what this algorithm decides."""
        return {"beta": self.kl_coefficient, "epsilon": self.clip, "loss_type": "grpo"}

    def trainer(self, **common: Any) -> Any:
        """A trainer of TRL, made with the arguments that all algorithms share."""
        raise NotImplementedError


Algorithm = Annotated[
    SerializeAsAny[AlgorithmConfig], Chosen("acecoder.rl.algorithms", "reinforce++")
]
"""A field that names an algorithm, by `kind`."""
