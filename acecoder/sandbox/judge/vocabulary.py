"""What an assert may use beside the program's answers: functions, methods, names and types.

All of it is computed on the trusted side, on plain data; what it costs is known beforehand (`budget`).
"""

from __future__ import annotations

import math
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from acecoder.sandbox.judge.budget import MAX_ITEMS, OverBudget, is_array
from acecoder.sandbox.judge.decoding import MAX_DIGITS, check_hashes
from acecoder.sandbox.judge.values import Opaque, OrderedFrozenset, OrderedSet, ordered, type_of

MAX_NUMBER_BITS = 20_000
"""Of what becomes a Decimal or a Fraction; the conversion is quadratic."""
MAX_ROUNDING = 400

Function = Callable[..., Any]


def _range(*args: int) -> range:
    values = range(*args)
    if len(values) > MAX_ITEMS:
        raise OverBudget("a range too long")
    return values


def _round(number: Any, ndigits: int | None = None) -> Any:
    if ndigits is not None and abs(ndigits) > MAX_ROUNDING:
        raise OverBudget("rounding to so many digits")
    return round(number, ndigits)


def _bits(value: Any) -> int:
    return value.bit_length() if isinstance(value, int) else 64


def _decimal(value: Any = 0) -> Decimal:
    if _bits(value) > MAX_NUMBER_BITS or (isinstance(value, str) and len(value) > MAX_DIGITS):
        raise OverBudget("a number too long")
    return Decimal(value)


def _fraction(numerator: Any = 0, denominator: Any = None) -> Fraction:
    """From numbers, or a text without an exponent: '1e999999999' would fill the memory."""
    for part in (numerator, denominator):
        if _bits(part) > MAX_NUMBER_BITS or (
            isinstance(part, Decimal) and part.is_finite() and abs(part.adjusted()) > 400
        ):
            raise OverBudget("a number too long")
        if isinstance(part, str) and (len(part) > MAX_DIGITS or "e" in part.lower()):
            raise OverBudget("a number too long")
    return Fraction(numerator) if denominator is None else Fraction(numerator, denominator)


def _counter(items: Any = (), /, **named: Any) -> Counter[Any]:
    return Counter(_hashable(items), **named)


def _set(items: Any = ()) -> OrderedSet:
    return OrderedSet(_hashable(items))


def _frozenset(items: Any = ()) -> OrderedFrozenset:
    return OrderedFrozenset(_hashable(items))


def _dict(pairs: Any = (), /, **named: Any) -> dict[Any, Any]:
    if isinstance(pairs, dict):
        return {**pairs, **named}
    made = list(pairs)
    check_hashes([key for key, _ in made])
    return {**dict(made), **named}


def _hashable(items: Any) -> Any:
    """`items` as a list, unless their hashes collide so often that a set of them takes minutes."""
    if isinstance(items, str | bytes | dict | OrderedSet | OrderedFrozenset):
        return items
    made = list(items)
    check_hashes(made)
    return made


def _isinstance(value: Any, kinds: Any) -> bool:
    return not isinstance(value, Opaque) and isinstance(value, kinds)


def _bytes(value: Any = b"", *encoding: Any) -> bytes:
    if isinstance(value, int) and value > MAX_ITEMS:
        raise OverBudget("bytes too long")
    return bytes(value, *encoding)


def _sum(items: Any, /, start: Any = 0) -> Any:
    return sum(items, start)


FUNCTIONS: dict[str, Function] = {
    "abs": abs, "all": all, "any": any, "bin": bin, "bool": bool, "bytes": _bytes, "chr": chr,
    "complex": complex, "dict": _dict, "divmod": divmod, "float": float, "frozenset": _frozenset,
    "hex": hex, "int": int, "isinstance": _isinstance, "len": len, "list": list, "max": max,
    "min": min, "oct": oct, "ord": ord, "pow": pow, "range": _range, "repr": repr, "round": _round,
    "set": _set, "sorted": sorted, "str": str, "sum": _sum, "tuple": tuple, "type": type_of,
    "Counter": _counter, "isclose": math.isclose, "Decimal": _decimal, "Fraction": _fraction,
    "date": date, "datetime": datetime, "timedelta": timedelta, "deque": deque,
    "OrderedDict": lambda pairs=(): OrderedDict(_dict(pairs)),
}  # fmt: skip


def _numpy(name: str) -> Function:
    """A function of numpy, which is imported when it is first called."""

    def function(*values: Any, **named: Any) -> Any:
        import numpy

        return getattr(numpy, name)(*values, **named)

    return function


def _filled(name: str) -> Function:
    """Of numpy: makes an array whose size stands in its arguments."""

    def function(*values: Any) -> Any:
        import numpy

        shape = values[0] if isinstance(values[0], tuple | list) else values
        most = math.prod(max(1, math.ceil(abs(part))) for part in shape)
        if most > MAX_ITEMS or len(values) > 2:
            raise OverBudget("an array too large")
        return getattr(numpy, name)(*values)

    return function


