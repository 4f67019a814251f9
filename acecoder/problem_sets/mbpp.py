"""MBPP's test split: 500 tasks with three asserts each. `mbpp/all` has the other splits too."""

from __future__ import annotations

from collections.abc import Iterator

from acecoder.problem_sets.problem_set import ProblemSet
from acecoder.problem_sets.sources import Data, Hub, Row, Source
from acecoder.schema import Problem, Test, UnittestTest

HUB = Hub("google-research-datasets/mbpp", name="full", split="train+test+validation+prompt")
TEST_SPLIT = range(11, 511)
"""Task ids, as MBPP's README has them."""


def _load(part: str, data: Data) -> Iterator[Problem]:
    for problem in Source(HUB, data).problems(_problem):
        if part == "all" or int(problem.id.rpartition("/")[2]) in TEST_SPLIT:
            yield problem


def _problem(row: Row) -> Problem:
    asserts = tuple(row["test_list"])
    text = row.get("text") or row["prompt"]
    return Problem(
        id=f"Mbpp/{int(row['task_id'])}",
        question=f"{text}\nYour code should pass these tests:\n" + "\n".join(asserts),
        tests=_with_setup(asserts, row.get("test_setup_code") or ""),
        source="mbpp",
        reference=row["code"].replace("\r\n", "\n"),
        limits="mbpp",
    )


def _with_setup(asserts: tuple[str, ...], setup: str) -> tuple[Test, ...]:
    """The tests; where a task prepares what they name, after the program, each is a file."""
    if not setup:
        return asserts
    prepared = setup.replace("\r\n", "\n")
    return tuple(UnittestTest(kind="unittest", code=f"{prepared}\n{each}\n") for each in asserts)


SET = ProblemSet(
    _load, lambda part, data: Source(HUB, data).digest(), parts=("", "all"), hub=HUB.repository
)
