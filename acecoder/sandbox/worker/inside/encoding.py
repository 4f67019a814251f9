"""What a program answered, as plain JSON data for the trusted side's closed decoder.

Plain values keep their type. A value of a program's subclass of a plain type is sent as its plain
value, so that an `__eq__` it defines never has a say, with what its class shows of it. Numpy's
arrays and scalars keep their dtype. Any other object is sent as a description: the name of its
type, its text, its truth, its length, the items it yields, and which answers are that same object.
"""

import collections
import datetime
import decimal
import fractions
import itertools
import types
from typing import Any

MAX_DEPTH = 60
MAX_ITEMS = 100_000
"""Of one container; the size of a whole answer is bounded in bytes."""
MAX_TEXT = 2_000
"""Characters of what an object of the program's shows of itself."""

Seen = dict[int, tuple[int, object]]
"""The objects and classes met in one test's answers: their number, and they themselves, so that no
other object takes their place in memory."""


def encode_all(values: list[Any]) -> list[object]:
    """The values of one test's calls, in which an object stays the same object."""
    seen: Seen = {}
    return [encode(value, 0, seen) for value in values]


def encode(value: Any, depth: int = 0, seen: "Seen | None" = None) -> object:
    """Plain JSON data: null, booleans, strings, small ints and lists stand for themselves."""
    if value is None or value is True or value is False:
        return value
    seen = {} if seen is None else seen
    if depth > MAX_DEPTH:
        return _opaque(value, depth, seen)
    kind = type(value)
    if kind in _EXACT:
        encoded: object = _EXACT[kind](value, depth, seen)
        return encoded
    if kind.__module__ == "numpy":
        return _encode_numpy(value, depth, seen)
    for plain in _EXTENDABLE:
        if isinstance(value, plain):  # its own `__eq__` or `__str__` must not have a say
            return _encode_subclass(plain, value, depth, seen)
    if isinstance(value, _ITERATORS):
        return _encode_iterator(value, depth, seen)
    return _opaque(value, depth, seen)


def _number(thing: object, seen: Seen) -> "tuple[int, bool]":
    """Its number among the things met, and whether it was met before."""
    known = id(thing) in seen
    if not known:
        seen[id(thing)] = (len(seen), thing)
    return seen[id(thing)][0], known


def _asked(function: Any, value: object, otherwise: Any) -> Any:
    """What a method of the program's class says, if it says anything."""
    try:
        return function(value)
    except BaseException:
        return otherwise


def _opaque(value: object, depth: int, seen: Seen) -> object:
    kind = type(value)
    class_number, _ = _number(kind, seen)
    number, known = _number(value, seen)
    if known:
        return {"t": "opaque", "v": [number, class_number, "", "", False, None, None, None]}
    told: list[object] = [
        number,
        class_number,
        kind.__name__[:80],
        _asked(repr, value, "")[:MAX_TEXT],
        kind.__eq__ is not object.__eq__,
        _asked(bool, value, None),
        _asked(len, value, None) if hasattr(kind, "__len__") else None,
        _asked(lambda it: _drawn(it, depth, seen), value, None)
        if depth == 0 and hasattr(kind, "__iter__")
        else None,
    ]
    return {"t": "opaque", "v": told}


def _encode_subclass(plain: type, value: Any, depth: int, seen: Seen) -> object:
    kind = type(value)
    shown = told = None
    if kind.__repr__ is not plain.__repr__ or plain in _NAMES_ITSELF:
        shown = _asked(repr, value, "")[:MAX_TEXT]
    if kind.__str__ is not plain.__str__:
        told = _asked(str, value, "")[:MAX_TEXT]
    number, _ = _number(kind, seen)
    return {"t": "sub", "v": [number, _EXACT[plain](value, depth, seen), shown, told]}


