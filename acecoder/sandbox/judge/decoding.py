"""Bytes from a sandboxed process -> plain data; a closed parser.

Every byte is assumed hostile: sizes are bounded by the caller, nesting and types here, and only
plain values come out. What a program returned that is not plain is `Opaque`.
"""

from __future__ import annotations

import json
import re
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from acecoder.sandbox.judge.values import (
    Malformed,
    Opaque,
    OrderedFrozenset,
    OrderedSet,
    of_subclass,
)

MAX_DEPTH = 70
MAX_RANGE = 1_000_000
MAX_COLLISIONS = 500
MAX_DIGITS = 5_000
"""Of a Decimal or a Fraction."""
MAX_ARRAY_BYTES = 8 << 20
DTYPE = re.compile(r"[<>|=]?(?:b1|[iu][1248]|f[248]|c(?:8|16)|U\d{1,6})")
"""Of numpy arrays and scalars that are read: numbers, truth values and texts."""
MALFORMED = "Malformed"


def check_hashes(items: Sequence[Any]) -> None:
    """Raises Malformed where different items have the same hash too often.

    Numbers can be chosen so that a set of a few thousand takes minutes. TypeError on what cannot
    be hashed.
    """
    first: dict[int, Any] = {}
    collisions = 0
    for item in items:
        other = first.setdefault(hash(item), item)
        collisions += other is not item and not isinstance(item, Opaque) and other != item
        if collisions > MAX_COLLISIONS:
            raise Malformed("hashes that collide")


@dataclass(frozen=True, slots=True)
class Raised:
    """What a call of a test ended with, in the place of its value."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Frame:
    """One answer: the values of a test's calls, or the error that ended it."""

    values: list[Any] | None = None
    """Encoded, see `decode`."""
    error: tuple[str, str] | None = None
    """The name of its class, as the program tells it, and its text."""
    digest: str = ""
    """Of a value too large to be sent (`worker.canonical`)."""


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
    digest = frame.get("digest")
    if isinstance(digest, str) and digest and not error:
        return Frame(digest=digest)
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


def decode(value: Any) -> Any:
    """One encoded value -> plain Python data (or `Opaque`). Raises Malformed."""
    return Decoder().value(value, 0)


def decode_all(values: list[Any]) -> list[Any]:
    """The values of one test's calls, among which an object stays the same object."""
    decoder = Decoder()
    return [decoder.value(value, 0) for value in values]


class Decoder:
    """Reads the answers of one test."""

    def __init__(self) -> None:
        self._objects: dict[int, Opaque] = {}
        """By the number that the program's side gave them."""

    def value(self, value: Any, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise Malformed("nested too deeply")
        if isinstance(value, list):
            return [self.value(item, depth + 1) for item in value]
        if not isinstance(value, dict):
            return value
        kind = value.get("t")
        if value.keys() != {"t", "v"} or not isinstance(kind, str) or kind not in _DECODERS:
            raise Malformed("an unknown kind of value")
        try:
            return _DECODERS[kind](self, value["v"], depth + 1)
        except (TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise Malformed(f"a {kind} that is none: {type(error).__name__}") from None

    def items(self, value: Any, depth: int) -> list[Any]:
        return [self.value(item, depth) for item in _require_list(value)]

    def hashed(self, value: Any, depth: int) -> list[Any]:
        """Items for a set, of which collisions cannot cost minutes."""
        items = self.items(value, depth)
        check_hashes(items)
        return items

    def pairs(self, value: Any, depth: int) -> list[tuple[Any, Any]]:
        pairs = [self.items(pair, depth) for pair in _require_list(value)]
        check_hashes([key for key, _ in pairs])
        return [(key, item) for key, item in pairs]

    def opaque(self, value: Any, depth: int) -> Opaque:
        number, kind, type_name, text, compares, truth, length, items = _require_list(value)
        if number in self._objects:
            return self._objects[number]
        made = self._objects[int(number)] = Opaque(
            str(type_name),
            str(text),
            kind=int(kind),
            compares=bool(compares),
            truth=None if truth is None else bool(truth),
            length=None if length is None else min(max(int(length), 0), 1 << 40),
        )
        made.items = None if items is None else self.items(items, depth)
        return made

    def subclass(self, value: Any, depth: int) -> Any:
        kind, plain, shown, told = _require_list(value)
        texts = [None if text is None else str(text) for text in (shown, told)]
        return of_subclass(self.value(plain, depth), int(kind), *texts)

    def array(self, value: Any, depth: int) -> Any:
        dtype, shape, items = _require_list(value)
        import numpy

        read = _dtype(dtype)
        flat = _plain(items)
        if len(flat) * read.itemsize > MAX_ARRAY_BYTES or len(_require_list(shape)) > 16:
            raise Malformed("an array too large")
        return numpy.array(self.items(flat, depth), dtype=read).reshape([int(n) for n in shape])

    def scalar(self, value: Any, depth: int) -> Any:
        dtype, item = _require_list(value)
        return _dtype(dtype).type(self.value(item, depth))


def _dtype(name: Any) -> Any:
    import numpy

    if not isinstance(name, str) or not DTYPE.fullmatch(name):
        raise Malformed("an array of an unknown kind")
    return numpy.dtype(name)


def _plain(items: Any) -> list[Any]:
    """Items of an array: no containers, which numpy would make more dimensions of."""
    flat = _require_list(items)
    if any(
        isinstance(item, list)
        or (isinstance(item, dict) and item.get("t") not in ("int", "float", "complex"))
        for item in flat
    ):
        raise Malformed("an array of containers")
    return flat


def _require_list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Malformed("items that are no list")
    return value


def _range(decoder: Decoder, value: Any, depth: int) -> range:
    start, stop, step = (int(part) for part in _require_list(value))
    if abs(stop - start) > MAX_RANGE * max(abs(step), 1):
        raise Malformed("a range too long")
    return range(start, stop, step)


def _complex(decoder: Decoder, value: Any, depth: int) -> complex:
    real, imag = (float(part) for part in _require_list(value))
    return complex(real, imag)


def _digits(value: Any) -> str:
    if not isinstance(value, str) or len(value) > MAX_DIGITS:
        raise Malformed("a number too long")
    return value


def _decimal(decoder: Decoder, value: Any, depth: int) -> Decimal:
    made = Decimal(_digits(value))
    # Converting 1e999999999 to an int would fill the memory.
    if made.is_finite() and abs(made.adjusted()) > MAX_DIGITS:
        raise Malformed("a number too long")
    return made


def _fraction(decoder: Decoder, value: Any, depth: int) -> Fraction:
    numerator, denominator = (int(_digits(part), 16) for part in _require_list(value))
    return Fraction(numerator, denominator)


def _timedelta(decoder: Decoder, value: Any, depth: int) -> timedelta:
    days, seconds, microseconds = (int(part) for part in _require_list(value))
    return timedelta(days, seconds, microseconds)


def _deque(decoder: Decoder, value: Any, depth: int) -> deque[Any]:
    items, most = _require_list(value)
    return deque(decoder.items(items, depth), None if most is None else int(most))


BUILTIN_TYPES: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        bool, bytearray, bytes, complex, dict, float, frozenset, int, list, range, set, str, tuple,
    )
}  # fmt: skip


