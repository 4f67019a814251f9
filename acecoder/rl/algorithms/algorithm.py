"""What an RL algorithm is to the training: settings of TRL's trainer, and a pure function that makes
advantages of rewards.

An open room: a module of this package with a `CONFIG` is one algorithm (`reinforce++`, `grpo`, ...).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, SerializeAsAny

from acecoder.config import Chosen, Config

if TYPE_CHECKING:
    import torch

    from acecoder.rl.rollout import Rollout


class AlgorithmConfig(Config):
    """How rewards of rollouts become a gradient."""

    kl_in_reward: ClassVar[bool] = False
    """Whether the divergence from the initial model is part of the reward; else it is a term of the loss."""

    kind: str
    """`reinforce++`: one advantage per token, whitened over the rollout batch. `grpo`, `dapo`: one per
    completion, against the other completions of its prompt, in deviations. `rloo`: against the mean of the
    others."""
    kl_coefficient: float = Field(0.01, ge=0)
    """Weight of the divergence from the initial model; with 0 no initial model is kept in memory."""
    clip: float = Field(0.2, gt=0)
    """How far the ratio of new to old probability may count below 1, and beyond it."""
    clip_high: float | None = Field(None, gt=0)
    """How far it may count beyond 1, where that is not `clip`."""
    loss_mean: Literal["completion", "token"] = "completion"
    """`completion`: the loss is averaged over a completion's tokens, then over completions. `token`: over all
    tokens of the rollout, so that long completions weigh more."""
    mask_truncated: bool = False
    """Learn nothing from completions that were cut at `max_new_tokens`."""
    reward_clamp: float = Field(10.0, gt=0)
    """A completion's reward is cut to plus or minus this."""
    groups_without_spread: Literal["keep", "skip", "refill"] = "keep"
    """Of a problem whose completions all earn the same. `keep`: as the algorithm has it. `skip`: they move
    nothing, and are in no mean. `refill`: other problems take their place, up to `max_refills` times; what is
    left is skipped. All are counted."""
    max_refills: int = Field(3, ge=1)
    """How often one rollout is refilled."""

    def arguments(self) -> dict[str, Any]:
        """Of TRL's GRPOConfig: what this algorithm decides."""
        return {
            "beta": self.kl_coefficient,
            "epsilon": self.clip,
            "epsilon_high": self.clip_high,
            "loss_type": "grpo" if self.loss_mean == "completion" else "dapo",
            "mask_truncated_completions": self.mask_truncated,
        }

    def advantages(self, rollout: Rollout) -> torch.Tensor:
        """Of this process' completions: float32 (B,), or (B, T) where every token has its own."""
        raise NotImplementedError


Algorithm = Annotated[
    SerializeAsAny[AlgorithmConfig], Chosen("acecoder.rl.algorithms", "reinforce++")
]
"""A field that names an algorithm, by `kind`."""
