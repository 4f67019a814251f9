"""The `namespace` backend: workers in Linux namespaces on this machine.

Each worker is a separate process started from a fresh interpreter (never a fork of the caller),
with an empty environment; see `worker/` for what it is closed off from. Not covered: bugs of the
kernel itself; for those, use gVisor.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import select
import struct
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Self

from acecoder.errors import SandboxUnavailable
from acecoder.sandbox.contract import Job, Judged, SandboxConfig
from acecoder.sandbox.judging import Ended, judge_program
from acecoder.sandbox.requirements import REMEDY, START_S, WORKER, why_unavailable
from acecoder.schema import Test

LENGTH = struct.Struct(">I")
GRACE_S = 10.0
MAX_RESTARTS = 3


class Worker:
    """One worker process and the pipes to it. Not thread-safe; one program at a time."""

    def __init__(self, config: SandboxConfig) -> None:
        self._limits = config.limits
        programs_r, self._programs = os.pipe()
        self._answers, answers_w = os.pipe()
        settings = {
            "programs_fd": programs_r,
            "answers_fd": answers_w,
            "packages": package_paths(config.packages),
        }
        self._process = subprocess.Popen(
            # Not -I, which would ignore PYTHONHASHSEED; the environment is from scratch.
            [sys.executable, "-s", "-P", "-S", str(WORKER), json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(programs_r, answers_w),
            env={"PYTHONHASHSEED": "0"},
            cwd="/",
            start_new_session=True,
        )
        os.close(programs_r)
        os.close(answers_w)
        os.set_blocking(self._programs, False)
        os.set_blocking(self._answers, False)
        assert self._process.stdout is not None
        self._control = self._process.stdout.fileno()
        self._lines = b""
        self._closed = False
        try:
            self._expect("started", time.monotonic() + START_S)
        except BaseException:
            self.close()
            raise

    def attempt(self, body: dict[str, Any], num_tests: int) -> Ended:
        """Run the program once, up to its end, its limits, or its death."""
        limits = self._limits
        header = {"limits": limits.model_dump(), "num_tests": num_tests}
        assert self._process.stdin is not None
        try:
            text = json.dumps(header).encode()
            self._process.stdin.write(LENGTH.pack(len(text)) + text)
            self._process.stdin.flush()
        except OSError as error:
            raise SandboxUnavailable(f"a worker died: {self._last_words(error)}") from error
        self._expect("ready", time.monotonic() + START_S)
        text = json.dumps(body).encode("utf-8", "surrogatepass")
        max_bytes = (num_tests + 1) * (limits.answer_bytes + 2 * LENGTH.size)
        end, answers, truncated = self._exchange(LENGTH.pack(len(text)) + text, max_bytes)
        is_script = body["kind"] == "stdin"
        return Ended(
            frames=[] if is_script else _split_frames(answers, limits.answer_bytes),
            output=answers if is_script else b"",
            truncated=truncated,
            why=str(end["end"]), status=int(end["status"]),
            cpu_s=float(end["cpu_s"]), wall_s=float(end["wall_s"]),
        )  # fmt: skip

    def close(self) -> None:
        """Kill the worker and everything in its namespaces; a second time does nothing."""
        if self._closed:
            return
        self._closed = True
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):  # a dead worker's pipe cannot be flushed
                    stream.close()
        os.close(self._programs)
        os.close(self._answers)

    def _exchange(self, program: bytes, max_bytes: int) -> tuple[dict[str, Any], bytes, bool]:
        """Feed the program, collect its answers, until the supervisor says it is over."""
        deadline_s = time.monotonic() + self._limits.total_wall_s + GRACE_S
        answers = bytearray()
        while True:
            readers = [self._control, self._answers]
            writers = [self._programs] if program else []
            wait_s = max(0.0, deadline_s - time.monotonic())
            ready, writable, _ = select.select(readers, writers, [], wait_s)
            if not ready and not writable:
                raise SandboxUnavailable("a worker let a program run past its limits")
            if writable:
                program = program[self._feed(program) :]
            if self._answers in ready:
                self._collect(answers, max_bytes)
            if self._control in ready:
                message = self._message(deadline_s)
                self._collect(answers, max_bytes)
                return message, bytes(answers[:max_bytes]), len(answers) > max_bytes

    def _feed(self, program: bytes) -> int:
        try:
            return os.write(self._programs, program[: 1 << 16])
        except BlockingIOError:
            return 0
        except OSError as error:
            raise SandboxUnavailable(f"a worker died: {self._last_words(error)}") from error

    def _collect(self, answers: bytearray, max_bytes: int) -> None:
        """Read what is there; past `max_bytes` it is thrown away, so that memory stays flat."""
        while True:
            try:
                data = os.read(self._answers, 1 << 16)
            except BlockingIOError:
                return
            if not data:
                return
            answers += data[: max(0, max_bytes + 1 - len(answers))]

    def _expect(self, name: str, deadline_s: float) -> None:
        message = self._message(deadline_s)
        if name not in message:
            raise SandboxUnavailable(f"a worker said {message} where '{name}' was expected")

    def _message(self, deadline_s: float) -> dict[str, Any]:
        while b"\n" not in self._lines:
            wait_s = max(0.0, deadline_s - time.monotonic())
            ready, _, _ = select.select([self._control], [], [], wait_s)
            data = os.read(self._control, 1 << 16) if ready else b""
            if not data:
                raise SandboxUnavailable(f"a worker fell silent: {self._last_words()}")
            self._lines += data
        line, _, self._lines = self._lines.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        if "fatal" in message:
            raise SandboxUnavailable(
                str(message["fatal"]), where="namespace sandbox", remedy=REMEDY
            )
        return message

    def _last_words(self, error: object = "no reason given") -> str:
        self._process.kill()
        assert self._process.stderr is not None
        words = self._process.stderr.read()[-500:].decode(errors="replace").strip()
        return words or str(error)


def _split_frames(data: bytes, max_bytes: int) -> list[bytes]:
    """Whole frames only: a length, then as many bytes; what follows a torn or too large one is
    dropped (an honest child sends none)."""
    frames, at = [], 0
    while at + LENGTH.size <= len(data):
        size = LENGTH.unpack_from(data, at)[0]
        at += LENGTH.size
        if at + size > len(data) or size > max_bytes:
            break
        frames.append(data[at : at + size])
        at += size
    return frames


def package_paths(names: Iterable[str]) -> list[str]:
    """Directories of installed packages and of the shared libraries their wheels brought."""
    site = Path(sysconfig.get_path("purelib"))
    found = [site / candidate for name in names for candidate in (name, f"{name}.libs")]
    return [str(path) for path in found if path.is_dir()]


class NamespaceSandbox:
    """`num_workers` workers, each judging one program at a time."""

    def __init__(self, config: SandboxConfig, *, num_workers: int) -> None:
        self._config = config
        self._num_workers = num_workers
        self._idle: list[Worker] = []  # kept between calls: RL judges a few programs a step

    def __enter__(self) -> Self:
        reason = why_unavailable()
        if reason:
            raise SandboxUnavailable(
                f"this machine refuses namespaces: {reason}",
                where="namespace sandbox",
                remedy=REMEDY,
            )
        return self

    def __exit__(self, *exception: object) -> None:
        while self._idle:
            self._idle.pop().close()

    def judge(self, jobs: Iterable[Job]) -> Iterator[Judged]:
        """See `contract.Sandbox.judge`. Jobs are drawn lazily, a few ahead of the workers."""
        todo: queue.Queue[tuple[str, str, tuple[Test, ...], str] | None] = queue.Queue(
            maxsize=4 * self._num_workers
        )
        done: queue.Queue[Judged | BaseException | None] = queue.Queue()
        stop = threading.Event()
        threads = [
            threading.Thread(target=self._work, args=(todo, done, stop), daemon=True)
            for _ in range(self._num_workers)
        ]
        feeder = threading.Thread(target=self._feed, args=(jobs, todo, done, stop), daemon=True)
        for thread in (*threads, feeder):
            thread.start()
        try:
            finished = 0
            while finished < self._num_workers:
                result = done.get()
                if result is None:
                    finished += 1
                elif isinstance(result, BaseException):
                    raise result
                else:
                    yield result
        finally:
            stop.set()
            _drain(todo)
            for thread in threads:
                thread.join()

    def _feed(self, jobs: Iterable[Job], todo: Any, done: Any, stop: threading.Event) -> None:
        try:
            for job in jobs:
                for key, program in job.programs:
                    if not _put(todo, (key, job.problem_id, job.tests, program), stop):
                        return
        except BaseException as error:
            done.put(error)
        for _ in range(self._num_workers):
            _put(todo, None, stop)

    def _work(self, todo: Any, done: Any, stop: threading.Event) -> None:
        worker = self._idle.pop() if self._idle else None
        try:
            while not stop.is_set():
                task = _get(todo, stop)
                if task is None:
                    break
                worker, judged = self._judge_stubbornly(worker, task)
                done.put(judged)
            if worker is not None:
                self._idle.append(worker)
        except BaseException as error:
            done.put(error)
        finally:
            done.put(None)

    def _judge_stubbornly(
        self, worker: Worker | None, task: tuple[str, str, tuple[Test, ...], str]
    ) -> tuple[Worker, Judged]:
        """Judge one program; a worker that dies is replaced, a few times."""
        key, problem_id, tests, program = task
        restarts = 0
        while True:
            try:
                worker = worker or Worker(self._config)
                judged = judge_program(worker, key, problem_id, tests, program, self._config.limits)
                return worker, judged
            except SandboxUnavailable:
                if worker is not None:
                    worker.close()
                    worker = None
                restarts += 1
                if restarts > MAX_RESTARTS:
                    raise
            except BaseException:
                if worker is not None:
                    worker.close()
                raise


def _put(todo: Any, item: object, stop: threading.Event) -> bool:
    while not stop.is_set():
        try:
            todo.put(item, timeout=0.2)
            return True
        except queue.Full:
            continue
    return False


def _get(todo: Any, stop: threading.Event) -> Any:
    while not stop.is_set():
        try:
            return todo.get(timeout=0.2)
        except queue.Empty:
            continue
    return None


def _drain(todo: Any) -> None:
    while True:
        try:
            todo.get_nowait()
        except queue.Empty:
            return
