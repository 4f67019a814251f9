"""Whether a completion holds a program that its tests can call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from acecoder.answers.names import most_called, read_code
from acecoder.rendering import extract_program
from acecoder.rewards.reward import RewardConfig, RewardFunction
from acecoder.schema import Problem


class Format(RewardConfig):
    """Says nothing of whether the program is right."""

    kind: Literal["format"] = "format"
    """`format`: 1 where the completion's program is Python and defines what the tests call, else 0."""

    @contextmanager
    def open(
        self, problems: Mapping[str, Problem], reward_model: Path | None
    ) -> Iterator[RewardFunction]:
        """See `RewardConfig.open`."""
        yield lambda names, completions: [
            format_reward(text, problems[name])
            for name, text in zip(names, completions, strict=True)
        ]


def format_reward(completion: str, problem: Problem) -> float:
    """1.0 where the program parses and defines the entry point (any program, where none is known), else 0.0."""
    code = read_code(extract_program(completion, problem))
    if code is None or not code.source.strip():
        return 0.0
    tests = [test for test in problem.tests if isinstance(test, str)]
    entry_point = problem.entry_point or most_called(tests)
    return float(not entry_point or code.solves(entry_point))


CONFIG = Format
