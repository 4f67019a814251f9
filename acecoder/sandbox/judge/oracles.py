"""How the answer of a call is held against what is expected: one rule per name, a closed list.

`equal` is Python's `==`, and `equal_or_close` EvalPlus' rule, which knows a tolerance. Most of the
others are special oracles of single tasks of EvalPlus, where more than one answer is right.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from acecoder.sandbox.judge.decoding import check_hashes
from acecoder.sandbox.judge.values import Opaque, type_of

RELATIVE_TOLERANCE = 1e-7
FLOAT_TOLERANCE = 1e-6
"""Absolute; of floats where a test names none."""
MAX_FLOAT_INT = 1 << 63
"""Numpy makes an object of a larger int, which it cannot compare within a tolerance."""

Arguments = Callable[[], list[Any]]
"""Reads the arguments of the call; few rules need them."""
Oracle = Callable[[Arguments, Any, Any, float], bool]
"""(arguments, answer, expected, tolerance) -> whether the answer is right; may raise, which is no."""


def are_floats(value: Any) -> bool:
    """Is it a float, or a list or tuple of nothing but floats?"""
    import numpy as np

    if isinstance(value, list | tuple) and value:
        return all(isinstance(item, float) for item in value)
    if isinstance(value, np.ndarray):
        return value.dtype in (np.float32, np.float64)
    return isinstance(value, float)


def are_close(answer: Any, expected: Any, tolerance: float) -> bool:
    """EvalPlus' rule: of one type and length, and numbers within the tolerance."""
    import numpy as np

    if type_of(answer) != type_of(expected) or not (_is_numeric(answer) and _is_numeric(expected)):
        return False
    found, wanted = np.array(answer), np.array(expected)
    if found.shape != wanted.shape:
        return False
    return bool(np.allclose(found, wanted, rtol=RELATIVE_TOLERANCE, atol=tolerance))


def _is_numeric(value: Any) -> bool:
    import numpy as np

    if isinstance(value, list | tuple):
        return all(map(_is_numeric, value))
    if isinstance(value, int):
        return abs(value) < MAX_FLOAT_INT
    return isinstance(value, float | complex | np.ndarray | np.generic)


def _equal(arguments: Arguments, answer: Any, expected: Any, tolerance: float) -> bool:
    return bool(answer == expected)


def _close(arguments: Arguments, answer: Any, expected: Any, tolerance: float) -> bool:
    if bool(answer == expected):
        return True
    return tolerance > 0 and are_close(answer, expected, tolerance)


def _same_items(arguments: Arguments, answer: Any, expected: Any, tolerance: float) -> bool:
    items = list(answer)
    check_hashes(items)  # numbers can be chosen so that a set of them takes minutes
    return set(items) == set(expected)


def _is_something(arguments: Arguments, answer: Any, expected: Any, tolerance: float) -> bool:
    found = expected if isinstance(expected, bool) else expected is not None
    return bool(found == (answer if isinstance(answer, bool) else answer is not None))


def _is_list(arguments: Arguments, answer: Any, expected: Any, tolerance: float) -> bool:
    """LiveCodeBench's: a tuple counts as a list."""
    return bool((list(answer) if isinstance(answer, tuple) else answer) == expected)


def _anything(arguments: Arguments, answer: Any, expected: Any, tolerance: float) -> bool:
    return True


def _zero(arguments: Arguments, answer: Any, expected: Any, tolerance: float) -> bool:
    return _close(arguments, answer, expected, tolerance) or bool(answer == 0)


def _root(arguments: Arguments, answer: Any, expected: Any, tolerance: float) -> bool:
    """HumanEval/32: the value of the polynomial there is zero."""
    (coefficients,) = arguments()
    value = sum(c * math.pow(answer, power) for power, c in enumerate(coefficients))
    return bool(abs(value) <= tolerance)


def _surface_area(arguments: Arguments, answer: Any, expected: Any, tolerance: float) -> bool:
    """Mbpp/581: the height may be that of the pyramid or that of its sides."""
    edge, height = arguments()
    area = edge**2 + 2 * edge * math.sqrt((edge / 2) ** 2 + height**2)
    if _close(arguments, answer, expected, tolerance):
        return True
    return bool(abs(answer - round(area)) <= tolerance)


def _digit_distance(arguments: Arguments, answer: Any, expected: Any, tolerance: float) -> bool:
    """Mbpp/558: the shorter number may be filled with zeros at its left."""
    one, other = map(str, arguments())
    width = max(len(one), len(other))
    pairs = zip(one.zfill(width), other.zfill(width), strict=True)
    distance = sum(abs(int(a) - int(b)) for a, b in pairs)
    return _close(arguments, answer, expected, tolerance) or bool(answer == distance)


ORACLES: dict[str, Oracle] = {
    "equal": _equal,
    "equal_or_close": _close,
    "same_items": _same_items,
    "is_something": _is_something,
    "equal_as_list": _is_list,
    "anything": _anything,
    "equal_or_zero": _zero,
    "root_of_polynomial": _root,
    "surface_area": _surface_area,
    "digit_distance": _digit_distance,
}


def is_right(
    oracle: str, arguments: Arguments, answer: Any, expected: Any, tolerance: float
) -> bool:
    """Does the answer count? Raises what comparing such values raises."""
    if isinstance(expected, Opaque) and oracle not in ("is_something", "anything"):
        return False
    return ORACLES[oracle](arguments, answer, expected, tolerance)
