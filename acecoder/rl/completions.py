"""What the policy wrote while it was trained: two completions of every rollout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

MAX_CHARS = 2000
"""Longer completions are cut in the middle."""
_KEY = "completions_kept"


@dataclass(frozen=True)
class Completion:
    """One completion of a rollout."""

    rollout: int
    """Counted from 1."""
    problem_id: str
    text: str
    reward: float


def keep(
    history: list[dict[str, Any]],
    rollout: int,
    problem_ids: Sequence[str],
    completions: Sequence[str],
    rewards: Sequence[float],
) -> None:
    """Put the best and the worst of a rollout into a trainer's history.

    The history is part of every checkpoint, so that a resumed training has those from before.
    """
    order = sorted(range(len(rewards)), key=lambda index: rewards[index])
    chosen = dict.fromkeys([order[-1], order[0]]) if order else {}
    found = [
        Completion(rollout, problem_ids[i], _shortened(completions[i]), float(rewards[i]))
        for i in chosen
    ]
    history.append({_KEY: [asdict(each) for each in found]})


def kept(history: Sequence[dict[str, Any]]) -> list[list[Completion]]:
    """Those of every rollout, in order; of a rollout that was made again, the last."""
    by_rollout = {
        entry[_KEY][0]["rollout"]: [Completion(**each) for each in entry[_KEY]]
        for entry in history
        if entry.get(_KEY)
    }
    return [by_rollout[rollout] for rollout in sorted(by_rollout)]


def over_time(rollouts: Sequence[list[Completion]]) -> Iterator[Completion]:
    """Those of the first, the middle and the last rollout."""
    if rollouts:
        for index in sorted({0, len(rollouts) // 2, len(rollouts) - 1}):
            yield from rollouts[index]


def _shortened(text: str) -> str:
    if len(text) <= MAX_CHARS:
        return text
    half = MAX_CHARS // 2
    return f"{text[:half]}\n[... {len(text) - MAX_CHARS} characters ...]\n{text[-half:]}"
