"""Run every (program, test) pair twice: through the judge, and as CPython would run the test.

A difference is **denied** where CPython passes what the judge does not, and **unearned** where the
judge passes, not marked weak, what CPython fails, or what a lying program was given to pass. A weak
pass is neither: it claims less.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from acecoder.sandbox.contract import Job, Judged, Limits, SandboxConfig
from acecoder.sandbox.judge.asserts import Plan
from acecoder.sandbox.judge.losses import outliving
from acecoder.sandbox.judge.program import judge_program
from acecoder.sandbox.judge.units import planned
from acecoder.sandbox.opening import open_sandbox
from acecoder.sandbox.trials import Unit
from acecoder.schema import Outcome

LIMITS = Limits(test_cpu_s=2.0, test_idle_s=3.0, max_timeouts=10_000)


@dataclass(frozen=True)
class Case:
    """Some tests of one problem and a program for it."""

    kind: str
    """The class of tests or the benchmark it stands for."""
    program: str
    tests: tuple[str, ...]
    entry_point: str = ""
    lies: bool = False
    """The program tries to pass what it does not solve: no plain pass of it is earned."""


class Difference(NamedTuple):
    """One pair that is judged otherwise than CPython has it."""

    kind: str
    test: str
    program: str
    reason: str


@dataclass
class Comparison:
    """What was found."""

    pairs: int = 0
    right: int = 0
    """Pairs that CPython passes, of programs that do not lie."""
    weak: int = 0
    denied: list[Difference] = field(default_factory=list)
    unearned: list[Difference] = field(default_factory=list)

    def report(self) -> str:
        """Counts, and each difference by its class."""
        lines = [
            f"{self.pairs} pairs, {self.right} of them right in CPython",
            f"unearned {len(self.unearned)}",
            f"denied {len(self.denied)} ({len(self.denied) / max(1, self.right):.2%} of the right)",
            f"weak {self.weak} ({self.weak / max(1, self.pairs):.2%} of the pairs)",
        ]
        for name, found in (("unearned", self.unearned), ("denied", self.denied)):
            for kind, count in Counter(each.kind for each in found).most_common():
                lines.append(f"  {name} {kind}: {count}")
                lines += [
                    f"    {d.test[:150]!r}  {d.reason[:120]}" for d in found if d.kind == kind
                ][:5]
        return "\n".join(lines)


def compare(cases: Iterable[Case], *, num_workers: int = 2) -> Comparison:
    """Judge every case both ways."""
    made = list(cases)
    found = Comparison()
    with open_sandbox(SandboxConfig(limits=LIMITS), num_workers=num_workers) as sandbox:
        judged = {r.key: r for r in sandbox._backend.run(_units(made))}
    for index, case in enumerate(made):
        ours = judged[f"{index}"]
        for at, test in enumerate(case.tests):
            _count(found, case, test, ours, at, judged[f"{index}/{at}"])
    return found


def _count(
    found: Comparison, case: Case, test: str, ours: Judged, at: int, pythons: Judged
) -> None:
    right = pythons.outcomes[0] is Outcome.PASSED
    passed, weak = ours.outcomes[at] is Outcome.PASSED, at in ours.weak
    difference = Difference(case.kind, test, case.program, ours.reason or pythons.reason)
    found.pairs += 1
    found.weak += weak
    found.right += right and not case.lies
    if passed and not weak and (case.lies or not right):
        found.unearned.append(difference)
    elif right and not passed and not case.lies:
        found.denied.append(difference)


def _units(cases: list[Case]) -> Iterator[Unit]:
    for index, case in enumerate(cases):
        job = Job("p", case.tests, (("", case.program),), case.entry_point)
        yield outliving(_judged(f"{index}", planned(job), case.program))
        for at, test in enumerate(case.tests):
            beside = Plan(weak_code=test)  # as CPython runs it
            yield outliving(_judged(f"{index}/{at}", (beside,), case.program))


def _judged(key: str, tests: tuple[Plan, ...], program: str):  # type: ignore[no-untyped-def]
    verdict = yield from judge_program(key, "p", tests, program, LIMITS)
    return [verdict]


def asserts_of(code: str) -> list[str]:
    """The assert statements of a test file, as texts."""
    return [ast.unparse(node) for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Assert)]
