"""A text on standard input, and the text that must come on standard output."""

from __future__ import annotations

from acecoder.sandbox.judge.kinds.kind import Kind, Script
from acecoder.schema import StdinTest


def _plan(test: StdinTest, entry_point: str) -> Script:
    return Script(test.input, test.output, test.compare)


KIND = Kind(StdinTest, _plan)
