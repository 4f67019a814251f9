"""Estimators against brute force and numbers computed by hand."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations
from random import Random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acecoder.evaluation.estimators import (
    best_of_n,
    best_possible_bound,
    mean_interval,
    non_inferiority_bound,
    paired_difference,
    pass_at_k,
    problems_to_rule_out,
    tango_bound,
    wilson,
)

BITS = st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=7)


@given(correct=BITS, data=st.data())
def test_pass_at_k_is_the_share_of_subsets_with_a_right_program(
    correct: list[float], data: st.DataObject
) -> None:
    k = data.draw(st.integers(1, len(correct)))
    brute = fmean(max(subset) for subset in combinations(correct, k))
    assert pass_at_k(len(correct), int(sum(correct)), k) == pytest.approx(brute)


@given(correct=BITS, data=st.data())
def test_best_of_n_is_the_mean_over_all_subsets_of_the_best_scored(
    correct: list[float], data: st.DataObject
) -> None:
    scores = data.draw(
        st.lists(st.floats(-5, 5), min_size=len(correct), max_size=len(correct), unique=True)
    )
    n = data.draw(st.integers(1, len(correct)))
    brute = fmean(
        correct[max(subset, key=lambda i: scores[i])]
        for subset in combinations(range(len(correct)), n)
    )
    assert best_of_n(correct, scores, n) == pytest.approx(brute)


def test_equal_scores_say_nothing_whatever_their_order() -> None:
    assert best_of_n([1.0, 0.0, 0.0, 1.0], [2.0] * 4, 3) == pytest.approx(0.5)
    assert best_of_n([0.0, 1.0, 1.0, 0.0], [2.0] * 4, 3) == pytest.approx(0.5)


def test_best_of_one_is_the_average_and_of_all_is_the_top() -> None:
    correct, scores = [1.0, 0.0, 0.0, 1.0], [0.1, 0.9, 0.3, 0.5]
    assert best_of_n(correct, scores, 1) == pytest.approx(0.5)
    assert best_of_n(correct, scores, 4) == 0.0
    # By hand, n = 2: of the 6 pairs, the top one wins 3 (wrong), the next 2 (right), the next 1.
    assert best_of_n(correct, scores, 2) == pytest.approx(2 / 6)


def test_wilson_by_hand() -> None:
    # 8 of 10 with z = 1.96: (0.8 + 0.19208) / 1.38416 -+ ... = [0.4902, 0.9433]
    assert wilson(0.8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-3)
    assert wilson(0.0, 20) == pytest.approx((0.0, 0.1611), abs=1e-3)


def test_no_success_is_not_certainty() -> None:
    nothing = mean_interval([0.0] * 20)
    assert (nothing.value, nothing.low) == (0.0, 0.0)
    assert nothing.high == pytest.approx(0.1611, abs=1e-3)
    same = mean_interval([0.5] * 10)
    assert same.low < 0.5 < same.high


@given(values=st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_the_interval_holds_the_mean_and_stays_in_range(values: list[float]) -> None:
    estimate = mean_interval(values)
    assert 0.0 <= estimate.low <= estimate.value + 1e-12
    assert estimate.value <= estimate.high + 1e-12 <= 1.0 + 1e-9


def test_a_paired_difference_sees_what_means_hide() -> None:
    before = [0.1, 0.9] * 100
    after = [0.2, 1.0] * 100
    paired = paired_difference(after, before)
    assert paired.value == pytest.approx(0.1)
    assert paired.low > 0.05
    unpaired = mean_interval(after)
    assert paired.high - paired.low < unpaired.high - unpaired.low


def test_the_smoothed_interval_by_hand() -> None:
    # Four zeros and pseudo-problems at -1, -1, 1, 1: variance 4 / 8, half 1.96 * sqrt(.5 / 8).
    nothing = paired_difference([0.5] * 4, [0.5] * 4)
    assert (nothing.low, nothing.high) == pytest.approx((-0.48998, 0.48998), abs=1e-4)


def test_one_problem_more_moves_the_interval_a_little_only() -> None:
    same = paired_difference([0.5] * 44, [0.5] * 44)
    one = paired_difference([0.75] + [0.5] * 43, [0.5] * 44)
    assert abs(same.low - one.low) < 0.01 > abs(same.high - one.high)
    with pytest.raises(ValueError, match="a paired difference"):
        paired_difference([], [])
    with pytest.raises(ValueError, match="same problems"):
        paired_difference([1.0], [1.0, 0.0])


def test_tangos_bound_by_hand_and_from_his_paper() -> None:
    # No difference on 164 problems: -z^2 / (n + z^2) with z = 1.6449.
    assert tango_bound(0, 0, 164) == pytest.approx(-0.01623, abs=1e-5)
    assert best_possible_bound(164) == pytest.approx(-0.01623, abs=1e-5)
    # Tango 1998, table II: 43 pairs, of which 1 and 0 differ; the two-sided 90 % interval.
    assert tango_bound(1, 0, 43) == pytest.approx(-0.0363, abs=3e-3)
    # More losses, a lower bound.
    bounds = [tango_bound(3, losses, 100) for losses in range(6)]
    assert bounds == sorted(bounds, reverse=True)


def test_the_bound_of_averages_is_tangos_where_nothing_differs() -> None:
    same = [0.5] * 164
    assert non_inferiority_bound(same, same) == pytest.approx(best_possible_bound(164))
    assert non_inferiority_bound([1.0] * 164, [1.0] * 164) == pytest.approx(
        best_possible_bound(164)
    )


@pytest.mark.parametrize("loss", [0.01, 0.02, 0.05, 0.3])
def test_the_least_number_of_problems_that_can_rule_out_a_loss(loss: float) -> None:
    least = problems_to_rule_out(loss)
    assert best_possible_bound(least) >= -loss > best_possible_bound(least - 1)


@pytest.mark.parametrize("count", [40, 164])
@pytest.mark.parametrize("kind", ["0 or 1", "averages of 4", "averages of 16", "rare losses"])
def test_one_in_twenty_bounds_is_above_the_truth(count: int, kind: str) -> None:
    """Coverage of the one-sided bound, simulated: at least 93.5 % of the nominal 95 %."""
    random = Random(count)
    covered = 0
    rounds = 1500
    for _ in range(rounds):
        ours, theirs, truth = _draw(random, kind, count)
        covered += non_inferiority_bound(ours, theirs) <= truth
    assert covered >= 0.935 * rounds, covered / rounds


def _draw(random: Random, kind: str, count: int) -> tuple[list[float], list[float], float]:
    """Values of two models on `count` problems, and the true mean difference."""
    if (
        kind == "rare losses"
    ):  # the worst for a bound: nearly always no difference, else all is lost
        lost = [random.random() < 0.03 for _ in range(count)]
        return [0.5 - 0.5 * each for each in lost], [0.5] * count, -0.015
    samples = {"0 or 1": 1, "averages of 4": 4, "averages of 16": 16}[kind]
    ours, theirs = [], []
    for _ in range(count):
        share = random.betavariate(0.6, 0.6)  # problems are hard or easy
        pair = (max(0.0, share - 0.04), share)
        drawn = [sum(random.random() < p for _ in range(samples)) / samples for p in pair]
        ours.append(drawn[0])
        theirs.append(drawn[1])
    # Of max(0, p - 0.04) against p, over the beta distribution.
    return ours, theirs, -_mean_loss()


@lru_cache(maxsize=1)
def _mean_loss() -> float:
    """E[min(p, 0.04)] for p of Beta(0.6, 0.6), by numbers drawn once."""
    random = Random(0)
    return fmean(min(random.betavariate(0.6, 0.6), 0.04) for _ in range(20_000))
