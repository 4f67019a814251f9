"""What an algorithm makes advantages of: the rewards of a whole rollout, and one process' tokens of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Rollout:
    """N completions of all processes, those of one problem side by side; B completions of T tokens of this one."""

    rewards: torch.Tensor
    """(N,) float32; NaN for a completion that nobody could score."""
    samples_per_prompt: int
    """N is a multiple of it."""
    here: slice
    """This process' completions among all."""
    old_logprobs: torch.Tensor
    """(B, T), of the policy that wrote them."""
    ref_logprobs: torch.Tensor
    """(B, T), of the initial model."""
    mask: torch.Tensor
    """(B, T), 1 on the tokens that are learnt from."""
    added_up: Callable[[torch.Tensor], torch.Tensor] = lambda part: part
    """A tensor's sum over all processes."""
    gathered: Callable[[torch.Tensor], torch.Tensor] = lambda part: part
    """All processes' tensors, one behind the other."""

    @property
    def grouped(self) -> torch.Tensor:
        """The rewards, one row per problem."""
        return self.rewards.view(-1, self.samples_per_prompt)
