"""Reward against correctness."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acecoder.evaluation.reward_bands import bands

SCORED = st.tuples(st.floats(-5, 5), st.sampled_from([0.0, 1.0]))


def test_bands_are_parts_of_equal_size_by_rising_reward() -> None:
    samples = [(3.0, 1.0), (0.0, 0.0), (2.0, 1.0), (1.0, 0.0), (1.5, 1.0), (2.5, 0.0)]
    assert bands(samples, 3) == [
        {"reward": 0.5, "share_right": 0.0, "count": 2},
        {"reward": 1.75, "share_right": 1.0, "count": 2},
        {"reward": 2.75, "share_right": 0.5, "count": 2},
    ]
    assert len(bands([(1.0, 1.0)] * 50)) == 1
    assert bands([]) == []


@given(st.lists(SCORED, max_size=60))
def test_every_sample_is_in_one_band_and_equal_rewards_in_the_same(
    samples: list[tuple[float, float]],
) -> None:
    found = bands(samples)
    assert sum(band["count"] for band in found) == len(samples)
    means = [band["reward"] for band in found]
    assert means == sorted(means) and len(found) <= 10
    assert sum(b["share_right"] * b["count"] for b in found) == pytest.approx(
        sum(right for _, right in samples)
    )
    assert len(found) <= len({reward for reward, _ in samples})
