"""Results that are to be saved come in groups, soon and whole."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from acecoder.judging.grouping import grouped


def test_groups_hold_all_items_in_order_and_are_no_larger_than_asked() -> None:
    groups = list(grouped(range(1000), 50, 60.0))
    assert [item for group in groups for item in group] == list(range(1000))
    assert max(map(len, groups)) == 50


def test_what_came_is_not_held_back_until_more_comes() -> None:
    go_on = threading.Event()

    def source() -> Iterator[int]:
        yield 1
        go_on.wait()  # until the first group is out, or the test hangs
        yield 2

    groups = grouped(source(), 50, 0.1)
    assert next(groups) == [1]
    go_on.set()
    assert list(groups) == [[2]]


def test_what_came_before_an_error_is_yielded_first() -> None:
    def source() -> Iterator[int]:
        yield from (1, 2)
        raise ValueError("broken")

    groups = grouped(source(), 50, 60.0)
    assert next(groups) == [1, 2]
    with pytest.raises(ValueError, match="broken"):
        next(groups)


def test_a_caller_that_stops_closes_the_source() -> None:
    closed = []

    def source() -> Iterator[int]:
        try:
            yield from range(10**9)
        finally:
            closed.append(True)

    groups = grouped(source(), 2, 60.0)
    next(groups)
    groups.close()
    assert closed == [True]
