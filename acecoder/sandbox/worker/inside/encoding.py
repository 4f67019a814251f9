"""What a program answered, as plain JSON data for the trusted side's closed decoder.

Plain values keep their type; a subclass of a plain type is taken by its plain value, so that an
`__eq__` it defines never has a say; numpy scalars and arrays become numbers and lists; anything
else is opaque: its type's name and the start of its repr, equal to nothing.
"""

import collections
import datetime
import decimal
import fractions
import itertools
import types
from typing import Any

MAX_DEPTH = 60
MAX_ITEMS = 20_000


def encode(value: Any, depth: int = 0) -> object:
    """Plain JSON data: null, booleans, strings, finite floats and lists stand for themselves."""
    if value is None or value is True or value is False:
        return value
    if depth > MAX_DEPTH:
        return _opaque(value)
    kind = type(value)
    if kind.__module__ == "numpy":
        return _encode_numpy(value, depth)
    if kind in _EXACT:  # no subclass: its own `__eq__` or `__str__` would have a say
        encoded: object = _EXACT[kind](value, depth)
        return encoded
    for plain, encoder in _ENCODERS:
        if isinstance(value, plain):
            encoded = encoder(value, depth)
            return encoded
    if isinstance(value, _ITERATORS):
        return {"t": "iterator", "v": _drawn(value, depth)}
    return _opaque(value)


def _opaque(value: object) -> object:
    try:
        text = repr(value)[:200]
    except BaseException:
        text = ""
    return {"t": "opaque", "v": [type(value).__name__[:80], text]}


def _encode_int(value: int, depth: int) -> object:
    # Hexadecimal: Python refuses decimal texts of over 4300 digits.
    number = int.__index__(value)
    return number if -(2**53) < number < 2**53 else {"t": "int", "v": hex(number)}


def _encode_float(value: float, depth: int) -> object:
    return {"t": "float", "v": float.__repr__(value)}


def _encode_complex(value: complex, depth: int) -> object:
    return {"t": "complex", "v": [float.__repr__(value.real), float.__repr__(value.imag)]}


def _encode_str(value: str, depth: int) -> object:
    return str.__str__(value)


def _encode_bytes(value: bytes, depth: int) -> object:
    return {"t": "bytes", "v": bytes(value).hex()}


def _items(kind: Any, value: Any, depth: int) -> list[object]:
    items: list[object] = []
    for item in kind.__iter__(value):
        if len(items) >= MAX_ITEMS:
            raise ValueError(f"an answer of more than {MAX_ITEMS} items")
        items.append(encode(item, depth + 1))
    return items


def _drawn(value: Any, depth: int) -> list[object]:
    """What an iterator or a dict's view yields: equal to no list, but `list(...)` of it is one."""
    items: list[object] = []
    for item in value:
        if len(items) >= MAX_ITEMS:
            raise ValueError(f"an answer of more than {MAX_ITEMS} items")
        items.append(encode(item, depth + 1))
    return items


_ITERATORS: tuple[type, ...] = (
    itertools.chain, itertools.accumulate, itertools.islice, itertools.combinations,
    itertools.permutations, itertools.product, itertools.starmap, itertools.takewhile,
    itertools.dropwhile, itertools.filterfalse, itertools.compress, itertools.zip_longest,
    itertools.pairwise, itertools.repeat, itertools.cycle, itertools.count,
    types.GeneratorType, map, zip, filter, enumerate, reversed, type({}.keys()), type({}.values()),
    type({}.items()), type(iter([])), type(iter(())), type(iter("")), type(iter({})),
    type(iter(set())), type(iter(range(0))), type(reversed([])),
)  # fmt: skip


def _encode_list(value: list[Any], depth: int) -> object:
    return _items(list, value, depth)


def _encode_tuple(value: tuple[Any, ...], depth: int) -> object:
    return {"t": "tuple", "v": _items(tuple, value, depth)}


def _encode_set(value: set[Any], depth: int) -> object:
    return {"t": "set", "v": _items(set, value, depth)}


def _encode_frozenset(value: frozenset[Any], depth: int) -> object:
    return {"t": "frozenset", "v": _items(frozenset, value, depth)}


def _encode_dict(value: dict[Any, Any], depth: int) -> object:
    return {"t": "dict", "v": [_items(tuple, pair, depth) for pair in dict.items(value)]}


def _encode_range(value: range, depth: int) -> object:
    return {"t": "range", "v": [value.start, value.stop, value.step]}


def _encode_numpy(value: Any, depth: int) -> object:
    if type(value).__name__ == "ndarray":
        if value.size > MAX_ITEMS:
            raise ValueError(f"an answer of more than {MAX_ITEMS} items")
        return encode(value.tolist(), depth + 1)
    plain = value.item() if hasattr(value, "item") else value
    return _opaque(value) if type(plain) is type(value) else encode(plain, depth + 1)


def _encode_deque(value: Any, depth: int) -> object:
    return {"t": "deque", "v": _items(collections.deque, value, depth)}


def _encode_fraction(value: Any, depth: int) -> object:
    return {"t": "fraction", "v": [hex(value.numerator), hex(value.denominator)]}


def _encode_datetime(value: Any, depth: int) -> object:
    # A zone may be an object of the program's.
    return _opaque(value) if value.tzinfo else {"t": "datetime", "v": value.isoformat()}


def _encode_timedelta(value: Any, depth: int) -> object:
    return {"t": "timedelta", "v": [value.days, value.seconds, value.microseconds]}


_EXACT: dict[type, Any] = {
    collections.deque: _encode_deque,
    decimal.Decimal: lambda value, depth: {"t": "decimal", "v": str(value)},
    fractions.Fraction: _encode_fraction,
    datetime.date: lambda value, depth: {"t": "date", "v": value.isoformat()},
    datetime.datetime: _encode_datetime,
    datetime.timedelta: _encode_timedelta,
}
_ENCODERS: tuple[tuple[type, Any], ...] = (
    (int, _encode_int), (float, _encode_float), (str, _encode_str), (list, _encode_list),
    (tuple, _encode_tuple), (dict, _encode_dict), (set, _encode_set),
    (frozenset, _encode_frozenset), (bytes, _encode_bytes), (bytearray, _encode_bytes),
    (complex, _encode_complex), (range, _encode_range),
)  # fmt: skip
