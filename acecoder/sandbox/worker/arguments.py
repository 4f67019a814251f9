"""The arguments of a call as JSON text, read back in the process that makes the call.

JSON's own values stand for themselves. What it has no form for is an object with `t` and `v`, as in
answers (`inside.encoding`): a tuple, a set, a frozenset, a complex number, bytes, a dict, and an int
too long for a decimal text. Standard library alone: the worker imports this module too.
"""

import json
from typing import Any

MAX_DECIMAL_BITS = 4_000
"""Of an int that is written in decimal; Python limits how long such a text may be."""


def written(arguments: "list[Any] | tuple[Any, ...]") -> str:
    """The arguments as JSON text. Raises TypeError on a value that has no form."""
    return json.dumps([_encoded(each) for each in arguments], separators=(",", ":"))


def read(text: str) -> "list[Any]":
    """The inverse of `written`. Raises ValueError, KeyError or TypeError on anything else."""
    found = json.loads(text)
    if not isinstance(found, list):
        raise TypeError("arguments are a list")
    return found if '{"t":' not in text else [_decoded(each) for each in found]


def _encoded(value: Any) -> Any:
    kind = type(value)
    if value is None or kind in (bool, float, str):
        return value
    if kind is int:
        return value if value.bit_length() < MAX_DECIMAL_BITS else {"t": "int", "v": hex(value)}
    if kind is list:
        return [_encoded(each) for each in value]
    if kind is dict:
        return {"t": "dict", "v": [[_encoded(k), _encoded(v)] for k, v in value.items()]}
    if kind in (tuple, set, frozenset):
        return {"t": kind.__name__, "v": [_encoded(each) for each in value]}
    if kind is complex:
        return {"t": "complex", "v": [value.real, value.imag]}
    if kind is bytes:
        return {"t": "bytes", "v": value.hex()}
    raise TypeError(f"a {kind.__name__} cannot be an argument")


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_decoded(each) for each in value]
    if isinstance(value, dict):
        return _DECODERS[value["t"]](value["v"])
    return value


_DECODERS: "dict[str, Any]" = {
    "int": lambda value: int(value, 16),
    "tuple": lambda value: tuple(_decoded(value)),
    "set": lambda value: set(_decoded(value)),
    "frozenset": lambda value: frozenset(_decoded(value)),
    "dict": lambda value: dict(_decoded(value)),
    "complex": lambda value: complex(*value),
    "bytes": bytes.fromhex,
}
