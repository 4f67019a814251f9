"""DAPO: GRPO with its four changes (Yu et al. 2025, section 3). The fourth, less reward for long completions,
is the reward `length`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from acecoder.rl.algorithms.algorithm import AlgorithmConfig

if TYPE_CHECKING:
    import torch

    from acecoder.rl.rollout import Rollout


class Dapo(AlgorithmConfig):
    """Clip-higher, the mean over tokens, problems without spread replaced, cut completions masked, no KL."""

    kind: Literal["dapo"] = "dapo"
    """`dapo`: GRPO that clips higher above than below, averages over tokens, replaces problems without spread,
    and has no KL penalty."""
    kl_coefficient: float = Field(0.0, ge=0)
    """Weight of the divergence from the initial model; with 0 no initial model is kept in memory."""
    clip_high: float | None = Field(0.28, gt=0)
    """How far the ratio of new to old probability may count beyond 1."""
    loss_mean: Literal["completion", "token"] = "token"
    """`completion`: the loss is averaged over a completion's tokens, then over completions. `token`: over all
    tokens of the rollout, so that long completions weigh more."""
    mask_truncated: bool = True
    """Learn nothing from completions that were cut at `max_new_tokens`."""
    groups_without_spread: Literal["keep", "skip", "refill"] = "refill"
    """Of a problem whose completions all earn the same: see `algorithm.groups_without_spread`."""

    def advantages(self, rollout: Rollout) -> torch.Tensor:
        """See `AlgorithmConfig`."""
        from acecoder.rl.advantages import group_relative

        return group_relative(rollout)


CONFIG = Dapo
