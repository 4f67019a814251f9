"""The outer end of a worker: start it, feed it programs one at a time, collect what they answered.

Standard library alone, and worker modules by relative names: the judge imports it on this machine as
a part of acecoder, and the sandbox image runs it beside the workers in a pod. It holds programs and answers,
never an expected value.

What a trial and its attempts are, `worker.wire` says.
"""

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from typing import IO

from ..wire import LENGTH, MAX_ANSWERS_BYTES, Data, encode_body, split_frames
from .machine import Counts, was_starved

START_S = 30.0
GRACE_S = 10.0
FIRST_NAP_S, LAST_NAP_S = 0.002, 0.05
"""How long answers may wait in the pipe, at first and when none come: a wake for each of them
would cost more than the test it answers."""
PIPE_BYTES = 65_536
PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
"""The whole worker's folder, which `python PACKAGE` runs."""


AttemptAt = Callable[..., Data]
"""Of a station: one attempt (see `Station._attempt`)."""


class StationLost(Exception):
    """The worker died or broke the protocol; says nothing about the program it was running."""


class Refused(StationLost):
    """This machine does not let a worker isolate itself; trying again is no use."""


class _Stale(StationLost):
    """What ran before left a trace that the next program could read: another worker, please."""


class Station:
    """Runs trials, one at a time, in a worker for each hash seed asked for. Not thread-safe."""

    def __init__(self, packages: list[str], alone: bool = True) -> None:
        """`alone`: nothing else but this station runs under the kernel, if that is gVisor's."""
        self._packages = packages
        self._alone = alone
        self._workers: dict[int, Worker] = {}

    def run(self, trial: Data) -> list[Data]:
        """The attempts of one trial. Raises: StationLost."""
        self._seed, self._begun = trial["hash_seed"], False
        if trial["kind"] == "batch":
            return [_run_batch(self._attempt, trial)]
        run, expected = (
            (_run_stdin, len(trial["tests"])) if trial["kind"] == "stdin" else (_run_calls, 1)
        )
        attempts = run(self._attempt, trial)
        # A program that made itself be tried again and again would leave their number behind it,
        # as the pid of the next one.
        if abs(len(attempts) - expected) > 1:
            self._workers.pop(self._seed).close()
        return attempts

    def _attempt(
        self, limits: Data, bodies: list[bytes], num_tests: int, framed: bool = True
    ) -> Data:
        """One attempt, in another worker where this one is stale."""
        while True:
            if self._seed not in self._workers:
                self._workers[self._seed] = Worker(self._packages, self._seed, self._alone)
            try:
                worker = self._workers[self._seed]
                result = worker.attempt(limits, bodies, num_tests, framed, self._begun)
            except _Stale:
                self._workers.pop(self._seed).close()
            else:
                self._begun = True  # what comes in this trial is the same program
                return result

    def close(self) -> None:
        """Kill the workers and everything in their namespaces; a second time does nothing."""
        while self._workers:
            self._workers.popitem()[1].close()


def _run_calls(attempt_at: AttemptAt, trial: Data) -> list[Data]:
    attempts: list[Data] = []
    first, kills, wall_s, kept_bytes = 0, 0, 0.0, 0
    while first < len(trial["tests"]) and not _exhausted(trial, kills, wall_s):
        tests = trial["tests"][first:]
        body = encode_body({"kind": "calls", "program": trial["program"], "tests": tests})
        limits = _left(trial, wall_s)
        if any(test.get("cpu_s") for test in tests):
            limits["each_cpu_s"] = [test.get("cpu_s", 0.0) for test in tests]
        attempt = attempt_at(limits, [body], len(tests))
        attempts.append({"first": first, **attempt})
        wall_s += attempt["wall_s"]
        kept_bytes += len(attempt["answers"])
        most = trial["limits"]["answer_bytes"]
        frames = len(split_frames(attempt["answers"], most, len(tests) + 1))
        if attempt["why"] == "finished" or frames == 0 or kept_bytes > MAX_ANSWERS_BYTES:
            break  # what is left, if anything, the judge asks for again
        first += frames  # the import's frame and those of the tests before; one more was cut off
        kills += 1
    return attempts


def _run_stdin(attempt_at: AttemptAt, trial: Data) -> list[Data]:
    attempts: list[Data] = []
    kills, wall_s = 0, 0.0
    for index, test in enumerate(trial["tests"]):
        if _exhausted(trial, kills, wall_s):
            break
        body = encode_body({"kind": "stdin", "program": trial["program"], "tests": [test]})
        attempt = attempt_at(_left(trial, wall_s), [body], 1, False)
        attempts.append({"first": index, **attempt})
        wall_s += attempt["wall_s"]
        kills += attempt["why"] != "finished"
    return attempts


