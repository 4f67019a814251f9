"""A file of unittest or pytest style, run beside the program; judged under the weaker rule."""

from __future__ import annotations

from acecoder.sandbox.judge.asserts import Plan, plan_file
from acecoder.sandbox.judge.kinds.kind import Kind
from acecoder.schema import UnittestTest


def _plan(test: UnittestTest, entry_point: str) -> Plan:
    return plan_file(test.code, entry_point)


KIND = Kind(UnittestTest, _plan)
