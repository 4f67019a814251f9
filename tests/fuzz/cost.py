"""What one test and its answers cost the judge."""

from __future__ import annotations

import time
from random import Random

from acecoder.sandbox.judge.asserts import Plan, plan
from acecoder.sandbox.judge.decoding import read_frame
from acecoder.sandbox.judge.program import judge_frame
from tests.fuzz.inputs import answers_of, test_of

MOST_S = 1.0


def cost_of(seed: int) -> tuple[float, str]:
    """CPU seconds of reading the test of a seed and of judging its answers; and the test."""
    random = Random(seed)
    test = test_of(random)
    before_s = time.process_time()
    this: Plan = plan(test, "f")
    spent_s = time.process_time() - before_s
    if this.condition is not None:
        for _ in range(3):
            data = answers_of(random, len(this.calls))
            before_s = time.process_time()
            judge_frame(this, read_frame(data))
            spent_s = max(spent_s, time.process_time() - before_s)
    return spent_s, test