def _run_batch(attempt_at: AttemptAt, trial: Data) -> Data:
    bodies = [
        encode_body({"kind": "batch", "program": program, "tests": trial["tests"]})
        for program in trial["programs"]
    ]
    return {"first": 0, **attempt_at(trial["limits"], bodies, len(trial["tests"]))}


def _left(trial: Data, wall_s: float) -> Data:
    """The limits of an attempt, within what is left of the wall time for all of them."""
    limits: Data = trial["limits"]
    left_s = max(trial["max_wall_s"] - wall_s, 0.001)
    return {**limits, "total_wall_s": min(limits["total_wall_s"], left_s)}


def _exhausted(trial: Data, kills: int, wall_s: float) -> bool:
    return bool(kills >= trial["max_kills"] or wall_s >= trial["max_wall_s"])


class Worker:
    """One worker process and the pipes to it. Not thread-safe; one program alive at a time."""

    def __init__(self, packages: list[str], hash_seed: int, alone: bool) -> None:
        programs_r, self._programs = os.pipe()
        self._answers, answers_w = os.pipe()
        settings = {
            "programs_fd": programs_r,
            "answers_fd": answers_w,
            "packages": packages,
            "alone": alone,
        }
        self._process = subprocess.Popen(
            # Not -I, which would ignore PYTHONHASHSEED; the environment is from scratch.
            [sys.executable, "-s", "-P", "-S", PACKAGE, json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(programs_r, answers_w),
            env={"PYTHONHASHSEED": str(hash_seed)},
            cwd="/",
            start_new_session=True,
        )
        os.close(programs_r)
        os.close(answers_w)
        os.set_blocking(self._programs, False)
        os.set_blocking(self._answers, False)
        self._stdin, self._stdout, self._stderr = _pipes(self._process)
        self._control = self._stdout.fileno()
        self._lines = b""
        self._dirty = False  # may bytes of an earlier program be left in the programs pipe?
        self._closed = False
        self._counts = Counts()
        try:
            self._expect("started", time.monotonic() + START_S)
        except BaseException:
            self.close()
            raise

    def attempt(
        self, limits: Data, bodies: list[bytes], num_tests: int, framed: bool, same: bool
    ) -> Data:
        """Fork once, run `bodies` one after another up to the end, a limit or death.

        Each body is fed when the one before it has answered in full; `framed` answers are counted.
        `same`: it is the program of the attempt before, which may find its own traces.
        Raises: StationLost.
        """
        # The child's own part goes to it past the processes it is forked from.
        own = encode_body({"limits": limits, "num_programs": len(bodies)})
        exchange = _Exchange(
            [own + bodies[0], *bodies[1:]], num_tests + 1, limits["answer_bytes"], framed
        )
        header = {
            "limits": limits,
            "num_tests": num_tests,
            "num_programs": len(bodies),
            "drain": self._dirty,
            "same": same,
        }
        text = json.dumps(header).encode()
        try:
            self._stdin.write(LENGTH.pack(len(text)) + text)
            self._stdin.flush()
        except OSError as error:
            raise StationLost(f"a worker died: {self._last_words(error)}") from error
        if self._dirty:
            self._expect("ready", time.monotonic() + START_S)
        self._dirty = True
        before, begun_s = self._counts.read(), time.monotonic()
        end = self._converse(exchange, time.monotonic() + limits["total_wall_s"] + GRACE_S)
        # Only code that has read its program to the last byte writes a frame. In a batch, a
        # program might forge frames and leave the next one unread.
        self._dirty = len(bodies) > 1 or not exchange.answers
        if "stale" in end:
            raise _Stale("the program before has left a trace")
        return {
            "why": str(end["end"]),
            "status": int(end["status"]),
            "answers": exchange.kept(),
            "truncated": exchange.truncated,
            "error": str(end["error"]),
            "starved": was_starved(
                str(end["clock"]), before, self._counts.read(), time.monotonic() - begun_s
            ),
            "cpu_s": float(end["cpu_s"]),
            "wall_s": float(end["wall_s"]),
        }

    def close(self) -> None:
        """Kill the worker and everything in its namespaces; a second time does nothing."""
        if self._closed:
            return
        self._closed = True
        self._process.kill()
        self._process.wait()
        for stream in (self._stdin, self._stdout, self._stderr):
            with contextlib.suppress(OSError):  # a dead worker's pipe cannot be flushed
                stream.close()
        os.close(self._programs)
        os.close(self._answers)
        self._counts.close()

    def _converse(self, exchange: "_Exchange", deadline_s: float) -> Data:
        """Feed and collect until the supervisor says that it is over."""
        eager, nap_s = False, FIRST_NAP_S
        while True:
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                raise StationLost("a worker let a program run past its limits")
            feeding = exchange.unfed()
            readers = [self._control, self._answers] if eager else [self._control]
            writers = [self._programs] if feeding else []
            wait_s = left_s if eager else min(left_s, nap_s)
            ready, writable, _ = select.select(readers, writers, [], wait_s)
            if writable and feeding:
                exchange.fed(self._feed(feeding))
            if self._control in ready:
                message = self._message(deadline_s)
                self._collect(exchange)
                return message
            collected = self._collect(exchange)
            nap_s = FIRST_NAP_S if collected else min(2 * nap_s, LAST_NAP_S)
            # A pipe half full soon blocks the child; the next of a batch waits for these answers.
            eager = eager or collected >= PIPE_BYTES // 2 or len(exchange.bodies) > 1

    def _feed(self, program: memoryview) -> int:
        try:
            return os.write(self._programs, program[:PIPE_BYTES])
        except BlockingIOError:
            return 0
        except OSError as error:
            raise StationLost(f"a worker died: {self._last_words(error)}") from error

    def _collect(self, exchange: "_Exchange") -> int:
        """Read what is there; the number of bytes read."""
        size = 0
        while True:
            try:
                data = os.read(self._answers, PIPE_BYTES)
            except BlockingIOError:
                return size
            if not data:
                return size
            size += len(data)
            exchange.answered(data)

    def _expect(self, name: str, deadline_s: float) -> None:
        message = self._message(deadline_s)
        if name not in message:
            raise StationLost(f"a worker said {message} where '{name}' was expected")

    def _message(self, deadline_s: float) -> Data:
        while b"\n" not in self._lines:
            wait_s = max(0.0, deadline_s - time.monotonic())
            ready, _, _ = select.select([self._control], [], [], wait_s)
            data = os.read(self._control, PIPE_BYTES) if ready else b""
            if not data:
                raise StationLost(f"a worker fell silent: {self._last_words()}")
            self._lines += data
        line, _, self._lines = self._lines.partition(b"\n")
        message: Data = json.loads(line)
        if "fatal" in message:
            raise Refused(str(message["fatal"]))
        return message

    def _last_words(self, error: object = "no reason given") -> str:
        self._process.kill()
        words = self._stderr.read()[-500:].decode(errors="replace").strip()
        return words or str(error)


def _pipes(process: "subprocess.Popen[bytes]") -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
    assert process.stdin and process.stdout and process.stderr
    return process.stdin, process.stdout, process.stderr


class _Exchange:
    """What is still to be fed, and what has been answered, in one attempt."""

    def __init__(
        self, bodies: list[bytes], frames_each: int, answer_bytes: int, framed: bool
    ) -> None:
        self.bodies = [memoryview(body) for body in bodies]
        self._frames_each = frames_each
        self._answer_bytes = answer_bytes
        self._framed = framed
        self._current = 0
        self._offset = 0
        self._scanned = 0
        self._frames = 0
        self._over = False  # what comes now is no answer any more
        self._max_bytes = len(bodies) * frames_each * (answer_bytes + 2 * LENGTH.size)
        if framed and len(bodies) == 1:
            self._max_bytes = min(self._max_bytes, MAX_ANSWERS_BYTES + 2 * answer_bytes)
        self.answers = bytearray()
        """What may still count; the rest is thrown away, so that memory stays flat."""
        self.truncated = False

    def kept(self) -> bytes:
        """Whole frames, or all that a script printed and may print."""
        return bytes(self.answers[: self._scanned if self._framed else self._max_bytes])

    def unfed(self) -> "memoryview | None":
        """The rest of the program that may be fed now, if any."""
        if self._current == len(self.bodies):
            return None
        if self._frames < self._current * self._frames_each:
            return None
        return self.bodies[self._current][self._offset :]

    def fed(self, size: int) -> None:
        self._offset += size
        if self._offset == len(self.bodies[self._current]):
            self._current, self._offset = self._current + 1, 0

    def answered(self, data: bytes) -> None:
        if self._over:
            return
        self.answers += data
        if self._framed:
            self._scan()
        elif len(self.answers) > self._max_bytes:
            self._over = self.truncated = True

    def _scan(self) -> None:
        """Count whole frames; after a torn one, or all that were asked for, nothing counts."""
        while not self._over and self._scanned + LENGTH.size <= len(self.answers):
            size = LENGTH.unpack_from(self.answers, self._scanned)[0]
            end = self._scanned + LENGTH.size + size
            if size > self._answer_bytes or end > self._max_bytes:
                self._over = True
            elif end > len(self.answers):
                return
            else:
                self._scanned = end
                self._frames += 1
                self._over = self._frames == len(self.bodies) * self._frames_each
        del self.answers[self._scanned if self._over else len(self.answers) :]
