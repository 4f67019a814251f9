"""Asserts of public benchmarks, with their reference programs and wrong variants of them.

The files lie beside the project (`../shared/data`); what is not there is left out.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from acecoder.problem_sets.humaneval import humaneval_tests
from acecoder.synthesis.mutation import mutants
from tests.differential.compare import Case, asserts_of

DATA = Path(__file__).parents[3] / "shared" / "data"
MAX_TESTS = 12
"""Of one problem: LeetCode's have a hundred alike."""


def benchmarks(*, every: int = 1, num_mutants: int = 2) -> Iterator[Case]:
    """Cases of each `every`-th problem."""
    for read in (_mbpp, _humaneval, _leetcode):
        for index, case in enumerate(read()):
            if index % every == 0:
                yield case
                for text in mutants(case.program, count=num_mutants, seed=f"{case.kind}{index}"):
                    yield Case(case.kind, text, case.tests, case.entry_point)


def _rows(name: str) -> Iterator[dict[str, Any]]:
    path = DATA / name
    if path.exists():
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            yield from map(json.loads, lines)


def _mbpp() -> Iterator[Case]:
    for row in _rows("mbpp/mbpp.jsonl.gz"):
        tests = (*row["test_list"], *row["challenge_test_list"])
        yield Case("mbpp", f"{row['test_setup_code']}\n{row['code']}".replace("\r", ""), tests)


def _humaneval() -> Iterator[Case]:
    for row in _rows("humaneval/HumanEval.jsonl.gz"):
        made = humaneval_tests(row["test"], row["entry_point"])
        tests = tuple(test for test in made if isinstance(test, str))
        program = row["prompt"] + row["canonical_solution"]
        if tests:
            yield Case("humaneval", program, tests[:MAX_TESTS], row["entry_point"])


def _leetcode() -> Iterator[Case]:
    for row in _rows("seeds/LeetCodeDataset-v0.2.0-train.jsonl.gz"):
        tests = [
            text.replace("candidate(", f"{row['entry_point']}(") for text in asserts_of(row["test"])
        ]
        program = f"{row['prompt']}\n{row['completion']}"
        yield Case("leetcode", program, tuple(tests[:MAX_TESTS]), row["entry_point"])
