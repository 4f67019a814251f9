"""The rules by which the answer of a call counts, with the values of EvalPlus' own tasks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from acecoder.sandbox.judge.oracles import ORACLES, are_close, are_floats, is_right
from acecoder.sandbox.judge.values import Malformed, Opaque


def right(oracle: str, answer: Any, expected: Any, *given: Any, tolerance: float = 0.0) -> bool:
    return is_right(oracle, lambda: list(given), answer, expected, tolerance)


def test_a_root_need_not_be_the_references() -> None:
    assert right("root_of_polynomial", -0.5, 7.0, [1, 2], tolerance=1e-4)
    assert not right("root_of_polynomial", 0.5, 7.0, [1, 2], tolerance=1e-4)
    with pytest.raises(TypeError):
        right("root_of_polynomial", "x", 7.0, [1, 2], tolerance=1e-4)


def test_two_readings_of_a_task_are_right() -> None:
    # Base 3, height 4: 33 with the height of the sides, 35 (rounded) with that of the pyramid.
    assert right("surface_area", 33, 33, 3, 4)
    assert right("surface_area", 35, 33, 3, 4)
    assert not right("surface_area", 34, 33, 3, 4)
    # 23 and 5: the digits of the difference, or those of 23 and 05 one by one.
    assert right("digit_distance", 9, 9, 23, 5)
    assert right("digit_distance", 4, 9, 23, 5)
    assert not right("digit_distance", 5, 9, 23, 5)


@pytest.mark.parametrize(
    ("answer", "expected", "close"),
    [
        ([0.1 + 0.2], [0.3], True),
        ([0.3, 1], [0.3, 1], True),
        ((0.3,), [0.3], False),
        ([0.3], [0.3, 0.3], False),
        ([[0.3], [0.4]], [[0.3], [0.4]], True),
        ([[0.3, 0.4]], [[0.3], [0.4]], False),
        ("0.3", "0.3", False),
        ([True], [1.0], True),
        ([10**30], [10**30], False),
        (1 + 1e-9j, 1 + 0j, True),
        (float("nan"), float("nan"), False),
    ],
)
def test_numbers_are_close_by_evalplus_rule(answer: Any, expected: Any, close: bool) -> None:
    assert are_close(answer, expected, 1e-6) is close


def test_what_counts_as_floats() -> None:
    assert all(map(are_floats, (1.0, [1.0, 2.0], (1.0,), np.array([1.0]))))
    assert not any(map(are_floats, (1, [], [1.0, 2], "1.0", {1.0}, np.array([1]))))


def test_an_answer_made_to_collide_is_found_out() -> None:
    modulus = 2**61 - 1
    with pytest.raises(Malformed, match="collide"):
        right("same_items", [i * modulus for i in range(2_000)], [1])


def test_an_object_of_the_references_is_equal_to_nothing_but_is_something() -> None:
    thing = Opaque("Match", "<match>")
    assert not right("equal", thing, thing)
    assert right("is_something", thing, Opaque("Match", "<other>"))
    assert not right("is_something", None, thing)
    assert right("is_something", True, True)
    assert not right("is_something", False, True)
    assert set(ORACLES) >= {"equal", "equal_or_close", "same_items", "is_something"}
