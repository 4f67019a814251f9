"""PID 1 of a worker: one program alive at a time, killed on its limits, swept before the next.

It never holds a program's text, its tests or its answers: the child reads its program from a
pipe after the fork and writes answers to another, both of which end in the station. What an
earlier program was or answered is therefore not in the memory a later one is forked from.

    stdin (fd 0)   control in: one attempt's header (a length, then JSON)
    stdout (fd 1)  control out: started, ready, end, fatal (lines of JSON)
    programs_fd    the program and its tests, read by the child alone
    answers_fd     one frame a test, written by the child alone
"""

import errno
import fcntl
import json
import mmap
import os
import select
import signal
import struct
import time

from worker import child, filesystem

LENGTH = struct.Struct(">I")
PIPE_BYTES = 65_536
PROGRESS = child.PROGRESS


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
    child.prepare()
    progress = mmap.mmap(-1, mmap.PAGESIZE)
    scratch = filesystem.Scratch()
    say({"started": True})
    number = 0
    while True:
        head = read_exactly(0, LENGTH.size)
        if len(head) < LENGTH.size:
            return 0
        header = json.loads(read_exactly(0, LENGTH.unpack(head)[0]))
        number += 1
        if header["drain"]:
            _drain(settings["programs_fd"])
            say({"ready": True})
        scratch.clean(header["limits"]["file_bytes"])
        uid = 1 + number % 60_000 if settings["many_uids"] else 0
        end = _Attempt(header, settings, progress, uid).run()
        if end is None:
            return 0
        say(end)


def _drain(fd: int) -> None:
    """Throw away what the last program left unread, without reading it into this memory."""
    sink = os.open("/dev/null", os.O_WRONLY)
    fcntl.fcntl(fd, fcntl.F_SETFL, os.O_RDONLY | os.O_NONBLOCK)
    try:
        while os.splice(fd, sink, 1 << 20):
            pass
    except BlockingIOError:
        pass
    finally:
        os.close(sink)


class _Attempt:
    """One fork: from the child's isolation to its end."""

    def __init__(self, header: dict, settings: dict, progress: mmap.mmap, uid: int) -> None:
        self.limits = header["limits"]
        self.each = header["num_tests"] + 1  # importing the program, then each test
        self.num_phases = header["num_programs"] * self.each
        self.header = header
        self.settings = settings
        self.progress = progress
        self.uid = uid
        self.pid = 0

    def run(self) -> "dict | None":
        """Fork, watch, sweep. None where the trusted side has gone."""
        alive_r, alive_w = os.pipe()
        # One open file for all programs: undo what the last one may have set on it.
        fcntl.fcntl(self.settings["answers_fd"], fcntl.F_SETFL, os.O_WRONLY)
        fcntl.fcntl(self.settings["programs_fd"], fcntl.F_SETFL, os.O_RDONLY)
        _restore_pipe(self.settings["answers_fd"])
        self.progress[:] = bytes(mmap.PAGESIZE)  # all of it: a program could leave notes there
        self.pid = os.fork()
        if self.pid == 0:
            os.close(alive_r)
            child.become_program(self.header, self.settings, self.progress, alive_w, self.uid)
        os.close(alive_w)
        started_s = time.monotonic()
        try:
            first = os.read(alive_r, 1)
            if first != b"A":
                reason = os.read(alive_r, 500).decode(errors="replace")
                self._sweep()
                return {"fatal": f"the program's process could not be isolated: {reason}"}
            why = self._watch(alive_r)
        finally:
            os.close(alive_r)
        status, cpu_s = self._sweep()
        if why == "orphaned":
            return None
        return {
            "end": why, "status": status, "cpu_s": round(cpu_s, 6),
            "wall_s": round(time.monotonic() - started_s, 6),
        }  # fmt: skip

    def _watch(self, alive: int) -> str:
        """Wait for the child's end, or for a limit to be passed.

        The child notes when it began each phase on a page shared with this process, so that
        nobody is woken for a test that keeps its limit. What is on the page is the program's to
        forge: that wins it time up to the limit of each of its tests, and nothing else.
        """
        poll = select.poll()
        poll.register(alive, select.POLLIN)
        poll.register(0, 0)  # hang-up only: the trusted side died
        phase, phase_cpu_s, phase_wall_s = 0, self._cpu_s(), time.monotonic()
        end_wall_s = phase_wall_s + self.limits["total_wall_s"]
        awake_cpu_s, awake_wall_s = phase_cpu_s, phase_wall_s  # when it last used the CPU
        while True:
            cpu_s, wall_s = self._cpu_s(), time.monotonic()
            seen, seen_cpu_s, seen_wall_s = PROGRESS.unpack_from(self.progress)
            if phase < seen <= self.num_phases:
                phase = seen
                phase_cpu_s = _within(phase_cpu_s, seen_cpu_s, cpu_s)
                phase_wall_s = _within(phase_wall_s, seen_wall_s, wall_s)
                awake_wall_s = wall_s
            if cpu_s > awake_cpu_s:
                awake_cpu_s, awake_wall_s = cpu_s, wall_s
            importing = phase % self.each == 0  # or waiting for its program
            limit_s = self.limits["setup_cpu_s" if importing else "test_cpu_s"]
            cpu_left_s = phase_cpu_s + limit_s - cpu_s
            wall_left_s = min(end_wall_s, phase_wall_s + self.limits["test_wall_s"]) - wall_s
            if not importing:
                idle_left_s = awake_wall_s + self.limits["test_idle_s"] - wall_s
                wall_left_s = min(wall_left_s, idle_left_s)
            if cpu_left_s <= 0 or wall_left_s <= 0:
                return "timeout"
            # Several threads may burn CPU at once, and the next phase may be short: look again
            # before all of either could be gone.
            wait_s = min(wall_left_s, max(min(cpu_left_s, self.limits["test_cpu_s"]) / 2, 0.002))
            for fd, event in poll.poll(wait_s * 1000):
                if fd == 0:
                    return "orphaned"
                if event & select.POLLIN:
                    os.read(alive, 256)  # a program that found this descriptor; means nothing
                elif PROGRESS.unpack_from(self.progress)[0] == self.num_phases:
                    return "finished"
                else:
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


def _within(low: float, value: float, high: float) -> float:
    """`value` cut to [low, high]; a forged nan is `high`."""
    return max(low, min(value, high)) if value == value else high


def _restore_pipe(fd: int) -> None:
    try:
        if fcntl.fcntl(fd, fcntl.F_GETPIPE_SZ) != PIPE_BYTES:
            fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    except OSError as error:  # a kernel whose pipes have one size (gVisor)
        if error.errno not in (errno.EINVAL, errno.ENOSYS):
            raise
