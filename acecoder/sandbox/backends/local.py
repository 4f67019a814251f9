"""A sandbox of workers on this machine: threads that each drive one isolated worker."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Self

from acecoder.errors import SandboxUnavailable
from acecoder.sandbox.backends.turns import Turns
from acecoder.sandbox.contract import Audit, Job, Judged, SandboxConfig
from acecoder.sandbox.judge.units import Unit, units
from acecoder.sandbox.trials import LOST, Attempt, Runs, Trial, canary, is_well

MAX_RESTARTS = 3
LOOK_S = 0.2


class LocalSandbox:
    """`num_workers` workers, each judging one program at a time; see `contract.Sandbox`."""

    def __init__(
        self, config: SandboxConfig, *, num_workers: int, open_worker: Callable[[], Runs],
        check: Callable[[], None],
    ) -> None:  # fmt: skip
        self._config = config
        self._num_workers = num_workers
        self._open_worker = open_worker
        self._check = check
        self._turns = Turns(len(os.sched_getaffinity(0)))
        self._idle: list[Runs] = []  # kept between calls: RL judges a few programs a step
        self.audit = Audit()

    def __enter__(self) -> Self:
        self._check()
        return self

    def __exit__(self, *exception: object) -> None:
        while self._idle:
            self._idle.pop().close()

    def judge(self, jobs: Iterable[Job]) -> Iterator[Judged]:
        """See `contract.Sandbox.judge`. Jobs are drawn lazily, a few ahead of the workers."""
        call = _Call(self._num_workers)
        threads = [
            threading.Thread(target=self._work, args=(call,), daemon=True)
            for _ in range(self._num_workers)
        ]
        waiting = units(jobs, self._config, self.audit)
        feeder = threading.Thread(target=call.feed, args=(waiting,), daemon=True)
        for thread in (*threads, feeder):
            thread.start()
        try:
            yield from call.results()
        finally:
            call.stop.set()
            for thread in threads:
                thread.join()

    def _work(self, call: _Call) -> None:
        worker = _Stubborn(self._open_worker, self._idle.pop() if self._idle else None)
        try:
            while (unit := call.next_unit()) is not None:
                with self._turns.one():
                    verdicts = drive(unit, worker.run)
                for judged in verdicts:
                    call.done.put(judged)
            if worker.runs is not None:
                self._idle.append(worker.runs)
        except BaseException as error:
            worker.close()
            call.done.put(error)
        finally:
            call.done.put(None)


def drive(unit: Unit, run: Callable[[Trial], list[Attempt]]) -> list[Judged]:
    """Run the trials a unit asks for, to its verdicts."""
    try:
        trial = next(unit)
        while True:
            trial = unit.send(run(trial))
    except StopIteration as end:
        verdicts: list[Judged] = end.value
        return verdicts


class _Stubborn:
    """A worker that is replaced when it is lost, and asked again, a few times."""

    def __init__(self, open_worker: Callable[[], Runs], runs: Runs | None) -> None:
        self._open = open_worker
        self.runs = runs

    def run(self, trial: Trial) -> list[Attempt]:
        """Its attempts. A trial that takes every fresh worker with it, while a right program is
        judged right, has crashed: one program may not end the judging of all others.

        Raises: SandboxUnavailable where workers are lost without it too.
        """
        for _ in range(MAX_RESTARTS):
            try:
                self.runs = self.runs or self._open()
                return self.runs.run(trial)
            except SandboxUnavailable as error:
                fault = error
                self.close()
        self.runs = self._open()
        try:
            if is_well(self.runs.run(canary(trial.limits))):
                return [LOST]
        except SandboxUnavailable:
            self.close()
        raise fault

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
