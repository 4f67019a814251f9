"""No test and no answer holds up the judge; `python -m tests.fuzz 3600` looks for one that does."""

from __future__ import annotations

import pytest

from tests.fuzz.cost import MOST_S, cost_of

FOUND = (28838, 42120, 104634)
"""Seeds that once cost more than they may."""


@pytest.mark.parametrize("seed", [*FOUND, *range(400)])
def test_an_input_costs_the_judge_less_than_a_second(seed: int) -> None:
    spent_s, test = cost_of(seed)
    assert spent_s < MOST_S, test[:500]
