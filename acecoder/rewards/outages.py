"""A sandbox or a server that is gone for a while: what it could not score counts as unscorable, never as 0."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Self

from acecoder.errors import PlatformError
from acecoder.rewards.reward import RewardFunction

FIRST_PAUSE_S = 1.0
"""Before the second try; each later one is twice as long."""
Opening = Callable[[], AbstractContextManager[RewardFunction]]


class PatientReward:
    """A reward that is opened again where what it needs has broken down. Use as a context manager.

    Entering it raises PlatformError where it cannot be opened at all. Later faults are waited out for
    `outage_s`; then all completions of the call are None.
    """

    def __init__(self, opening: Opening, *, outage_s: float, say: Callable[[str], None]) -> None:
        self._opening, self._outage_s, self._say = opening, outage_s, say
        self._stack = ExitStack()
        self._reward: RewardFunction | None = None

    def __call__(self, names: list[str], completions: list[str]) -> list[float | None]:
        """One reward per completion; None where it could not be scored. Raises InputError."""
        give_up_s = time.monotonic() + self._outage_s
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                return list(self._opened()(names, completions))
            except PlatformError as fault:
                self._close()
                left_s = give_up_s - time.monotonic()
                if left_s <= 0:
                    self._say(f"{len(names)} completions are unscorable: {fault}")
                    return [None] * len(names)
                self._say(f"no rewards, tried again for {left_s:.0f} s: {fault.what}")
                time.sleep(min(pause_s, left_s))
                pause_s *= 2

    def _opened(self) -> RewardFunction:
        if self._reward is None:
            self._reward = self._stack.enter_context(self._opening())
        return self._reward

    def _close(self) -> None:
        self._reward = None
        stack, self._stack = self._stack, ExitStack()
        try:
            stack.close()
        except PlatformError as fault:  # it is the one that broke down
            self._say(f"while closing: {fault.what}")

    def __enter__(self) -> Self:
        self._opened()
        return self

    def __exit__(self, *exception: object) -> None:
        self._close()
