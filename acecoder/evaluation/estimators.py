"""Estimators over n programs per problem, and intervals over problems.

Every estimator takes one problem's samples and gives its expected value under drawing programs
at random, so that a table has no luck of the draw in it beyond the samples themselves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Z95 = 1.959963984540054


def pass_at_k(num_samples: int, num_correct: int, k: int) -> float:
    """Unbiased pass@k (Chen et al. 2021, eq. 1). Raises ValueError where k > num_samples."""
    if not 1 <= k <= num_samples:
        raise ValueError(f"pass@{k} needs at least {k} samples, there are {num_samples}")
    if num_samples - num_correct < k:
        return 1.0
    return 1.0 - math.prod(
        1.0 - k / i for i in range(num_samples - num_correct + 1, num_samples + 1)
    )


def best_of_n(correct: Sequence[float], scores: Sequence[float], n: int) -> float:
    """The expected correctness of the best-scored of n programs drawn from the samples.

    Averages over all subsets of size n: the program at rank r (0 worst) is the best of
    C(r, n-1) of C(N, n) subsets. Ties share their ranks' weight. Raises ValueError if n > N.
    """
    total = len(correct)
    if not 1 <= n <= total:
        raise ValueError(f"best of {n} needs at least {n} samples, there are {total}")
    order = sorted(range(total), key=lambda i: scores[i])
    weights = [math.comb(rank, n - 1) / math.comb(total, n) for rank in range(total)]
    value, start = 0.0, 0
    while start < total:
        end = start
        while end < total and scores[order[end]] == scores[order[start]]:
            end += 1
        tied = order[start:end]
        value += sum(weights[start:end]) * sum(correct[i] for i in tied) / len(tied)
        start = end
    return value


@dataclass(frozen=True)
class Estimate:
    """A mean over problems with its 95 % interval."""

    value: float
    low: float
    high: float


def mean_interval(values: Sequence[float]) -> Estimate:
    """Mean over problems of values in [0, 1]: Wilson's interval where every value is 0 or 1, else
    the smoothed normal interval (`_smoothed`). Raises ValueError on no values."""
    if not values:
        raise ValueError("no problems to average over")
    mean = math.fsum(values) / len(values)
    if all(value in (0.0, 1.0) for value in values):
        return Estimate(mean, *wilson(mean, len(values)))
    return _smoothed(values, 0.0, 1.0)


def wilson(share: float, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a proportion `share` of `count`."""
    centre = (share + Z95**2 / (2 * count)) / (1 + Z95**2 / count)
    half = Z95 * math.sqrt(share * (1 - share) / count + Z95**2 / (4 * count**2))
    half /= 1 + Z95**2 / count
    return max(0.0, centre - half), min(1.0, centre + half)


def paired_difference(ours: Sequence[float], theirs: Sequence[float]) -> Estimate:
    """Mean of ours - theirs (each in [0, 1]) over the same problems, with its interval.

    Raises ValueError on unequal lengths or no problems.
    """
    if len(ours) != len(theirs) or not ours:
        raise ValueError("a paired difference needs the same problems on both sides")
    return _smoothed([a - b for a, b in zip(ours, theirs, strict=True)], -1.0, 1.0)


def _smoothed(values: Sequence[float], lowest: float, highest: float) -> Estimate:
    """Normal 95 % interval after adding four pseudo-problems, two at each bound.

    Agresti and Coull's interval (1998), carried from proportions to any bounded values: no set of
    problems, however alike, claims a certainty that their number does not give.
    """
    padded = [*values, lowest, lowest, highest, highest]
    centre = math.fsum(padded) / len(padded)
    variance = math.fsum((value - centre) ** 2 for value in padded) / len(padded)
    half = Z95 * math.sqrt(variance / len(padded))
    mean = math.fsum(values) / len(values)
    return Estimate(
        mean, max(lowest, min(mean, centre - half)), min(highest, max(mean, centre + half))
    )
