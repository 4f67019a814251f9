"""Arguments for the entry point, and the value that must come; or the reference says which."""

from __future__ import annotations

from acecoder.sandbox.judge.asserts import Plan
from acecoder.sandbox.judge.calls import Call, Expected
from acecoder.sandbox.judge.kinds.kind import Kind, Planned
from acecoder.sandbox.judge.oracles import ORACLES
from acecoder.sandbox.worker import arguments
from acecoder.schema import CallTest


def _plan(test: CallTest, entry_point: str) -> Planned:
    if not entry_point:
        return Plan(broken="a call, and its problem names no entry point")
    if test.oracle not in ORACLES:
        return Plan(broken=f"by an unknown oracle, {test.oracle!r} (known: {', '.join(ORACLES)})")
    arguments.read(test.arguments)
    expected = None
    if test.expected is not None:
        expected = Expected(given=tuple(arguments.read(test.expected)[:1]))
    return Call(entry_point, test.arguments, test.oracle, test.tolerance, expected)


KIND = Kind(CallTest, _plan)
