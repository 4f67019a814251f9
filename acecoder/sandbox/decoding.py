"""Bytes from a sandboxed process -> plain data; a closed parser.

Every byte is assumed hostile: sizes are bounded by the caller, nesting and types here, and only
plain values come out. What a program returned that is not plain is `Opaque`, equal to nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

MAX_DEPTH = 70
MAX_RANGE = 100_000
MAX_HASHED = 5_000


class Malformed(Exception):
    """The bytes are not an answer this parser knows."""


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


def parse_frame(data: bytes) -> dict[str, Any]:
    """A frame's JSON object. Raises Malformed."""
    try:
        frame = json.loads(data)
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
    except (TypeError, ValueError, OverflowError) as error:
        raise Malformed(f"a {kind} that is none: {type(error).__name__}") from None


def _list(value: Any, depth: int) -> list[Any]:
    if not isinstance(value, list):
        raise Malformed("items that are no list")
    return [decode(item, depth) for item in value]


def _dict(value: Any, depth: int) -> dict[Any, Any]:
    pairs = _require_list(value)
    if len(pairs) > MAX_HASHED:
        raise Malformed(f"more than {MAX_HASHED} hashed items")
    return {key: item for key, item in (_list(pair, depth) for pair in pairs)}


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
    """Items for a set or the keys of a dict: few enough that collisions cannot cost minutes."""
    items = _list(value, depth)
    if len(items) > MAX_HASHED:
        raise Malformed(f"more than {MAX_HASHED} hashed items")
    return items


def _complex(value: Any, depth: int) -> complex:
    real, imag = (float(part) for part in _require_list(value))
    return complex(real, imag)


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
    "opaque": _opaque,
}
