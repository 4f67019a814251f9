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
    for read in (_mbpp, _humaneval, _leetcode, _livecodebench):
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


def _livecodebench() -> Iterator[Case]:
    """Its functional tests as asserts. No reference programs are published: the program looks up what
    each input gives, so that it is right of these and wrong of any other."""
    for row in _rows("livecodebench/derived_lcb_release_v4_713_statement_tests.jsonl.gz"):
        name = json.loads(row["metadata"]).get("func_name")
        found = json.loads(row["public_test_cases"])
        pairs = [
            (_arguments(t["input"]), _value(t["output"]))
            for t in found
            if t["testtype"] == "functional"
        ]
        if name and pairs:
            program = (
                f"TABLE = {dict(pairs)!r}\nclass Solution:\n    def {name}(self, *a):\n"
                "        return eval(TABLE[', '.join(map(repr, a))])\n"
            )
            tests = tuple(
                f"assert Solution().{name}({given}) == {wanted}" for given, wanted in pairs
            )
            yield Case("livecodebench", program, tests, f"Solution().{name}")


def _arguments(text: str) -> str:
    """The lines of an input, a value each, as arguments."""
    return ", ".join(_value(line) for line in text.split("\n"))


def _value(text: str) -> str:
    try:
        return repr(json.loads(text))
    except ValueError:
        return repr(text)
