"""Reward against correctness: do programs that the reward model scores higher pass more often?"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import TypedDict

NUM_BANDS = 10


class Band(TypedDict):
    """Samples of neighbouring rewards."""

    reward: float
    """Their mean reward."""
    share_right: float
    count: int


Scored = tuple[float, float]
"""(reward, 1.0 if the sample is right else 0.0)."""


def bands(samples: Sequence[Scored], count: int = NUM_BANDS) -> list[Band]:
    """The samples of all problems, by rising reward, in `count` parts of nearly equal size.

    Fewer samples than parts give one part each; equal rewards are never told apart, so that a model
    with a constant reward has one band.
    """
    ordered = sorted(samples)
    found: list[Band] = []
    start = 0
    for index in range(count):
        end = max(start, len(ordered) * (index + 1) // count)
        while start < end < len(ordered) and ordered[end][0] == ordered[end - 1][0]:
            end += 1
        part = ordered[start:end]
        if part:
            found.append(
                {
                    "reward": fmean(reward for reward, _ in part),
                    "share_right": fmean(right for _, right in part),
                    "count": len(part),
                }
            )
        start = end
    return found
