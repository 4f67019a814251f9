"""One digest for values that are equal in Python, and another for those that are not."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from acecoder.sandbox.worker import arguments
from acecoder.sandbox.worker.canonical import digest_of

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
hashable = st.recursive(
    scalars, lambda inner: st.tuples(inner, inner) | st.frozensets(inner), max_leaves=6
)
values = st.recursive(
    hashable,
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(hashable, inner, max_size=4)
        | st.lists(st.integers() | st.floats(allow_nan=False))
    ),
    max_leaves=12,
)


def other_numbers(value: object) -> object:
    """An equal value, with other types of numbers where that can be."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return float(value) if abs(value) < 2**53 else value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, list | tuple | frozenset):
        return type(value)(map(other_numbers, value))
    if isinstance(value, dict):
        return {other_numbers(k): other_numbers(v) for k, v in reversed(value.items())}
    return value


@given(values)
def test_equal_values_have_one_digest(value: object) -> None:
    other = other_numbers(value)
    assert value == other
    assert digest_of(value) == digest_of(other) is not None


@given(values, values)
def test_other_values_have_another(one: object, other: object) -> None:
    assert (digest_of(one) == digest_of(other)) == (one == other)


def test_what_is_not_plain_has_none() -> None:
    deep: list[object] = []
    for _ in range(100):
        deep = [deep]
    for value in (float("nan"), [float("nan")], [1.5, float("nan")], object(), [object()], deep):
        assert digest_of(value) is None
    assert digest_of(Counter("aab")) == digest_of({"b": 1, "a": 2})


@given(st.lists(values))
def test_arguments_are_read_as_they_were_written(given_: list[object]) -> None:
    read = arguments.read(arguments.written(given_))
    assert read == given_
    assert repr(read) == repr(given_) or "frozenset" in repr(given_)
