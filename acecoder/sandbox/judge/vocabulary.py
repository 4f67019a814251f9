"""What an assert may use beside the program's answers: functions, names and types, within bounds.

All of it is computed on the trusted side, on plain data.
"""

from __future__ import annotations

import ast
import math
from collections import Counter, deque
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from acecoder.sandbox.judge.decoding import MAX_DIGITS, check_hashes

MAX_INT_BITS = 100_000
MAX_LENGTH = 100_000
MAX_WEIGHT = 500_000
"""Items that all values made in one assert may have, what they hold counted as often as it is held:
a few characters make a list whose comparison takes hours."""
MAX_NUMBER_BITS = 20_000
"""Of what becomes a Decimal or a Fraction; the conversion is quadratic."""

Function = Callable[..., Any]


class Unreadable(Exception):
    """The closed interpreter does not know this construct, or it ran past its limits."""


def _bounded_range(*args: int) -> range:
    values = range(*args)
    if len(values) > MAX_LENGTH:
        raise Unreadable("a range too long")
    return values


def _bounded_round(number: Any, digits: int | None = None) -> Any:
    if digits is not None and abs(digits) > 400:
        raise Unreadable("rounding to so many digits")
    return round(number, digits)


def _power(base: Any, exponent: Any, modulus: Any = None) -> Any:
    refuse_growth(ast.Pow(), base, exponent if modulus is None else 1)
    if modulus is not None and _bits(exponent) * _bits(modulus) > MAX_INT_BITS * 100:
        raise Unreadable("a power too large")
    return pow(base, exponent, modulus)


def _bits(value: Any) -> int:
    return value.bit_length() if isinstance(value, int) else 64


def _decimal(value: Any = 0) -> Decimal:
    if _bits(value) > MAX_NUMBER_BITS or (isinstance(value, str) and len(value) > MAX_DIGITS):
        raise Unreadable("a number too long")
    return Decimal(value)


def _fraction(numerator: Any = 0, denominator: Any = None) -> Fraction:
    """From numbers, or a text without an exponent: '1e999999999' would fill the memory."""
    for part in (numerator, denominator):
        if _bits(part) > MAX_NUMBER_BITS or (
            isinstance(part, Decimal) and abs(part.adjusted()) > 400
        ):
            raise Unreadable("a number too long")
        if isinstance(part, str) and (len(part) > MAX_DIGITS or "e" in part.lower()):
            raise Unreadable("a number too long")
    return Fraction(numerator) if denominator is None else Fraction(numerator, denominator)


def _counted(items: Any = (), **named: Any) -> dict[Any, Any]:
    """A Counter, which compares as a dict does but for its zeros."""
    return dict(Counter(hashable(items), **named))


def _set(items: Any = ()) -> set[Any]:
    return set(hashable(items))


def _frozenset(items: Any = ()) -> frozenset[Any]:
    return frozenset(hashable(items))


def _dict(pairs: Any = (), **named: Any) -> dict[Any, Any]:
    if isinstance(pairs, dict):
        return {**pairs, **named}
    made = list(pairs)
    hashable([key for key, _ in made])
    return {**dict(made), **named}


def hashable(items: Any) -> Any:
    """`items` as a list, unless their hashes collide so often that a set of them takes minutes."""
    made = items if isinstance(items, str | bytes | dict | set | frozenset) else list(items)
    if isinstance(made, list):
        check_hashes(made)
    return made


def _all_close(one: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08) -> bool:
    """numpy's, on numbers and nested lists of one shape, or of a number and a list."""
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(
            isinstance(a, list | tuple) == isinstance(b, list | tuple)
            and _all_close(a, b, rtol, atol)
            for a, b in zip(one, other, strict=True)
        )
    if isinstance(one, list | tuple):
        return all(_all_close(a, other, rtol, atol) for a in one)
    if isinstance(other, list | tuple):
        return all(_all_close(one, b, rtol, atol) for b in other)
    if not isinstance(one, NUMBERS) or not isinstance(other, NUMBERS):
        raise TypeError("not a number")
    if one == other:
        return True
    finite = all(math.isfinite(abs(each)) for each in (one, other))
    return bool(finite and abs(one - other) <= atol + rtol * abs(other))


NUMBERS = (int, float, complex)


def _array_equal(one: Any, other: Any) -> bool:
    return bool(_as_lists(one) == _as_lists(other))


def _as_lists(value: Any) -> Any:
    return [_as_lists(item) for item in value] if isinstance(value, list | tuple) else value


def _sum_of_numbers(values: Any, start: Any = 0) -> Any:
    if not isinstance(start, int | float | complex):
        raise Unreadable("a sum of sequences")
    made = list(values)
    if len(made) > 100 and any(isinstance(each, Fraction) for each in made):
        raise Unreadable("a sum of many fractions")
    return sum(made, start)


