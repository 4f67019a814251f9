"""Hold a sandbox to its promises: attacks get no credit, honest oddities pass, nobody is harmed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from acecoder.sandbox.conformance.programs import ATTACKS, HOSTILE_TESTS, ODDITIES, RIGHT
from acecoder.sandbox.contract import Job, Judged, Limits
from acecoder.sandbox.opening import Sandbox
from acecoder.schema import Outcome, Test

LIMITS = Limits(test_cpu_s=0.3, test_wall_s=4.0, setup_cpu_s=2.0, max_timeouts=1)
"""Short ones: many attacks run into them."""
TESTS: tuple[Test, ...] = tuple(f"assert f([{i}, 2, 3]) == [3, 2, {i}]" for i in range(4, 10))
"""Of every program here: `f` reverses a list."""
WRONG = "def f(x): return x"


@dataclass(frozen=True)
class Finding:
    """What came of one program or test."""

    kind: str
    """`attack`, `oddity` or `hostile test`."""
    name: str
    held: bool
    what: str
    """What was seen, for a person."""


def prove(sandbox: Sandbox) -> Iterator[Finding]:
    """Every finding, one after another; after each attack right and wrong programs are judged too.

    Raises: SandboxUnavailable where workers are lost.
    """
    for name, program in ATTACKS.items():
        yield attack(sandbox, name, program)
    for name, program in ODDITIES.items():
        result = judge(sandbox, {name: program})[name]
        yield Finding("oddity", name, passes(result), result.reason)
    for test in HOSTILE_TESTS:
        yield hostile_test(sandbox, test)


def attack(sandbox: Sandbox, name: str, program: str) -> Finding:
    """An attack gets no credit, and those that follow are judged as they deserve."""
    result = judge(sandbox, {name: program})[name]
    after = judge(sandbox, {"right": RIGHT, "right again": RIGHT, "wrong": WRONG})
    others = [passes(each) for each in (after["right"], after["right again"], after["wrong"])]
    held = Outcome.PASSED not in result.outcomes and others == [True, True, False]
    return Finding("attack", name, held, f"{result.reason or 'it passed'}; after it {others}")


def hostile_test(sandbox: Sandbox, test: str) -> Finding:
    """A test against the judge passes nothing, and a right program after it passes."""
    result = judge(sandbox, {"right": RIGHT}, (test, TESTS[0]))["right"]
    after = judge(sandbox, {"right": RIGHT})["right"]
    held = result.outcomes[0] is not Outcome.PASSED and passes(after)
    return Finding("hostile test", test, held, result.reason or "it passed")


def judge(
    sandbox: Sandbox, programs: dict[str, str], tests: tuple[Test, ...] = TESTS
) -> dict[str, Judged]:
    """Verdicts by the programs' names."""
    job = Job("conformance", tests, tuple(programs.items()))
    return {result.key: result for result in sandbox.judge([job])}


def passes(result: Judged) -> bool:
    """Whether every test passed."""
    return all(outcome is Outcome.PASSED for outcome in result.outcomes)
