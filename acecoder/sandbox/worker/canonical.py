"""A digest of a plain value, the same for values that are equal in Python.

An answer too large to be sent is compared by it: 1, 1.0 and True have one digest, and so have two
sets or dicts with the same items. A program can only digest what it has computed, so this tells it no
more than sending the answer would. Standard library alone: both sides import this module.
"""

import hashlib
from array import array
from itertools import chain
from typing import Any

CHUNK = 10_000
"""Items of a container that are written at once."""
MAX_DEPTH = 60
MAX_DECIMAL_BITS = 4_000
MAX_EXACT = 2**53
_NUMBERS = frozenset((int, float, bool))
_SELF_EVIDENT = frozenset((str, bytes, type(None)))
"""Types of values that are equal if, and only if, their texts are."""
_SEQUENCES = frozenset((list, tuple))
_DICTS = ("dict", "Counter", "OrderedDict", "defaultdict")


class _NotPlain(Exception):
    """An object of the program's, a number that is not equal to itself, or too deep a nesting."""


def digest_of(value: Any) -> "str | None":
    """Hexadecimal, 64 characters; None where a part of the value is not plain."""
    found = hashlib.blake2b(digest_size=32)
    try:
        for part in _parts(value, 0):
            found.update(part)
    except (_NotPlain, ValueError, RecursionError):
        return None
    return found.hexdigest()


def _parts(value: Any, depth: int) -> Any:
    """The canonical form of a value, in pieces of bytes."""
    if depth > MAX_DEPTH:
        raise _NotPlain
    kind = type(value)
    if kind in _SEQUENCES:
        yield b"[" if kind is list else b"("
        kinds = set(map(type, value))
        if kinds <= _NUMBERS:
            yield from (_numbers(chunk, kinds) for chunk in _chunks(value))
        elif _is_self_evident(value, kinds):
            yield from (_text(list(chunk)) for chunk in _chunks(value))
        else:
            for item in value:
                yield from _parts(item, depth + 1)
        yield b"]"
    elif isinstance(value, (set, frozenset)):
        yield _text(sorted(_whole(item, depth) for item in value))
    elif isinstance(value, dict) and kind.__name__ in _DICTS:
        items = ((_whole(key, depth), _whole(item, depth)) for key, item in value.items())
        yield b"<" + _text(sorted(items))
    else:
        yield _leaf(value)


def _chunks(value: Any) -> Any:
    return (value[start : start + CHUNK] for start in range(0, len(value), CHUNK))


def _whole(value: Any, depth: int) -> bytes:
    return b"".join(_parts(value, depth + 1))


def _text(value: Any) -> bytes:
    return repr(value).encode("utf-8", "surrogatepass") + b";"


def _numbers(chunk: Any, kinds: Any) -> bytes:
    """Numbers of a list or tuple; those that are equal are written alike."""
    if -MAX_EXACT <= min(chunk) and max(chunk) <= MAX_EXACT:
        # Every one of them is a float, exactly; but for -0.0, which is equal to 0.
        exact = array("d", chunk if 0 not in chunk else [x or 0 for x in chunk])
        if float not in kinds or sum(exact) == sum(exact):
            return b"d" + exact.tobytes()
    text = _text([int(x) if type(x) is not int and x % 1 == 0 else x for x in chunk])
    if b"nan" in text:
        raise _NotPlain
    return text


def _is_self_evident(value: Any, kinds: Any) -> bool:
    """Does its `repr` tell it from all that it is not equal to? Looked at level by level."""
    level = value
    for _ in range(3):
        if kinds <= _SELF_EVIDENT:
            return True
        if not kinds <= _SEQUENCES:
            return False
        kinds = set(map(type, chain.from_iterable(level)))
        if not kinds <= _SELF_EVIDENT:
            level = list(chain.from_iterable(level))
    return False


def _leaf(value: Any) -> bytes:
    kind = type(value)
    if kind is complex and not value.imag:
        value, kind = value.real, float
    if kind is float and value.is_integer():
        value, kind = int(value), int
    if kind is bool or kind is int:
        number = int(value)
        return _text(number) if number.bit_length() < MAX_DECIMAL_BITS else hex(number).encode()
    if (kind is float or kind is complex) and value == value:
        return _text(value)
    if kind in _SELF_EVIDENT:
        return _text(value)
    raise _NotPlain
