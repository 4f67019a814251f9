"""REINFORCE++ advantages (METHOD, M18), as pure functions of tensors.

Shapes: B completions, T tokens (right-padded; mask 1 on real tokens).
"""

from __future__ import annotations

import torch


def token_returns(
    rewards_B: torch.Tensor,
    old_logprobs_BT: torch.Tensor,
    ref_logprobs_BT: torch.Tensor,
    mask_BT: torch.Tensor,
    *,
    kl_coefficient: float,
    reward_clamp: float,
) -> torch.Tensor:
    """Return-to-go (gamma 1) of the token rewards, float32 (B, T), 0 on padding.

    A token's reward is -kl_coefficient * (old - reference) (the k1 estimator); the last token
    also earns the completion's reward, clamped to +-reward_clamp. A NaN reward counts as 0.
    """
    mask_BT = mask_BT.float()
    penalties_BT = -kl_coefficient * (old_logprobs_BT - ref_logprobs_BT).float() * mask_BT
    scalar_B = torch.nan_to_num(rewards_B.float(), nan=0.0).clamp(-reward_clamp, reward_clamp)
    to_go_BT = penalties_BT.flip(1).cumsum(1).flip(1)
    return (to_go_BT + scalar_B[:, None]) * mask_BT


def whiten(
    values_BT: torch.Tensor, mask_BT: torch.Tensor, *, mean: torch.Tensor, variance: torch.Tensor
) -> torch.Tensor:
    """(values - mean) / std on real tokens, 0 on padding; std is floored, not epsilon-shifted."""
    return (values_BT - mean) * torch.rsqrt(variance.clamp(min=1e-8)) * mask_BT


def masked_sum(values_BT: torch.Tensor, mask_BT: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(sum, count) over real tokens: what processes add up for the mean that `whiten` takes."""
    mask_BT = mask_BT.float()
    return (values_BT * mask_BT).sum(), mask_BT.sum()


def squared_deviations(
    values_BT: torch.Tensor, mask_BT: torch.Tensor, *, mean: torch.Tensor
) -> torch.Tensor:
    """Sum of squared distances from the mean over real tokens: what processes add up for the variance.

    A second pass: E[x^2] - E[x]^2 in float32 is negative where all rewards are at the clamp.
    """
    return ((values_BT - mean) ** 2 * mask_BT.float()).sum()


def has_spread(rewards_B: torch.Tensor) -> bool:
    """Whether there is anything to learn from a rollout: some completion is better than another."""
    known_B = rewards_B[~rewards_B.isnan()]
    return bool(known_B.numel()) and bool((known_B.max() - known_B.min()) > 0)
