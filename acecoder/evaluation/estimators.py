"""Estimators over n programs per problem, and intervals over problems.

Every estimator takes one problem's samples and gives its expected value under drawing programs
at random, so that a table has no luck of the draw in it beyond the samples themselves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Z95 = 1.959963984540054
Z95_ONE_SIDED = 1.6448536269514722


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
    low = 0.0 if share == 0 else max(0.0, centre - half)  # not the 3e-18 of floating point
    return low, 1.0 if share == 1 else min(1.0, centre + half)


def paired_difference(ours: Sequence[float], theirs: Sequence[float]) -> Estimate:
    """Mean of ours - theirs (each in [0, 1]) over the same problems, with its interval.

    Raises ValueError on unequal lengths or no problems.
    """
    if len(ours) != len(theirs) or not ours:
        raise ValueError("a paired difference needs the same problems on both sides")
    return _smoothed([a - b for a, b in zip(ours, theirs, strict=True)], -1.0, 1.0)


def non_inferiority_bound(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The one-sided 95 % lower bound of the mean of ours - theirs over the same problems.

    Tango's score interval (1998) where every value is 0 or 1. Else the normal bound after adding
    z^2/2 pseudo-problems at each end, which gives the same where the two sides never differ
    (-z^2 / (n + z^2)); its coverage is simulated in the tests. Raises ValueError on unequal lengths
    or no problems.
    """
    if len(ours) != len(theirs) or not ours:
        raise ValueError("a paired difference needs the same problems on both sides")
    if all(value in (0.0, 1.0) for value in (*ours, *theirs)):
        pairs = list(zip(ours, theirs, strict=True))
        return tango_bound(pairs.count((1.0, 0.0)), pairs.count((0.0, 1.0)), len(pairs))
    differences = [a - b for a, b in zip(ours, theirs, strict=True)]
    size = len(differences) + Z95_ONE_SIDED**2
    centre = math.fsum(differences) / size
    squares = math.fsum(d * d for d in differences) + Z95_ONE_SIDED**2
    half = Z95_ONE_SIDED * math.sqrt(max(0.0, squares / size - centre**2) / size)
    return max(-1.0, centre - half)


def best_possible_bound(num_problems: int) -> float:
    """`non_inferiority_bound` of two models that never differ: no fewer problems can rule out less."""
    return -(Z95_ONE_SIDED**2) / (num_problems + Z95_ONE_SIDED**2)


def problems_to_rule_out(loss: float) -> int:
    """The least number of problems on which two models that never differ rule out such a loss."""
    return math.ceil(Z95_ONE_SIDED**2 * (1 - loss) / loss)


def tango_bound(gains: int, losses: int, count: int) -> float:
    """The one-sided 95 % lower bound of (gains - losses) / count, by Tango's score test.

    `gains` are problems that only ours solves, `losses` those that only theirs does. The bound is the
    difference at which the score statistic is z; the statistic falls as the difference rises.
    """
    low, high = -1.0, (gains - losses) / count
    for _ in range(60):
        middle = (low + high) / 2
        if _tango_statistic(gains, losses, count, middle) > Z95_ONE_SIDED:
            low = middle
        else:
            high = middle
    return low


def _tango_statistic(gains: int, losses: int, count: int, difference: float) -> float:
    """(b - c - n d) / sqrt(n (2 q + d (1 - d))), q the likeliest share of losses given d."""
    linear = -gains - losses + (2 * count - gains + losses) * difference
    constant = -losses * difference * (1 - difference)
    root = math.sqrt(max(0.0, linear**2 - 8 * count * constant))
    share = max(0.0, (root - linear) / (4 * count))
    variance = count * (2 * share + difference * (1 - difference))
    if variance <= 0:
        return math.inf
    return (gains - losses - count * difference) / math.sqrt(variance)


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
