"""What a person at the terminal sees of a step."""

from __future__ import annotations

import sys
import time


class Progress:
    """The line a person watches: step, counts, rate, time to go; at most one every few seconds."""

    def __init__(self, step: str, every_s: float = 5.0) -> None:
        self._step = step
        self._every_s = every_s
        self._started_s = time.monotonic()
        self._last_s = self._started_s
        self._first: int | None = None

    def say(self, text: str) -> None:
        print(f"[{self._step}] {text}", flush=True)

    def count(self, done: int, total: int, unit: str) -> None:
        """Report `done` of `total`; the rate leaves out what a journal had already."""
        now_s = time.monotonic()
        if self._first is None:
            self._first, self._started_s = done, now_s
        if now_s - self._last_s < self._every_s and done < total:
            return
        self._last_s = now_s
        fresh, elapsed_s = done - self._first, now_s - self._started_s
        text = f"{done}/{total} {unit}"
        if fresh and elapsed_s > 0:
            rate = fresh / elapsed_s
            text += f"  {rate:.1f}/s" if rate >= 1 else f"  {1 / rate:.1f} s each"
            text += f"  {(total - done) / rate:.0f} s to go" if done < total else ""
        self.say(text)


def warn(text: str) -> None:
    """A line on stderr that a person should read."""
    print(f"warning: {text}", file=sys.stderr, flush=True)
