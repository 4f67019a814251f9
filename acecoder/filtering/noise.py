"""Which tests to believe: those that a strong model's program passes (METHOD, M7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from acecoder.errors import InputError
from acecoder.schema import Outcome, Problem, Verdict


@dataclass(frozen=True)
class Kept:
    """A problem's tests after filtering."""

    indexes: tuple[int, ...]
    dropped: tuple[tuple[int, Outcome], ...]
    """(index, the best outcome any oracle program had) of each dropped test."""


def keep_tests(num_tests: int, oracle_verdicts: Sequence[Verdict]) -> Kept:
    """A test is kept if any oracle program passes it; without oracles none is.

    Raises InputError on a verdict over another number of tests.
    """
    for verdict in oracle_verdicts:
        if len(verdict.outcomes) != num_tests:
            raise InputError(
                f"verdict on {verdict.program_id} has {len(verdict.outcomes)} outcomes, "
                f"its problem {num_tests} tests",
                remedy="judge the programs against these problems again",
            )
    kept, dropped = [], []
    for index in range(num_tests):
        outcomes = [verdict.outcomes[index] for verdict in oracle_verdicts]
        if Outcome.PASSED in outcomes:
            kept.append(index)
        else:
            dropped.append((index, outcomes[0] if outcomes else Outcome.NOT_RUN))
    return Kept(tuple(kept), tuple(dropped))


def filtered(problem: Problem, kept: Kept) -> Problem:
    """The problem with its believed tests; remembers how many there were.

    `wrong_tests`, where a problem set declares them, is rewritten to the new indexes.
    """
    data = problem.model_dump(mode="json")
    data["tests"] = [data["tests"][index] for index in kept.indexes]
    data["num_original_tests"] = len(problem.tests)
    if "wrong_tests" in data:
        wrong = set(data["wrong_tests"] or ())
        data["wrong_tests"] = [new for new, old in enumerate(kept.indexes) if old in wrong]
    return Problem.model_validate(data)


@dataclass(frozen=True)
class FilterQuality:
    """The filter against tests whose rightness is known (only for sets that declare it)."""

    wrong_dropped: int
    wrong_kept: int
    right_dropped: int
    right_kept: int

    def __add__(self, other: FilterQuality) -> FilterQuality:
        return FilterQuality(
            self.wrong_dropped + other.wrong_dropped,
            self.wrong_kept + other.wrong_kept,
            self.right_dropped + other.right_dropped,
            self.right_kept + other.right_kept,
        )


def quality(problem: Problem, kept: Kept) -> FilterQuality:
    """Compare with the problem's declared `wrong_tests`; zeros where it declares none."""
    declared = (problem.model_extra or {}).get("wrong_tests")
    if not isinstance(declared, list):
        return FilterQuality(0, 0, 0, 0)
    wrong, keeps = set(declared), set(kept.indexes)
    every = set(range(len(problem.tests)))
    return FilterQuality(
        len(wrong - keeps), len(wrong & keeps), len(every - wrong - keeps), len(keeps - wrong)
    )
