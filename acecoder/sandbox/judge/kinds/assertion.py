"""One assert statement, as text."""

from __future__ import annotations

from acecoder.sandbox.judge.asserts import plan
from acecoder.sandbox.judge.kinds.kind import Kind

KIND = Kind(str, plan)