_NUMPY: dict[str, Function | float] = {
    **{
        name: _numpy(name)
        for name in ("allclose", "array_equal", "array", "isclose", "isnan", "isinf", "all", "any")
    },
    **{name: _filled(name) for name in ("zeros", "ones", "arange", "eye")},
    "pi": math.pi, "e": math.e, "nan": math.nan, "inf": math.inf,
}  # fmt: skip
QUALIFIED: dict[str, Function | float] = {
    "math.isclose": math.isclose, "math.isnan": math.isnan, "math.isinf": math.isinf,
    "math.isfinite": math.isfinite, "math.sqrt": math.sqrt, "math.floor": math.floor,
    "math.ceil": math.ceil, "math.pi": math.pi, "math.e": math.e, "math.inf": math.inf,
    "math.nan": math.nan,
    "collections.Counter": _counter, "collections.deque": deque,
    "collections.OrderedDict": FUNCTIONS["OrderedDict"],
    "decimal.Decimal": _decimal, "fractions.Fraction": _fraction,
    "datetime.date": date, "datetime.datetime": datetime, "datetime.timedelta": timedelta,
    **{f"{module}.{name}": value for name, value in _NUMPY.items() for module in ("np", "numpy")},
}  # fmt: skip
"""What an assert may take from the standard library and numpy, on plain data."""
_CLOSE = {"rtol", "atol", "equal_nan"}
KEYWORDS = {
    **{f"{module}.{name}": _CLOSE for module in ("np", "numpy") for name in ("allclose", "isclose")},
    "isclose": {"rel_tol", "abs_tol"}, "math.isclose": {"rel_tol", "abs_tol"},
    "max": {"key", "default"}, "min": {"key", "default"}, "sorted": {"key", "reverse"},
    "round": {"ndigits"}, "sum": {"start"}, "int": {"base"},
    "timedelta": {"days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks"},
    "date": {"year", "month", "day"},
    "datetime": {"year", "month", "day", "hour", "minute", "second", "microsecond"},
}  # fmt: skip
KEYWORDS |= {f"datetime.{name}": KEYWORDS[name] for name in ("date", "datetime", "timedelta")}
ANY_KEYWORD = ("Counter", "collections.Counter", "dict")
KEYS = ("len", "abs", "str", "sum", "min", "max")
"""What may be given as `key=`: anything else would make values that nobody weighs."""
TYPES: dict[str, type] = {
    "bool": bool, "bytearray": bytearray, "bytes": bytes, "complex": complex, "dict": dict,
    "float": float, "frozenset": frozenset, "int": int, "list": list, "range": range, "set": set,
    "str": str, "tuple": tuple, "Counter": Counter, "OrderedDict": OrderedDict,
    "defaultdict": defaultdict, "deque": deque, "Decimal": Decimal, "Fraction": Fraction,
    "date": date, "datetime": datetime, "timedelta": timedelta, "time": time,
}  # fmt: skip
"""Names that may stand for a type; answers keep these types."""

_TEXT = frozenset(
    [
        "capitalize",
        "casefold",
        "count",
        "endswith",
        "find",
        "index",
        "isalnum",
        "isalpha",
        "isascii",
        "isdecimal",
        "isdigit",
        "isidentifier",
        "islower",
        "isnumeric",
        "isprintable",
        "isspace",
        "istitle",
        "isupper",
        "lower",
        "lstrip",
        "partition",
        "removeprefix",
        "removesuffix",
        "replace",
        "rfind",
        "rindex",
        "rpartition",
        "rsplit",
        "rstrip",
        "split",
        "splitlines",
        "startswith",
        "strip",
        "swapcase",
        "title",
        "upper",
        "encode",
    ]
)
_SET = frozenset(
    [
        "difference",
        "intersection",
        "isdisjoint",
        "issubset",
        "issuperset",
        "symmetric_difference",
        "union",
    ]
)
METHODS: dict[type, frozenset[str]] = {
    str: _TEXT,
    bytes: _TEXT & frozenset(dir(bytes)) | {"decode", "hex"},
    bytearray: _TEXT & frozenset(dir(bytes)) | {"decode", "hex"},
    list: frozenset({"count", "index"}),
    tuple: frozenset({"count", "index"}),
    deque: frozenset({"count", "index"}),
    range: frozenset({"count", "index"}),
    OrderedSet: _SET,
    OrderedFrozenset: _SET,
    Counter: frozenset({"get", "items", "keys", "most_common", "total", "values"}),
    defaultdict: frozenset({"get", "items", "keys", "values"}),
    OrderedDict: frozenset({"get", "items", "keys", "values"}),
    dict: frozenset({"get", "items", "keys", "values"}),
    float: frozenset({"is_integer"}),
    int: frozenset({"bit_length"}),
}
"""The methods that the judge computes, of plain values; of a subclass, the plain type's own."""
_ARRAY = frozenset({"all", "any", "sum", "min", "max", "mean", "tolist"})
METHOD_NAMES = frozenset().union(*METHODS.values(), _ARRAY)
SET_METHODS = _SET


def method(value: Any, name: str, arguments: list[Any]) -> Any:
    """`value.name(*arguments)` of a plain value. Raises AttributeError where it has no such method
    here, and OverBudget."""
    if is_array(value) and name in _ARRAY and not arguments:
        return getattr(value, name)()
    for kind, names in METHODS.items():
        if isinstance(value, kind) and name in names:
            _refuse(name, value, arguments)
            return ordered(getattr(kind, name)(value, *arguments), value, *arguments)
    raise AttributeError(f"no {name} of a {type(value).__name__} is known")


CODECS = ("utf-8", "utf8", "ascii", "latin-1")


def _refuse(name: str, value: Any, arguments: list[Any]) -> None:
    """What costs more than the size of its arguments tells. Raises OverBudget, or Malformed on hashes
    that collide: methods of sets make sets of their arguments."""
    if name in SET_METHODS:
        for argument in arguments:
            _hashable(argument)
    if name == "replace" and (len(value) + 1) * len(arguments[1]) > MAX_ITEMS:
        raise OverBudget("a text too long")
    if name in ("encode", "decode") and arguments and arguments[0] not in CODECS:
        raise OverBudget("a codec that is not known")