FUNCTIONS: dict[str, Function] = {
    "abs": abs, "all": all, "any": any, "bool": bool, "chr": chr, "dict": _dict, "divmod": divmod,
    "float": float, "frozenset": _frozenset, "int": int, "len": len, "list": list, "max": max,
    "min": min, "ord": ord, "pow": _power, "range": _bounded_range, "repr": repr,
    "round": _bounded_round, "set": _set, "sorted": sorted, "str": str, "sum": _sum_of_numbers,
    "tuple": tuple, "Counter": _counted, "isclose": math.isclose,
    "Decimal": _decimal, "Fraction": _fraction, "date": date, "datetime": datetime,
    "timedelta": timedelta,
}  # fmt: skip
QUALIFIED: dict[str, Function | float] = {
    "math.isclose": math.isclose, "math.isnan": math.isnan, "math.isinf": math.isinf,
    "math.sqrt": math.sqrt, "math.pi": math.pi, "math.e": math.e, "math.inf": math.inf,
    "math.nan": math.nan,
    "np.allclose": _all_close, "np.array_equal": _array_equal,
    "np.array": _as_lists, "np.isnan": math.isnan, "np.pi": math.pi, "np.nan": math.nan,
    "np.inf": math.inf,
    "collections.Counter": _counted, "decimal.Decimal": _decimal, "fractions.Fraction": _fraction,
    "datetime.date": date, "datetime.datetime": datetime, "datetime.timedelta": timedelta,
}  # fmt: skip
QUALIFIED |= {f"numpy.{name[3:]}": value for name, value in QUALIFIED.items() if name[:3] == "np."}
"""What an assert may take from the standard library and numpy, on plain data."""
KEYWORDS = {
    "np.allclose": {"rtol", "atol"}, "numpy.allclose": {"rtol", "atol"}, "isclose": {"rel_tol", "abs_tol"},
    "math.isclose": {"rel_tol", "abs_tol"}, "max": {"key", "default"}, "min": {"key", "default"},
    "sorted": {"key", "reverse"}, "round": {"ndigits"}, "sum": {"start"}, "int": {"base"},
    "timedelta": {"days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks"},
    "date": {"year", "month", "day"},
    "datetime": {"year", "month", "day", "hour", "minute", "second", "microsecond"},
}  # fmt: skip
KEYWORDS |= {f"datetime.{name}": KEYWORDS[name] for name in ("date", "datetime", "timedelta")}
KEYS = ("len", "abs", "str", "sum", "min", "max")
"""What may be given as `key=`: anything else would make values that nobody weighs."""
AS_ARGUMENTS = {
    "np.array": ("np.allclose", "np.array_equal", "numpy.allclose", "numpy.array_equal"),
    "Counter": ("len", "dict", "sorted"),
}
"""Stand-ins that are right only as an argument of these; a Counter, also beside `==`."""
TYPES: dict[str, type] = {
    "bool": bool,
    "bytes": bytes,
    "complex": complex,
    "dict": dict,
    "float": float,
    "frozenset": frozenset,
    "int": int,
    "list": list,
    "set": set,
    "str": str,
    "tuple": tuple,
}
_BOXES = (list, tuple, set, frozenset, deque, dict)
_ONE = frozenset({bool, float, type(None)})


def weight(value: Any, left: int) -> int:
    """How many items a value has, counted as a comparison of it would meet them.

    Raises: Unreadable past `left`, without looking further.
    """
    total, waiting = 0, [value]
    while waiting:
        each = waiting.pop()
        if type(each) in _ONE:
            total += 1
        elif isinstance(each, _BOXES):
            total += 1 + len(each)
            if total <= left:
                waiting.extend((*each, *each.values()) if isinstance(each, dict) else each)
        elif isinstance(each, (str, bytes)):
            total += 1 + len(each) // 16
        elif isinstance(each, int):
            total += 1 + each.bit_length() // 64
        elif isinstance(each, range):
            total += 1 + len(each)
        else:
            total += 1
            waiting.extend(_parts(each))
        if total > left:
            raise Unreadable("values too large")
    return total


def _parts(number: Any) -> tuple[int, ...]:
    if isinstance(number, Decimal) and number.is_finite() and abs(number.adjusted()) > MAX_DIGITS:
        raise Unreadable("a number too long")  # int() of it would fill the memory
    return (number.numerator, number.denominator) if isinstance(number, Fraction) else ()


def refuse_growth(kind: ast.operator, left: Any, right: Any) -> None:
    """Powers and repetitions of a few characters that would fill the memory."""
    if isinstance(kind, ast.Pow) and (isinstance(left, Fraction) or isinstance(right, Fraction)):
        raise Unreadable("a power of a fraction")
    if isinstance(kind, ast.Pow) and isinstance(left, int) and isinstance(right, int):
        if abs(right) * max(left.bit_length(), 1) > MAX_INT_BITS:
            raise Unreadable("a power too large")
    elif isinstance(kind, ast.Mult):
        if isinstance(left, int) and isinstance(right, int):
            if left.bit_length() + right.bit_length() > MAX_INT_BITS:
                raise Unreadable("a product too large")
            return
        for box, times in ((left, right), (right, left)):
            repeats = isinstance(box, str | bytes | list | tuple | deque) and isinstance(times, int)
            if repeats and len(box) * max(times, 0) > MAX_LENGTH:
                raise Unreadable("a repetition too long")
    elif isinstance(kind, ast.Mod) and isinstance(left, str | bytes):
        raise Unreadable("a formatted text")
