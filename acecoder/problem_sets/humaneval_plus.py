"""HumanEval+ of EvalPlus: HumanEval's tasks with some 750 inputs each."""

from __future__ import annotations

from collections.abc import Iterator

from acecoder.problem_sets import evalplus
from acecoder.problem_sets.problem_set import ProblemSet
from acecoder.problem_sets.sources import Data, Hub, Source
from acecoder.schema import Problem

HUB = Hub("evalplus/humanevalplus")
ORACLES = {"find_zero": "root_of_polynomial"}


def _load(part: str, data: Data) -> Iterator[Problem]:
    return evalplus.problems(
        Source(HUB, data), "humaneval_plus", ORACLES, lambda task, given: given
    )


SET = ProblemSet(_load, lambda part, data: Source(HUB, data).digest(), hub=HUB.repository)
