"""The one join of the method: a problem, its programs and their verdicts, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from acecoder.engine.distinct import OwnIds, distinct
from acecoder.engine.lookup import Lookup
from acecoder.engine.tables import R
from acecoder.errors import InputError
from acecoder.schema import Problem, Program, Verdict, digest_of_tests


@dataclass(frozen=True)
class Joined:
    """One problem with what belongs to it."""

    problem: Problem
    programs: list[Program]
    """In the order of their table."""
    verdicts: dict[str, Verdict]
    """By program id, in the order of their table."""


def joined(
    problems: Path, *, programs: Path | None = None, verdicts: Path | None = None
) -> Iterator[Joined]:
    """Yield every problem, in its table's order, with its rows of the other tables.

    These may be in any order. What is kept in memory is one problem's rows. Raises InputError on a
    malformed record, and on verdicts over other tests than a problem's.
    """
    with ExitStack() as stack:
        of_programs = _lookup(stack, programs, Program)
        of_verdicts = _lookup(stack, verdicts, Verdict)
        for problem in distinct(problems, Problem):
            found = list(of_verdicts.of(problem.id)) if of_verdicts else []
            _check_tests(problem, found, str(verdicts))
            yield Joined(
                problem,
                list(OwnIds(set()).of(of_programs.of(problem.id))) if of_programs else [],
                {verdict.program_id: verdict for verdict in found},
            )


def _check_tests(problem: Problem, verdicts: list[Verdict], where: str) -> None:
    """Raises InputError where verdicts are over other tests than the problem's: filtered and
    unfiltered ones mixed would let a wrong test count against a right program."""
    ours = digest_of_tests(problem.tests)
    for verdict in verdicts:
        if verdict.tests_digest and verdict.tests_digest != ours:
            raise InputError(
                f"the verdict on {verdict.program_id} is over {len(verdict.outcomes)} tests that are not the "
                f"{len(problem.tests)} of problem '{problem.id}'",
                where=where,
                remedy="judge the programs with this table of problems (judge-programs)",
            )


def _lookup(stack: ExitStack, path: Path | None, kind: type[R]) -> Lookup[R] | None:
    return stack.enter_context(Lookup(path, kind, "problem_id")) if path is not None else None
