"""Advantages of the algorithms (METHOD, M18 and M19b), as pure functions of tensors.

Shapes: N completions of a rollout, G of them of each problem, B of this process, T tokens (right-padded;
mask 1 on real tokens). A reward that is NaN is unscorable: its completion moves nothing, and no mean or
deviation holds it.
"""

from __future__ import annotations

import torch

from acecoder.rl.rollout import Rollout

STD_FLOOR = 1e-4
"""Added to a group's deviation, as TRL does."""


def token_returns(
    rewards_B: torch.Tensor,
    old_logprobs_BT: torch.Tensor,
    ref_logprobs_BT: torch.Tensor,
    mask_BT: torch.Tensor,
    *,
    kl_coefficient: float,
) -> torch.Tensor:
    """Return-to-go (gamma 1) of the token rewards, float32 (B, T), 0 on padding.

    A token's reward is -kl_coefficient * (old - reference) (the k1 estimator); the last token also earns the
    completion's reward.
    """
    mask_BT = mask_BT.float()
    penalties_BT = -kl_coefficient * (old_logprobs_BT - ref_logprobs_BT).float() * mask_BT
    to_go_BT = penalties_BT.flip(1).cumsum(1).flip(1)
    return (to_go_BT + rewards_B.float()[:, None]) * mask_BT


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

    A second pass: E[x^2] - E[x]^2 in float32 is negative where all rewards are alike and large.
    """
    return ((values_BT - mean) ** 2 * mask_BT.float()).sum()


def reinforce_plus_plus(rollout: Rollout, *, kl_coefficient: float) -> torch.Tensor:
    """(B, T): returns-to-go with the KL penalty in every token's reward, whitened over all tokens of the
    rollout (REINFORCE++, section 3)."""
    rewards_B = rollout.rewards[rollout.here].to(rollout.mask.device)
    mask_BT = rollout.mask * ~rewards_B.isnan()[:, None]
    returns_BT = token_returns(
        rewards_B.nan_to_num(nan=0.0),
        rollout.old_logprobs,
        rollout.ref_logprobs,
        mask_BT,
        kl_coefficient=kl_coefficient,
    )
    if not has_spread(rollout.rewards):
        # Only the noise of the penalty is left, which whitening would make full-size.
        return torch.zeros_like(returns_BT)
    total, count = (rollout.added_up(each) for each in masked_sum(returns_BT, mask_BT))
    mean = total / count
    squares = rollout.added_up(squared_deviations(returns_BT, mask_BT, mean=mean))
    return whiten(returns_BT, mask_BT, mean=mean, variance=squares / count)


def group_relative(rollout: Rollout) -> torch.Tensor:
    """(B,): (reward - mean) / (std + 1e-4) among the completions of the same problem (GRPO, section 4.1.2);
    std with n - 1, as TRL has it."""
    grouped = rollout.grouped
    mean = grouped.nanmean(dim=1, keepdim=True)
    count = (~grouped.isnan()).sum(dim=1, keepdim=True)
    squares = ((grouped - mean) ** 2).nansum(dim=1, keepdim=True)
    std = (squares / (count - 1).clamp(min=1)).sqrt()
    return _of_this_process((grouped - mean) / (std + STD_FLOOR), rollout)


def leave_one_out(rollout: Rollout, *, kl_coefficient: float) -> torch.Tensor:
    """(B,): the reward less the mean reward of the other completions of the same problem, each less its KL
    penalty (RLOO, Ahmadian et al. 2024, section 3.2). A completion alone in its group moves nothing."""
    kl_B = ((rollout.old_logprobs - rollout.ref_logprobs).float() * rollout.mask).sum(dim=1)
    penalised_N = rollout.rewards - kl_coefficient * rollout.gathered(kl_B).to(
        rollout.rewards.device
    )
    grouped = penalised_N.view(-1, rollout.samples_per_prompt)
    others = (~grouped.isnan()).sum(dim=1, keepdim=True) - 1
    baseline = (grouped.nansum(dim=1, keepdim=True) - grouped) / others.clamp(min=1)
    return _of_this_process((grouped - baseline) * (others > 0), rollout)


def _of_this_process(advantages: torch.Tensor, rollout: Rollout) -> torch.Tensor:
    own = advantages.flatten().nan_to_num(nan=0.0)[rollout.here]
    return own.to(rollout.mask.device)


def has_spread(rewards_N: torch.Tensor) -> bool:
    """Whether there is anything to learn from a rollout: some completion is better than another."""
    return bool(groups_with_spread(rewards_N[None])[0])


def groups_with_spread(grouped: torch.Tensor) -> torch.Tensor:
    """bool, one per row: some known reward of it is larger than another."""
    low = grouped.nan_to_num(nan=torch.inf).min(dim=1).values
    high = grouped.nan_to_num(nan=-torch.inf).max(dim=1).values
    return high > low