def _encode_int(value: int, depth: int, seen: Seen) -> object:
    # Hexadecimal: Python refuses decimal texts of over 4300 digits.
    number = int.__index__(value)
    return number if -(2**53) < number < 2**53 else {"t": "int", "v": hex(number)}


def _encode_float(value: float, depth: int, seen: Seen) -> object:
    return {"t": "float", "v": float.__repr__(value)}


def _encode_complex(value: complex, depth: int, seen: Seen) -> object:
    return {"t": "complex", "v": [float.__repr__(value.real), float.__repr__(value.imag)]}


def _encode_str(value: str, depth: int, seen: Seen) -> object:
    return str.__str__(value)


def _encode_bytes(value: bytes, depth: int, seen: Seen) -> object:
    return {"t": "bytes", "v": bytes.hex(value)}


def _encode_bytearray(value: bytearray, depth: int, seen: Seen) -> object:
    return {"t": "bytearray", "v": bytearray.hex(value)}


def _items(kind: Any, value: Any, depth: int, seen: Seen) -> list[object]:
    items: list[object] = []
    for item in kind.__iter__(value):
        if len(items) >= MAX_ITEMS:
            raise ValueError(f"an answer of more than {MAX_ITEMS} items")
        items.append(encode(item, depth + 1, seen))
    return items


def _drawn(value: Any, depth: int, seen: Seen) -> "list[object] | None":
    """What something yields; None where that is too much."""
    items: list[object] = []
    for item in value:
        if len(items) >= MAX_ITEMS:
            return None
        items.append(encode(item, depth + 1, seen))
    return items


def _encode_iterator(value: Any, depth: int, seen: Seen) -> object:
    items = _drawn(value, depth, seen)
    return _opaque(value, MAX_DEPTH, seen) if items is None else {"t": "iterator", "v": items}


_ITERATORS: tuple[type, ...] = (
    itertools.chain, itertools.accumulate, itertools.islice, itertools.combinations,
    itertools.permutations, itertools.product, itertools.starmap, itertools.takewhile,
    itertools.dropwhile, itertools.filterfalse, itertools.compress, itertools.zip_longest,
    itertools.pairwise, itertools.repeat, itertools.cycle, itertools.count,
    types.GeneratorType, map, zip, filter, enumerate, reversed,
    type(iter([])), type(iter(())), type(iter("")), type(iter({})),
    type(iter(set())), type(iter(range(0))), type(reversed([])),
)  # fmt: skip


def _encode_list(value: list[Any], depth: int, seen: Seen) -> object:
    return _items(list, value, depth, seen)


def _encode_tuple(value: tuple[Any, ...], depth: int, seen: Seen) -> object:
    return {"t": "tuple", "v": _items(tuple, value, depth, seen)}


def _encode_set(value: set[Any], depth: int, seen: Seen) -> object:
    return {"t": "set", "v": _items(set, value, depth, seen)}


def _encode_frozenset(value: frozenset[Any], depth: int, seen: Seen) -> object:
    return {"t": "frozenset", "v": _items(frozenset, value, depth, seen)}


def _pairs(value: dict[Any, Any], depth: int, seen: Seen) -> list[object]:
    return [_items(tuple, pair, depth, seen) for pair in dict.items(value)]


def _encode_dict(value: dict[Any, Any], depth: int, seen: Seen) -> object:
    return {"t": "dict", "v": _pairs(value, depth, seen)}


def _encode_defaultdict(value: Any, depth: int, seen: Seen) -> object:
    factory = getattr(value.default_factory, "__name__", "")
    return {"t": "defaultdict", "v": [str(factory)[:20], _pairs(value, depth, seen)]}


def _encode_range(value: range, depth: int, seen: Seen) -> object:
    return {"t": "range", "v": [value.start, value.stop, value.step]}


def _encode_view(kind: str, value: Any, depth: int, seen: Seen) -> object:
    items = [encode(item, depth + 1, seen) for item in value]
    if kind == "items":
        items = [_items(tuple, pair, depth, seen) for pair in value]
    return {"t": kind, "v": items}


