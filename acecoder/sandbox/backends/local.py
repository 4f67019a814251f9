"""Workers on this machine: threads that each drive one isolated worker."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Self

from acecoder.errors import SandboxUnavailable
from acecoder.sandbox.backends.turns import Turns
from acecoder.sandbox.contract import Judged
from acecoder.sandbox.trials import Loss, Reply, Runs, Trial, Unit

LOOK_S = 0.2


class LocalBackend:
    """`num_workers` workers, each running one trial at a time; see `trials.Backend`."""

    def __init__(
        self, *, num_workers: int, open_worker: Callable[[], Runs], check: Callable[[], None]
    ) -> None:
        self._num_workers = num_workers
        self._open_worker = open_worker
        self._check = check
        self._turns = Turns(len(os.sched_getaffinity(0)))
        self._idle: list[Runs] = []  # kept between calls: RL judges a few programs per step

    def __enter__(self) -> Self:
        self._check()
        return self

    def __exit__(self, *exception: object) -> None:
        while self._idle:
            self._idle.pop().close()

    def run(self, units: Iterator[Unit]) -> Iterator[Judged]:
        """See `trials.Backend.run`. Units are drawn lazily, a few ahead of the workers."""
        call = _Call(self._num_workers)
        threads = [
            threading.Thread(target=self._work, args=(call,), daemon=True)
            for _ in range(self._num_workers)
        ]
        feeder = threading.Thread(target=call.feed, args=(units,), daemon=True)
        for thread in (*threads, feeder):
            thread.start()
        try:
            yield from call.results()
        finally:
            call.stop.set()
            for thread in threads:
                thread.join()

    def _work(self, call: _Call) -> None:
        worker = _Replaced(self._open_worker, self._idle.pop() if self._idle else None)
        try:
            while (unit := call.next_unit()) is not None:
                with self._turns.one():
                    verdicts = drive(unit, partial(self._run, worker))
                for judged in verdicts:
                    call.done.put(judged)
            if worker.runs is not None:
                self._idle.append(worker.runs)
        except BaseException as error:
            worker.close()
            call.done.put(error)
        finally:
            call.done.put(None)

    def _run(self, worker: _Replaced, trial: Trial) -> Reply:
        if not trial.alone:
            return worker.run(trial)
        with self._turns.alone():
            return worker.run(trial)


def drive(unit: Unit, run: Callable[[Trial], Reply]) -> list[Judged]:
    """Run the trials a unit asks for, to its verdicts."""
    try:
        trial = next(unit)
        while True:
            trial = unit.send(run(trial))
    except StopIteration as end:
        verdicts: list[Judged] = end.value
        return verdicts


class _Replaced:
    """A worker that is replaced when it is lost."""

    def __init__(self, open_worker: Callable[[], Runs], runs: Runs | None) -> None:
        self._open = open_worker
        self.runs = runs

    def run(self, trial: Trial) -> Reply:
        """Its attempts, or the loss of the worker, which had nothing else."""
        try:
            self.runs = self.runs or self._open()
            return self.runs.run(trial)
        except SandboxUnavailable as fault:
            self.close()
            return Loss(alone=True, fault=fault)

    def close(self) -> None:
        if self.runs is not None:
            self.runs.close()
            self.runs = None


class _Call:
    """One call of `judge`: what is waiting, what is done, whether to stop."""

    def __init__(self, num_workers: int) -> None:
        self._num_workers = num_workers
        self._todo: queue.Queue[Unit | None] = queue.Queue(maxsize=4 * num_workers)
        self.done: queue.Queue[Judged | BaseException | None] = queue.Queue()
        self.stop = threading.Event()

    def feed(self, waiting: Iterator[Unit]) -> None:
        try:
            for unit in waiting:
                if not self._put(unit):
                    return
        except BaseException as error:
            self.done.put(error)
        for _ in range(self._num_workers):
            self._put(None)

    def next_unit(self) -> Unit | None:
        """The next to judge; None when there is none or the caller has gone."""
        while not self.stop.is_set():
            try:
                return self._todo.get(timeout=LOOK_S)
            except queue.Empty:
                continue
        return None

    def results(self) -> Iterator[Judged]:
        finished = 0
        while finished < self._num_workers:
            result = self.done.get()
            if result is None:
                finished += 1
            elif isinstance(result, BaseException):
                raise result
            else:
                yield result

    def _put(self, unit: Unit | None) -> bool:
        while not self.stop.is_set():
            try:
                self._todo.put(unit, timeout=LOOK_S)
                return True
            except queue.Full:
                continue
        return False
