"""The gate decides on intervals, on every check, and on nothing that was not measured."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acecoder.promotion.gate import Check, Gate, MetricRule, Seen, compare, decide

RIGHT = {f"p{i}": 1.0 for i in range(164)}


def flipped(values: dict[str, float], count: int) -> dict[str, float]:
    return {name: (0.0 if i < count else v) for i, (name, v) in enumerate(values.items())}


@pytest.mark.parametrize(
    ("ours", "theirs", "rule", "passed", "why"),
    [
        (RIGHT, RIGHT, {}, True, "no loss beyond 0.02"),  # two models that never differ
        (RIGHT, flipped(RIGHT, 20), {}, True, "difference .0.122"),
        (flipped(RIGHT, 5), RIGHT, {}, False, "a loss of more than 0.02 is not ruled out"),
        (RIGHT, RIGHT, {"min_gain": 0.01}, False, "less than the asked gain"),
        (
            flipped(RIGHT, 82),
            flipped(RIGHT, 90),
            {"minimum": 0.6},
            False,
            "0.500 is below the minimum",
        ),
        (None, RIGHT, {}, False, "not measured of the candidate"),
        (RIGHT, None, {}, False, "not measured of champion version 1"),
        (RIGHT, flipped({"q": 1.0, **RIGHT}, 0), {}, False, "scored on other problems"),
    ],
)
def test_a_comparison(ours, theirs, rule: dict[str, float], passed: bool, why: str) -> None:
    check = compare(MetricRule(**rule), ours, theirs, "champion version 1")
    assert check.passed is passed
    assert re.search(why, check.told), check.told


def test_too_few_problems_cannot_pass() -> None:
    few = {f"p{i}": 1.0 for i in range(100)}
    check = compare(MetricRule(), few, few, "x")
    assert not check.passed and "takes at least 133" in check.told


@given(st.lists(st.booleans(), min_size=1, max_size=5), st.booleans())
def test_all_must_pass(passed: list[bool], bounded: bool) -> None:
    checks = [Check(f"c{i}", p, f"told {i}") for i, p in enumerate(passed)]
    gate = Gate(max_contaminated_share=0.1 if bounded else None)
    decision = decide(gate, checks, Seen(contaminated_share=0.2))
    assert decision.promote == (all(passed) and not bounded)
    for i, p in enumerate(passed):
        assert (f"told {i}" in decision.reason) == (decision.promote or not p)
    assert ("0.200 is more than 0.1" in decision.reason) == bounded