def _encode_numpy(value: Any, depth: int, seen: Seen) -> object:
    dtype = getattr(value, "dtype", None)
    if getattr(dtype, "kind", "") not in tuple("biufcU") or dtype is None or dtype.itemsize == 0:
        return _opaque(value, depth, seen)
    if type(value).__name__ == "ndarray":
        if value.size > MAX_ITEMS:
            raise ValueError(f"an answer of more than {MAX_ITEMS} items")
        items = [encode(item, depth, seen) for item in value.ravel().tolist()]
        return {"t": "array", "v": [dtype.str, list(value.shape), items]}
    if not hasattr(value, "item") or getattr(value, "shape", None) != ():
        return _opaque(value, depth, seen)
    plain = value.item()
    if type(plain) is type(value):
        return _opaque(value, depth, seen)
    return {"t": "scalar", "v": [dtype.str, encode(plain, depth, seen)]}


def _encode_deque(value: Any, depth: int, seen: Seen) -> object:
    return {"t": "deque", "v": [_items(collections.deque, value, depth, seen), value.maxlen]}


def _encode_fraction(value: Any, depth: int, seen: Seen) -> object:
    return {"t": "fraction", "v": [hex(value.numerator), hex(value.denominator)]}


def _encode_datetime(value: Any, depth: int, seen: Seen) -> object:
    # A zone may be an object of the program's.
    if value.tzinfo:
        return _opaque(value, depth, seen)
    return {"t": type(value).__name__, "v": value.isoformat()}


def _encode_timedelta(value: Any, depth: int, seen: Seen) -> object:
    return {"t": "timedelta", "v": [value.days, value.seconds, value.microseconds]}


def _encode_type(value: type, depth: int, seen: Seen) -> object:
    known = value.__module__ == "builtins" and value.__name__ in _TYPES
    return {"t": "type", "v": value.__name__} if known else _opaque(value, depth, seen)


_TYPES = frozenset(
    "bool bytearray bytes complex dict float frozenset int list range set str tuple".split()
)
_EXTENDABLE: tuple[type, ...] = (
    int, float, str, list, tuple, collections.OrderedDict, dict, set, frozenset, bytes, bytearray,
    complex, collections.deque,
)  # fmt: skip
"""Plain types of which a program may have subclasses."""
_NAMES_ITSELF = (set, frozenset, bytearray, collections.deque)
"""Whose `repr` has the name of a subclass in it."""
_EXACT: dict[type, Any] = {
    int: _encode_int,
    float: _encode_float,
    str: _encode_str,
    list: _encode_list,
    tuple: _encode_tuple,
    dict: _encode_dict,
    set: _encode_set,
    frozenset: _encode_frozenset,
    bytes: _encode_bytes,
    bytearray: _encode_bytearray,
    complex: _encode_complex,
    range: _encode_range,
    type: _encode_type,
    type({}.keys()): lambda value, depth, seen: _encode_view("keys", value, depth, seen),
    type({}.values()): lambda value, depth, seen: _encode_view("values", value, depth, seen),
    type({}.items()): lambda value, depth, seen: _encode_view("items", value, depth, seen),
    collections.Counter: lambda value, depth, seen: {
        "t": "counter",
        "v": _pairs(value, depth, seen),
    },
    collections.OrderedDict: lambda value, depth, seen: {
        "t": "ordereddict",
        "v": _pairs(value, depth, seen),
    },
    collections.defaultdict: _encode_defaultdict,
    collections.deque: _encode_deque,
    decimal.Decimal: lambda value, depth, seen: {"t": "decimal", "v": str(value)},
    fractions.Fraction: _encode_fraction,
    datetime.date: lambda value, depth, seen: {"t": "date", "v": value.isoformat()},
    datetime.datetime: _encode_datetime,
    datetime.time: _encode_datetime,
    datetime.timedelta: _encode_timedelta,
}