def _defaultdict(decoder: Decoder, value: Any, depth: int) -> defaultdict[Any, Any]:
    factory, pairs = _require_list(value)
    made = OrderedSet if factory == "set" else BUILTIN_TYPES.get(str(factory))
    return defaultdict(made, decoder.pairs(pairs, depth))


def _counter(decoder: Decoder, value: Any, depth: int) -> Counter[Any]:
    made: Counter[Any] = Counter()
    for key, count in decoder.pairs(value, depth):
        made[key] = count
    return made


def _items_view(decoder: Decoder, value: Any, depth: int) -> Any:
    return dict(decoder.pairs(value, depth)).items()


def _raised(decoder: Decoder, value: Any, depth: int) -> Raised:
    name, text = _require_list(value)
    return Raised(str(name), str(text))


_DECODERS: dict[str, Callable[[Decoder, Any, int], Any]] = {
    "int": lambda decoder, value, depth: int(value, 16),
    "float": lambda decoder, value, depth: float(value),
    "complex": _complex,
    "bytes": lambda decoder, value, depth: bytes.fromhex(value),
    "bytearray": lambda decoder, value, depth: bytearray.fromhex(value),
    "tuple": lambda decoder, value, depth: tuple(decoder.items(value, depth)),
    "set": lambda decoder, value, depth: OrderedSet(decoder.hashed(value, depth)),
    "frozenset": lambda decoder, value, depth: OrderedFrozenset(decoder.hashed(value, depth)),
    "dict": lambda decoder, value, depth: dict(decoder.pairs(value, depth)),
    "ordereddict": lambda decoder, value, depth: OrderedDict(decoder.pairs(value, depth)),
    "defaultdict": _defaultdict,
    "counter": _counter,
    "keys": lambda decoder, value, depth: dict.fromkeys(decoder.hashed(value, depth)).keys(),
    "values": lambda decoder, value, depth: dict(enumerate(decoder.items(value, depth))).values(),
    "items": _items_view,
    "range": _range,
    "iterator": lambda decoder, value, depth: iter(decoder.items(value, depth)),
    "deque": _deque,
    "decimal": _decimal,
    "fraction": _fraction,
    "date": lambda decoder, value, depth: date.fromisoformat(value),
    "datetime": lambda decoder, value, depth: datetime.fromisoformat(value),
    "time": lambda decoder, value, depth: time.fromisoformat(value),
    "timedelta": _timedelta,
    "type": lambda decoder, value, depth: BUILTIN_TYPES[value],
    "array": Decoder.array,
    "scalar": Decoder.scalar,
    "sub": Decoder.subclass,
    "opaque": Decoder.opaque,
    "raised": _raised,
}
