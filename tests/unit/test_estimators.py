"""Estimators against brute force and numbers computed by hand."""

from __future__ import annotations

from itertools import combinations
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acecoder.evaluation.estimators import (
    best_of_n,
    mean_interval,
    paired_difference,
    pass_at_k,
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
