"""1 where every test of the problem passes, else 0: the paper's rule reward."""

from __future__ import annotations

from typing import Literal

from acecoder.rewards.tests import JudgedReward


class TestsBinary(JudgedReward):
    """All or nothing."""

    __test__ = False  # no test of pytest's

    kind: Literal["tests_binary"] = "tests_binary"
    """`tests_binary`: 1 where every test of the problem passes, else 0."""

    def of_pass_rate(self, rate: float) -> float:
        """See `JudgedReward`."""
        return float(rate == 1.0)


CONFIG = TestsBinary
