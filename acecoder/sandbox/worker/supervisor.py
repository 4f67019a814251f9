"""PID 1 of a worker: one program alive at a time, killed on its limits, swept before the next.

It never holds a program's text, its tests or its answers: the child reads its program from a
pipe after the fork and writes answers to another, both of which end in the trusted process. What
an earlier program was or answered is therefore not in the memory a later one is forked from.

    stdin (fd 0)   control in: one attempt's header (a length, then JSON)
    stdout (fd 1)  control out: ready, end, fatal (lines of JSON)
    programs_fd    the program and its tests, read by the child alone
    answers_fd     one frame a test, written by the child alone
"""

import errno
import fcntl
import json
import os
import select
import signal
import struct
import time

from worker import child

LENGTH = struct.Struct(">I")
PIPE_BYTES = 65_536


def say(message: dict) -> None:
    """One line to the trusted side."""
    os.write(1, json.dumps(message).encode() + b"\n")


def read_exactly(fd: int, size: int) -> bytes:
    """`size` bytes, or fewer where the other side closed."""
    parts = []
    while size:
        part = os.read(fd, min(size, 1 << 20))
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def serve(settings: dict) -> int:
    """Run attempts until stdin closes; the exit status."""
    if os.getpid() != 1:
        raise RuntimeError("the supervisor must be PID 1: its sweep kills every process it sees")
    os.set_inheritable(settings["programs_fd"], False)
    child.prepare(settings)
    say({"started": True})
    attempt = 0
    while True:
        head = read_exactly(0, LENGTH.size)
        if len(head) < LENGTH.size:
            return 0
        header = json.loads(read_exactly(0, LENGTH.unpack(head)[0]))
        attempt += 1
        _drain(settings["programs_fd"])
        end = _Attempt(header, settings, attempt).run()
        if end is None:
            return 0
        say(end)


def _drain(fd: int) -> None:
    """Throw away what the last program left unread, without reading it into this memory."""
    sink = os.open("/dev/null", os.O_WRONLY)
    flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    fcntl.fcntl(fd, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    try:
        while os.splice(fd, sink, 1 << 20):
            pass
    except BlockingIOError:
        pass
    finally:
        fcntl.fcntl(fd, fcntl.F_SETFL, flags)
        os.close(sink)


class _Attempt:
    """One fork: from the child's isolation to its end."""

    def __init__(self, header: dict, settings: dict, number: int) -> None:
        self.limits = header["limits"]
        self.num_phases = header["num_tests"] + 1  # importing the program, then each test
        self.header = header
        self.settings = settings
        self.uid = 1 + number % 60_000 if settings["many_uids"] else 0
        self.phase = 0
        self.pid = 0

    def run(self) -> "dict | None":
        """Fork, watch, sweep. None where the trusted side has gone."""
        ticks_r, ticks_w = os.pipe()
        # One open file for all programs: undo what the last one may have set on it.
        fcntl.fcntl(self.settings["answers_fd"], fcntl.F_SETFL, os.O_WRONLY)
        fcntl.fcntl(self.settings["answers_fd"], fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        fcntl.fcntl(self.settings["programs_fd"], fcntl.F_SETFL, os.O_RDONLY)
        self.pid = os.fork()
        if self.pid == 0:
            os.close(ticks_r)
            child.become_program(self.header, self.settings, ticks_w, self.uid)
        os.close(ticks_w)
        started_s = time.monotonic()
        try:
            first = os.read(ticks_r, 1)
            if first != b"A":
                reason = os.read(ticks_r, 500).decode(errors="replace")
                self._sweep()
                return {"fatal": f"the program's process could not be isolated: {reason}"}
            say({"ready": True})
            why = self._watch(ticks_r)
        finally:
            os.close(ticks_r)
        status, cpu_s = self._sweep()
        if why == "orphaned":
            return None
        return {
            "end": why, "phase": self.phase, "status": status, "cpu_s": round(cpu_s, 6),
            "wall_s": round(time.monotonic() - started_s, 6),
        }  # fmt: skip

    def _watch(self, ticks: int) -> str:
        poll = select.poll()
        poll.register(ticks, select.POLLIN)
        poll.register(0, 0)  # hang-up only: the trusted side died
        total_end_s = time.monotonic() + self.limits["total_wall_s"]
        while self.phase < self.num_phases:
            cpu_end_s = (
                self._cpu_s() + self.limits["setup_cpu_s" if not self.phase else "test_cpu_s"]
            )
            wall_end_s = min(total_end_s, time.monotonic() + self.limits["test_wall_s"])
            why = self._watch_phase(poll, ticks, cpu_end_s, wall_end_s)
            if why:
                return why
        return "finished"

    def _watch_phase(
        self, poll: select.poll, ticks: int, cpu_end_s: float, wall_end_s: float
    ) -> str:
        """Wait for the next tick; '' when it came, else why it will not."""
        while True:
            cpu_left_s = cpu_end_s - self._cpu_s()
            wall_left_s = wall_end_s - time.monotonic()
            if cpu_left_s <= 0 or wall_left_s <= 0:
                return "timeout"
            # Several threads may burn CPU at once, so look again before all of it could be gone.
            wait_s = min(wall_left_s, max(cpu_left_s / 2, 0.002))
            for fd, event in poll.poll(wait_s * 1000):
                if fd == 0:
                    return "orphaned"
                if event & select.POLLIN:
                    ticked = len(os.read(ticks, 256))
                    if ticked:
                        self.phase = min(self.phase + ticked, self.num_phases)
                        return ""
                return "died"

    def _cpu_s(self) -> float:
        """CPU time of the program's process, all its threads; kept by the kernel."""
        try:
            return time.clock_gettime((~self.pid << 3) | 2)
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ESRCH):
                return 0.0
            raise

    def _sweep(self) -> "tuple[int, float]":
        """Kill whatever is alive in this pid namespace; the child's wait status and CPU time."""
        status, cpu_s = 0, 0.0
        try:
            os.kill(-1, signal.SIGKILL)
        except ProcessLookupError:
            pass
        while True:
            try:
                pid, wait_status, usage = os.wait4(-1, 0)
            except ChildProcessError:
                return status, cpu_s
            if pid == self.pid:
                status, cpu_s = wait_status, usage.ru_utime + usage.ru_stime
