"""What a kind of test is to the judge: a class of tests, and how one is held against a program.

An open room: a module of this package with a `KIND` is one kind. Its class of tests stands in `schema`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from acecoder.sandbox.judge.asserts import Plan
from acecoder.sandbox.judge.calls import Call
from acecoder.schema import Comparison, Test

ROOM = "acecoder.sandbox.judge.kinds"


@dataclass(frozen=True)
class Script:
    """To be run as a script with this on its standard input, and to print that."""

    input: str
    output: str
    compare: Comparison = "numbers"
    """The rule by which the two texts are held against each other (`judge.stdin`)."""


Planned = Plan | Script | Call
"""How one test is judged."""


@dataclass(frozen=True)
class Kind:
    """One kind of test."""

    type: type
    """The class of its tests, in `schema.Test`."""
    plan: Callable[[Any, str], Planned]
    """How a test is held against a program, whose entry point is the second argument; may raise on
    a test that cannot be read."""


def plan_of(test: Test, entry_point: str = "") -> Planned:
    """How a test of any kind is judged. A fault of the planner may cost a test, never the run."""
    try:
        return kinds()[type(test)].plan(test, entry_point)
    except Exception as fault:
        return Plan(broken=f"not to be read: {type(fault).__name__}")


@lru_cache(maxsize=1)
def kinds() -> dict[type, Kind]:
    """All kinds, by the class of their tests."""
    package = importlib.import_module(ROOM)
    names = [module.name for module in pkgutil.iter_modules(package.__path__)]
    modules = [importlib.import_module(f"{ROOM}.{name}") for name in names]
    found: list[Kind] = [module.KIND for module in modules if hasattr(module, "KIND")]
    return {kind.type: kind for kind in found}
