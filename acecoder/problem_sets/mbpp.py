"""MBPP's test split: 500 tasks with three asserts each. `mbpp/all` has the other splits too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from acecoder.problem_sets.problem_set import ProblemSet
from acecoder.problem_sets.sources import Hub, Row, Source
from acecoder.schema import Problem

HUB = Hub("google-research-datasets/mbpp", name="full", split="train+test+validation+prompt")
TEST_SPLIT = range(11, 511)
"""Task ids, as MBPP's README has them."""


def _load(part: str, data: Path | None) -> Iterator[Problem]:
    for row in Source(HUB, data).rows():
        if part == "all" or int(row["task_id"]) in TEST_SPLIT:
            yield _problem(row)


def _problem(row: Row) -> Problem:
    tests = tuple(row["test_list"])
    setup = (row.get("test_setup_code") or "").replace("\r\n", "\n")
    text = row.get("text") or row["prompt"]
    return Problem(
        id=f"Mbpp/{row['task_id']}",
        question=f"{text}\nYour code should pass these tests:\n" + "\n".join(tests),
        tests=tests,
        source="mbpp",
        preamble=f"{setup}\n" if setup else "",
        reference=row["code"].replace("\r\n", "\n"),
        limits="humaneval",
    )


SET = ProblemSet(_load, lambda part, data: Source(HUB, data).digest(), parts=("", "all"))
