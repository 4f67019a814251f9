"""What watches for reward hacking: a policy's programs under tests that its reward did not see.

An open room: a module of this package with a `CONFIG` is one way to watch (`held_back`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field, SerializeAsAny

from acecoder.config import Chosen, Config
from acecoder.schema import Problem, Test


class WatchConfig(Config):
    """How a policy is held to tests that it is not rewarded for."""

    kind: str
    """`held_back`: by tests of the problem that are not part of the reward."""
    held_back_share: float = Field(0.2, gt=0, lt=1)
    """Of each problem's tests this share is not part of the reward, at least one of two or more."""
    every_steps: int = Field(5, ge=1)
    """Rollouts between two looks."""
    max_programs: int = Field(64, ge=1)
    """So many programs of a rollout are judged again, by each process."""
    max_gap: float = Field(0.15, ge=0, le=1)
    """Above this gap an alarm is said and counted."""

    def gaps(
        self, problems: Mapping[str, Problem], names: Sequence[str], completions: Sequence[str]
    ) -> Mapping[str, float]:
        """What a rollout's completions show on problems with all their tests, by name: `gap` is the largest of
        the others. Empty where no problem has a test held back. Raises SandboxUnavailable."""
        raise NotImplementedError


HackingWatch = Annotated[SerializeAsAny[WatchConfig], Chosen("acecoder.rl.watches", "held_back")]
"""A field that says how to watch, by `kind`."""


def held_back(tests: Sequence[Test], share: float) -> tuple[tuple[Test, ...], tuple[Test, ...]]:
    """(tests of the reward, tests held back), in their order; which ones depends on the tests alone."""
    if len(tests) < 2:
        return tuple(tests), ()
    count = min(len(tests) - 1, max(1, round(share * len(tests))))
    order = sorted(
        range(len(tests)), key=lambda i: hashlib.sha256(repr(tests[i]).encode()).digest()
    )
    hidden = set(order[:count])
    return (
        tuple(test for i, test in enumerate(tests) if i not in hidden),
        tuple(test for i, test in enumerate(tests) if i in hidden),
    )


def rewarded(problems: Mapping[str, Problem], config: WatchConfig | None) -> dict[str, Problem]:
    """The problems with the tests of the reward alone: all, where nothing is watched."""
    if config is None:
        return dict(problems)
    return {
        name: problem.model_copy(
            update={"tests": held_back(problem.tests, config.held_back_share)[0]}
        )
        for name, problem in problems.items()
    }
