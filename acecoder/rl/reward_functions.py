"""Rewards in the form that TRL calls: of the text before the stop, worked out while the trainer works."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from acecoder.llm.interface import before_stop

ScoreFunction = Callable[[list[str], list[str]], Sequence[float | None]]
"""(problem ids, completions) -> rewards; None for what could not be scored."""


@dataclass(frozen=True)
class RewardPart:
    """One of the rewards whose sum a completion earns."""

    name: str
    """Under which it is logged."""
    weight: float
    function: ScoreFunction
    overlaps: bool = False
    """It computes nothing in this process, so that it can work while the trainer does."""


class TrlReward:
    """A part of the reward as a function of TRL's; how long the trainer waited for it is logged."""

    def __init__(self, part: RewardPart, stop: Sequence[str]) -> None:
        self.__name__ = part.name  # what TRL logs it under
        self.weight = part.weight
        self._part, self._stop = part, stop
        self._thread = ThreadPoolExecutor(1, part.name) if part.overlaps else None
        self._begun: tuple[list[str], list[str], Future[Sequence[float | None]]] | None = None

    def begin(self, names: Sequence[str], completions: Sequence[str]) -> None:
        """These completions will be asked for soon."""
        if self._thread is None:
            return
        asked = list(names), self._read(completions)
        self._begun = (*asked, self._thread.submit(self._part.function, *asked))

    def __call__(
        self,
        completions: list[str],
        problem_id: list[str],
        log_metric: Callable[[str, float], None],
        **_: Any,
    ) -> Sequence[float | None]:
        """Their rewards, in order."""
        started_s = time.monotonic()
        found = self._found(list(problem_id), self._read(completions))
        log_metric(f"rewards/{self._part.name}/wait_s", time.monotonic() - started_s)
        return found

    def close(self) -> None:
        """End the thread, after what it is at."""
        if self._thread is not None:
            self._thread.shutdown()

    def _found(self, names: list[str], texts: list[str]) -> Sequence[float | None]:
        begun, self._begun = self._begun, None
        if begun is None:
            return self._part.function(names, texts)
        known_names, known_texts, future = begun
        found = future.result()
        if (known_names, known_texts) == (names, texts):
            return found
        return self._part.function(names, texts)

    def _read(self, completions: Sequence[str]) -> list[str]:
        return [before_stop(text, self._stop) for text in completions]
