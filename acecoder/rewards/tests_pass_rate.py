"""The share of the problem's tests that pass."""

from __future__ import annotations

from typing import Literal

from acecoder.rewards.tests import JudgedReward


class TestsPassRate(JudgedReward):
    """Something for every test."""

    __test__ = False  # no test of pytest's

    kind: Literal["tests_pass_rate"] = "tests_pass_rate"
    """`tests_pass_rate`: the share of the problem's tests that pass."""

    def of_pass_rate(self, rate: float) -> float:
        """See `JudgedReward`."""
        return rate


CONFIG = TestsPassRate
