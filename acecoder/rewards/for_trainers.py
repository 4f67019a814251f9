"""Rewards as trainers of others take them: a function of completions, of the data set's columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Self

from acecoder.errors import InputError
from acecoder.rewards.reward import RewardFunction
from acecoder.rewards.tests_binary import TestsBinary
from acecoder.rewards.tests_pass_rate import TestsPassRate
from acecoder.sandbox.contract import SandboxConfig
from acecoder.schema import Problem

Completion = str | Sequence[Mapping[str, Any]]
"""A text, or the messages of a conversation's answer."""


class TestsReward:
    """The verdicts of problems' tests, as a reward function of TRL (GRPOTrainer, RLOOTrainer).

    The data set has a column `problem_id`. The sandbox opens with the first call and closes with
    `close`, or at the end of a `with` block. 1.0 where every test passes, else 0.0; with
    `binary=False` the share of tests that pass. Raises: SandboxUnavailable.
    """

    __test__ = False  # no test of pytest's
    __name__ = "tests_reward"  # TRL logs a function under its name

    def __init__(
        self,
        problems: Iterable[Problem],
        *,
        binary: bool = True,
        sandbox: SandboxConfig | None = None,
    ) -> None:
        self._problems = {problem.id: problem for problem in problems}
        kind = TestsBinary if binary else TestsPassRate
        self._config = kind(sandbox=sandbox or SandboxConfig())
        self._stack = ExitStack()
        self._reward: RewardFunction | None = None

    def __call__(
        self, completions: Sequence[Completion], problem_id: Sequence[str] = (), **columns: object
    ) -> list[float]:
        """One reward per completion; completions are given with the id of the problem of each. Raises
        InputError where that does not fit."""
        if len(problem_id) != len(completions):
            raise InputError(
                f"{len(completions)} completions with {len(problem_id)} problem ids",
                where="TestsReward",
                remedy="the data set needs a column `problem_id` (it has "
                f"{', '.join(sorted(columns)) or 'none'})",
            )
        unknown = [name for name in problem_id if name not in self._problems]
        if unknown:
            raise InputError(
                f"no problem has the id {unknown[0]!r}",
                where="TestsReward",
                remedy=f"it was given {', '.join(list(self._problems)[:3])}, ...",
            )
        if self._reward is None:
            self._reward = self._stack.enter_context(self._config.open(self._problems, None))
        return self._reward(list(problem_id), [_text(each) for each in completions])

    def close(self) -> None:
        """End the sandbox."""
        self._reward = None
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _text(completion: Completion | None) -> str:
    if completion is None:
        return ""
    if isinstance(completion, str):
        return completion
    return "".join(str(message.get("content", "")) for message in completion)
