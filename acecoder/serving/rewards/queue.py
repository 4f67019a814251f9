"""Requests that wait for one sandbox: those that have come meanwhile are judged together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Full(Exception):
    """More waits than may."""


@dataclass
class Counts:
    """What came by."""

    requests: int = 0
    refused: int = 0
    items: int = 0
    failed: int = 0
    calls: int = 0
    waiting: int = 0
    """Items that have no answer yet."""


@dataclass
class _Waiting(Generic[Item, Answer]):
    items: Sequence[Item]
    answers: asyncio.Future[list[Answer]] = field(repr=False)


class Batching(Generic[Item, Answer]):
    """Answers items by a function that takes many at once, in a thread of its own.

    Raises Full where more than `max_waiting` items would wait.
    """

    def __init__(
        self, answer: Callable[[list[Item]], list[Answer]], *, max_waiting: int, max_together: int
    ) -> None:
        self._answer = answer
        self._max_waiting, self._max_together = max_waiting, max_together
        self._waiting: deque[_Waiting[Item, Answer]] = deque()
        self._thread = ThreadPoolExecutor(1, "sandbox")
        self._task: asyncio.Task[None] | None = None
        self.counts = Counts()

    async def answers(self, items: Sequence[Item]) -> list[Answer]:
        """Of these items, in order; what the function raised is raised."""
        self.counts.requests += 1
        if not items:
            return []
        if self.counts.waiting + len(items) > self._max_waiting:
            self.counts.refused += 1
            raise Full(
                f"{self.counts.waiting} completions wait, and at most {self._max_waiting} may"
            )
        future: asyncio.Future[list[Answer]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(items, future))
        self.counts.waiting += len(items)
        self.counts.items += len(items)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())
        try:
            return await future
        finally:
            self.counts.waiting -= len(items)

    def close(self) -> None:
        """After the call under way."""
        self._thread.shutdown()

    async def _work(self) -> None:
        while self._waiting:
            together = [self._waiting.popleft()]
            total = len(together[0].items)
            while self._waiting and total + len(self._waiting[0].items) <= self._max_together:
                together.append(self._waiting.popleft())
                total += len(together[-1].items)
            await self._one_call(together)

    async def _one_call(self, together: list[_Waiting[Item, Answer]]) -> None:
        self.counts.calls += 1
        items = [item for each in together for item in each.items]
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._thread, self._answer, items)
        except (
            Exception
        ) as fault:  # any failure is reported to the requests of this call, and the next call runs
            self.counts.failed += len(items)
            for each in together:
                if not each.answers.done():
                    each.answers.set_exception(fault)
            return
        start = 0
        for each in together:
            if not each.answers.done():  # who asked may have left
                each.answers.set_result(found[start : start + len(each.items)])
            start += len(each.items)
