"""What one problem's samples are worth under each way of choosing among them: a table's rows.

`greedy`: the program at temperature 0. `average`: a sample at random (pass@1). `oracle`: some sample is
right. `pass_at_k`: some of k is. `best_of_N`: the sample of N that the reward model scores highest.
Baselines that need no model: `shortest_of_N`; `majority_of_N`, a program of the largest group that
answers alike on the tests' inputs; `codet_of_N`, a program of the group with the most members times
generated tests passed (CodeT). Every one is its expected value under drawing N of the samples.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import TypeVar

from acecoder.evaluation.estimators import best_of_n, pass_at_k
from acecoder.schema import Program

Key = TypeVar("Key", bound=Hashable)
DRAWS = 400
"""Subsets of N that stand for all of them, where no closed form is known."""
DEFINITIONS = {
    "greedy": "one program at temperature 0",
    "average": "pass@1 over the samples: what picking at random gives",
    "pass_at": "some of k samples is right (unbiased)",
    "best_of": "the reward model's choice among N samples",
    "shortest_of": "the shortest of N samples",
    "majority_of": "a program of the largest group of N that answers alike on the tests' inputs",
    "codet_of": "a program of the group of N with most members times generated tests passed",
    "oracle": "some sample is right",
    "test_pass_rate": "the share of tests that a sample passes",
}
"""What each row is, by the beginning of its name."""


@dataclass
class Samples:
    """One problem's programs of one model, as far as they have been looked at."""

    greedy: float | None = None
    correct: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    """Characters of each sampled program."""
    behaviours: list[str] = field(default_factory=list)
    """Of each sampled program: the same for those that answered alike."""
    scores: list[float] = field(default_factory=list)
    """The reward model's, where there is one."""
    agreements: list[tuple[bool, ...]] = field(default_factory=list)
    """Which generated tests each passes, where there are some."""


def is_greedy(program: Program) -> bool:
    """Was it decoded at temperature 0?"""
    return (program.model_extra or {}).get("decoding") == "greedy"


def rows(
    samples: Samples, best_of: Sequence[int], pass_at: Sequence[int], seed: str
) -> dict[str, float]:
    """The value of every row that the samples allow. `seed` decides which subsets are drawn."""
    found = {} if samples.greedy is None else {"greedy": samples.greedy}
    count = len(samples.correct)
    if not count:
        return found
    found |= {
        "average": fmean(samples.correct),
        "test_pass_rate": fmean(samples.rates),
        "oracle": max(samples.correct),
    }
    for k in pass_at:
        if 1 < k <= count:
            found[f"pass_at_{k}"] = pass_at_k(count, int(sum(samples.correct)), k)
    for n in best_of:
        if n <= count:
            found |= _choices(samples, n, seed)
    return found


def _choices(samples: Samples, n: int, seed: str) -> dict[str, float]:
    correct, found = samples.correct, {}
    if samples.scores:
        found[f"best_of_{n}"] = best_of_n(correct, samples.scores, n)
    shortest = [-float(length) for length in samples.lengths]
    found[f"shortest_of_{n}"] = best_of_n(correct, shortest, n)
    if all(samples.behaviours):
        found[f"majority_of_{n}"] = agreement_of_n(correct, samples.behaviours, {}, n, seed)
    if samples.agreements:
        passed = {each: float(sum(each)) for each in samples.agreements}
        found[f"codet_of_{n}"] = agreement_of_n(correct, samples.agreements, passed, n, seed)
    return found


def agreement_of_n(
    correct: Sequence[float], keys: Sequence[Key], weights: dict[Key, float], n: int, seed: str
) -> float:
    """The expected correctness of a program of the best group of n drawn ones.

    Programs with one key are a group; the best has the most members times its weight (1 where none is
    given), and those that tie share. All samples are looked at where n is their number, else
    `DRAWS` seeded subsets. Raises ValueError if n is more than there are.
    """
    total = len(correct)
    if not 1 <= n <= total:
        raise ValueError(f"a choice of {n} needs at least {n} samples, there are {total}")
    if n == total:
        return _of_best_group(range(total), correct, keys, weights)
    draw = random.Random(f"{seed}/{n}")
    subsets = (draw.sample(range(total), n) for _ in range(DRAWS))
    return fmean(_of_best_group(subset, correct, keys, weights) for subset in subsets)


def _of_best_group(
    drawn: Sequence[int], correct: Sequence[float], keys: Sequence[Key], weights: dict[Key, float]
) -> float:
    sizes = Counter(keys[index] for index in drawn)
    worth = {key: size * weights.get(key, 1.0) for key, size in sizes.items()}
    best = max(worth.values())
    groups = [key for key in sizes if worth[key] == best]
    return fmean(fmean(correct[index] for index in drawn if keys[index] == key) for key in groups)
