"""Bytes from a sandboxed process -> plain data; a closed parser.

Every byte is assumed hostile: sizes are bounded by the caller, nesting and types here, and only
plain values come out. What a program returned that is not plain is `Opaque`, equal to nothing.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

MAX_DEPTH = 70
MAX_RANGE = 100_000
MAX_COLLISIONS = 500
MAX_DIGITS = 5_000
"""Of a Decimal or a Fraction."""


class Malformed(Exception):
    """The bytes are not an answer this parser knows."""


def check_hashes(items: Sequence[Any]) -> None:
    """Raises Malformed where different items have the same hash too often.

    Numbers can be chosen so that a set of a few thousand takes minutes. TypeError on what cannot
    be hashed.
    """
    first: dict[int, Any] = {}
    collisions = 0
    for item in items:
        other = first.setdefault(hash(item), item)
        collisions += other is not item and other != item
        if collisions > MAX_COLLISIONS:
            raise Malformed("hashes that collide")


class Opaque:
    """An answer that is not plain data: known by its type's name only, equal to nothing."""

    __slots__ = ("text", "type_name")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, type_name: str, text: str) -> None:
        self.type_name = type_name
        self.text = text

    def __eq__(self, other: object) -> bool:
        return False

    def __bool__(self) -> bool:
        raise Malformed("the truth of an object that is not plain data is unknown")

    def __repr__(self) -> str:
        return f"<{self.type_name}: {self.text}>"


@dataclass(frozen=True, slots=True)
class Frame:
    """One answer: the values of a test's calls, or the error that ended it."""

    values: list[Any] | None = None
    """Encoded, see `decode`."""
    error: tuple[str, str] | None = None
    """The name of its class, as the program tells it, and its text."""


MALFORMED = "Malformed"


def read_frame(data: bytes) -> Frame:
    """What a frame says; never raises: what is no answer is the error `MALFORMED`."""
    try:
        frame = parse_frame(data)
    except Malformed as fault:
        return Frame(error=(MALFORMED, str(fault)))
    values, error = frame.get("values"), frame.get("error")
    if isinstance(error, list) and len(error) == 2:
        return Frame(error=(str(error[0]), str(error[1])))
    if isinstance(values, list) and not error:
        return Frame(values=values)
    return Frame(error=(MALFORMED, "neither values nor an error"))


_parse = json.JSONDecoder().decode


def parse_frame(data: bytes) -> dict[str, Any]:
    """A frame's JSON object. Raises Malformed."""
    try:
        frame = _parse(data.decode())
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not an answer: {type(error).__name__}") from None
    if not isinstance(frame, dict):
        raise Malformed("not an answer: no object")
    return frame


def decode(value: Any, depth: int = 0) -> Any:
    """One encoded value -> plain Python data (or `Opaque`). Raises Malformed."""
    if depth > MAX_DEPTH:
        raise Malformed("nested too deeply")
    if isinstance(value, list):
        return [decode(item, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("t")
    if value.keys() != {"t", "v"} or not isinstance(kind, str) or kind not in _DECODERS:
        raise Malformed("an unknown kind of value")
    try:
        return _DECODERS[kind](value["v"], depth + 1)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise Malformed(f"a {kind} that is none: {type(error).__name__}") from None


def _list(value: Any, depth: int) -> list[Any]:
    if not isinstance(value, list):
        raise Malformed("items that are no list")
    return [decode(item, depth) for item in value]


def _dict(value: Any, depth: int) -> dict[Any, Any]:
    pairs = [_list(pair, depth) for pair in _require_list(value)]
    check_hashes([key for key, _ in pairs])
    return {key: item for key, item in pairs}


def _require_list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Malformed("items that are no list")
    return value


def _range(value: Any, depth: int) -> range:
    start, stop, step = (int(part) for part in _require_list(value))
    if abs(stop - start) > MAX_RANGE * max(abs(step), 1):
        raise Malformed("a range too long")
    return range(start, stop, step)


def _hashed(value: Any, depth: int) -> list[Any]:
    """Items for a set, of which collisions cannot cost minutes."""
    items = _list(value, depth)
    check_hashes(items)
    return items


def _complex(value: Any, depth: int) -> complex:
    real, imag = (float(part) for part in _require_list(value))
    return complex(real, imag)


def _digits(value: Any) -> str:
    if not isinstance(value, str) or len(value) > MAX_DIGITS:
        raise Malformed("a number too long")
    return value


def _decimal(value: Any, depth: int) -> Decimal:
    made = Decimal(_digits(value))
    # Converting 1e999999999 to an int would fill the memory.
    if made.is_finite() and abs(made.adjusted()) > MAX_DIGITS:
        raise Malformed("a number too long")
    return made


def _fraction(value: Any, depth: int) -> Fraction:
    numerator, denominator = (int(_digits(part), 16) for part in _require_list(value))
    return Fraction(numerator, denominator)


def _timedelta(value: Any, depth: int) -> timedelta:
    days, seconds, microseconds = (int(part) for part in _require_list(value))
    return timedelta(days, seconds, microseconds)


def _deque(value: Any, depth: int) -> deque[Any]:
    return deque(_list(value, depth))


def _opaque(value: Any, depth: int) -> Opaque:
    type_name, text = _require_list(value)
    return Opaque(str(type_name), str(text))


_DECODERS: dict[str, Callable[[Any, int], Any]] = {
    "int": lambda value, depth: int(value, 16),
    "float": lambda value, depth: float(value),
    "complex": _complex,
    "bytes": lambda value, depth: bytes.fromhex(value),
    "tuple": lambda value, depth: tuple(_list(value, depth)),
    "set": lambda value, depth: set(_hashed(value, depth)),
    "frozenset": lambda value, depth: frozenset(_hashed(value, depth)),
    "dict": _dict,
    "range": _range,
    "iterator": lambda value, depth: iter(_list(value, depth)),
    "deque": _deque,
    "decimal": _decimal,
    "fraction": _fraction,
    "date": lambda value, depth: date.fromisoformat(value),
    "datetime": lambda value, depth: datetime.fromisoformat(value),
    "timedelta": _timedelta,
    "opaque": _opaque,
}
