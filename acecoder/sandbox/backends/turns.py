"""Who may run now: one program per core, and one more beside each that takes long."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

QUICK_S = 0.05
"""Most programs are judged in less. One that is not may be asleep, and leave its core idle."""


class Turns:
    """`num_cores` turns for any number of threads.

    Two quick programs that share a core cost more than one after the other (a tenth of their CPU
    time, `benchmarks/README.md`); beside a program that sleeps, a core should not wait. So whoever
    waits takes over the turn of one that has had it for `QUICK_S`, which goes on without.
    """

    def __init__(self, num_cores: int) -> None:
        self._free = num_cores
        self._since_s: dict[int, float] = {}
        """Of those who have a turn, by thread, oldest first."""
        self._changed = threading.Condition()
        self._running = 0
        """Those within `one`, with or without a turn."""
        self._wish_alone = 0
        """Those who wait to be alone, or are."""
        self._is_alone = False

    @contextmanager
    def one(self) -> Iterator[None]:
        """Wait for a turn, have it, give it back unless it was taken over."""
        me = threading.get_ident()
        with self._changed:
            while self._wish_alone or not self._free:
                self._changed.wait(None if self._wish_alone else self._until_taken_over_s())
            self._free -= 1
            self._running += 1
            self._since_s[me] = time.monotonic()
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                if self._since_s.pop(me, None) is not None:
                    self._free += 1
                self._changed.notify_all()

    def _until_taken_over_s(self) -> float:
        """Take over the oldest turn if it is due; else how long until it is."""
        oldest = next(iter(self._since_s))
        left_s = self._since_s[oldest] + QUICK_S - time.monotonic()
        if left_s > 0:
            return left_s
        del self._since_s[oldest]
        self._free += 1
        return 0.0

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Within `one`: wait until nobody else runs, and keep it so."""
        with self._changed:
            self._running -= 1
            self._wish_alone += 1
            self._changed.notify_all()
            while self._running or self._is_alone:
                self._changed.wait()
            self._is_alone = True
        try:
            yield
        finally:
            with self._changed:
                self._is_alone = False
                self._running += 1
                self._wish_alone -= 1
                self._changed.notify_all()
