"""BigCodeBench: tasks that use many libraries, each with a unittest file.

`bigcodebench/complete` asks to complete a function, `bigcodebench/instruct` says in words what it
should do; `.../complete_hard` and `.../instruct_hard` have the 148 hard tasks. The libraries come from
an environment of their own: `make bigcodebench-env`, and `sandbox.environment`.
"""

from __future__ import annotations

from collections.abc import Iterator

from acecoder.problem_sets.problem_set import ProblemSet
from acecoder.problem_sets.sources import Data, Hub, Row, Source
from acecoder.schema import Problem, UnittestTest

SPLIT = "v0.1.4"
FULL, HARD = Hub("bigcode/bigcodebench", SPLIT), Hub("bigcode/bigcodebench-hard", SPLIT)
PARTS = ("complete", "instruct", "complete_hard", "instruct_hard")


def _source(part: str, data: Data) -> Source:
    return Source(HARD if part.endswith("_hard") else FULL, data)


def _load(part: str, data: Data) -> Iterator[Problem]:
    return _source(part, data).problems(lambda row: _problem(row, part))


def _problem(row: Row, part: str) -> Problem:
    prompt = row.get("complete_prompt") or row["prompt"]
    # As its evaluator calibrates: what is missing in the program, imports above all, is there.
    stub = row.get("code_prompt") or prompt
    asked = (
        prompt if part.startswith("complete") else row.get("instruct_prompt") or row["instruction"]
    )
    return Problem.model_validate(
        {
            "id": row["task_id"],
            "question": asked.strip(),
            "prompt": prompt,
            "tests": (UnittestTest(kind="unittest", code=row["test"]),),
            "entry_point": row["entry_point"],
            "source": f"bigcodebench/{part}",
            "preamble": f"{stub.rstrip()}\n    pass\n",
            "reference": prompt + row["canonical_solution"],
            "limits": "bigcodebench",
            "libraries": str(row.get("libs", "")),
        }
    )


SET = ProblemSet(
    _load, lambda part, data: _source(part, data).digest(), parts=PARTS, hub=FULL.repository
)
