"""A call with arguments: what the program's function answers, or a digest of what is too large."""

import json
import time
from typing import Any

from .. import arguments, canonical
from ..wire import Data
from . import encoding

TIME_BYTES = 64
"""Of an answer, for the time it took."""


def answer(function: Any, test: Data, max_bytes: int) -> str:
    """The answer to the arguments of a test, as JSON. Raises what the function raises."""
    began_s = _cpu_clock()
    value = function(*_read_arguments(test["arguments"]))
    can_be_sent = _can_be_sent(value, max_bytes)
    text = _dumps({"values": encoding.encode_all([value])}) if can_be_sent else ""
    if not 0 < len(text) <= max_bytes - TIME_BYTES:
        digest = _digest_of(value)
        if digest is None:
            raise ValueError("an answer too large, and not of plain values")
        text = _dumps({"digest": digest})
    return f'{text[:-1]}, "cpu_s": {_cpu_clock() - began_s}}}' if test.get("timed") else text


def _can_be_sent(value: Any, max_bytes: int) -> bool:
    """Is it worth being written out? Not where its texts and items alone are too many; an item of a
    list takes three bytes or more."""
    kind = type(value)
    if kind in (str, bytes):
        return len(value) <= max_bytes
    if kind not in (list, tuple, set, frozenset, dict):
        return True
    if 3 * len(value) > max_bytes:
        return False
    items = value.values() if kind is dict else value
    return sum(len(item) for item in items if type(item) in (list, tuple, str)) <= max_bytes


# Bound here, before a program can put its own in their place; it would fool only itself.
_read_arguments, _digest_of = arguments.read, canonical.digest_of
_dumps, _cpu_clock = json.dumps, time.process_time
