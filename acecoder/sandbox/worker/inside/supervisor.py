"""PID 1 of a worker: one program alive at a time, killed on its limits, gone before the next.

Two processes, so that what an earlier program was, answered or ended with is not in the memory a
later one is forked from. This one watches, and knows times and ends. The **zygote** (PID 2) forks
the programs; it is told nothing but to fork, and the kernel reaps its children without telling it
how they ended. A program reads its limits and text from a pipe after the fork.

    stdin (fd 0)   control in: one attempt's header (a length, then JSON)
    stdout (fd 1)  control out: started, ready, stale, end, fatal (lines of JSON)
    programs_fd    limits, then programs and their tests; read by the child alone
    answers_fd     one frame per test, written by the child alone
"""

import errno
import fcntl
import json
import math
import mmap
import os
import select
import signal
import socket
import time

from ..isolation import filesystem, kernel, seccomp, system
from ..wire import ERROR_BYTES, LENGTH, PROGRESS, Data
from . import child

GONE_S = 20.0
PROOF_CPU_S = 0.05
"""What a program must use beyond the moment in which it was first seen over its limit."""
WALL_PER_CPU = 2.0
"""So many times its limit of CPU time a test may take of wall time, if that is more."""
BLUR_PIPES = 64
"""Where the count of pipes cannot be known it is moved by a random number, up to this one."""


def say(message: Data) -> None:
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


def serve(settings: Data) -> int:
    """Run attempts until stdin closes; the exit status."""
    if os.getpid() != 1:
        raise RuntimeError("the supervisor must be PID 1: programs die with it")
    os.set_inheritable(settings["programs_fd"], False)
    child.prepare()
    progress = mmap.mmap(-1, mmap.PAGESIZE)
    zygote = _Zygote(settings, progress)
    scratch, counters = filesystem.Scratch(), _Counters(settings["alone"])
    say({"started": True})
    while True:
        head = read_exactly(0, LENGTH.size)
        if len(head) < LENGTH.size:
            return 0
        header = json.loads(read_exactly(0, LENGTH.unpack(head)[0]))
        if header["drain"]:
            _drain(settings["programs_fd"])
            say({"ready": True})
        scratch.clean(header["limits"]["file_bytes"])
        end = _Attempt(header, settings, progress, zygote, counters).run()
        if end is None:
            return 0
        say(end)


class _Zygote:
    """The process that forks the programs, and knows nothing of any."""

    def __init__(self, settings: Data, progress: mmap.mmap) -> None:
        self._socket, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._last_pid = os.fork()
        if self._last_pid == 0:
            try:
                self._socket.close()
                _breed(its, settings, progress)
            finally:
                os._exit(1)
        its.close()

    def fork(self, alive: int) -> "tuple[int, bool]":
        """(pid of a new program, whether nothing was started since the last one).

        Its pid is the next one, or the program before it has made threads, and the number would
        tell this one how many.
        """
        socket.send_fds(self._socket, [b"f"], [alive])
        data = self._socket.recv(LENGTH.size)
        if len(data) < LENGTH.size:
            raise RuntimeError("the zygote died")
        pid = LENGTH.unpack(data)[0]
        fresh = pid == self._last_pid + 1
        self._last_pid = pid
        return pid, fresh


class _Counters:
    """What gVisor's kernel counts in sight of a program: the inode of every pipe and socket.

    Alone in a container, this worker knows what the number must be. Beside others, in a pod, it
    blurs it. Linux draws these numbers for all of the machine at once; there they tell nothing.
    """

    def __init__(self, alone: bool) -> None:
        self.in_gvisor = not kernel.why_not_gvisor()
        self._alone = alone
        first, second = self._one(), self._one()
        self._stride, self._last = second - first, second

    def step(self, pipe: int) -> bool:
        """With this process's next pipe: has nobody else made one since the last?"""
        if self.in_gvisor and not self._alone:
            for _ in range(os.urandom(1)[0] % BLUR_PIPES):
                for end in os.pipe():
                    os.close(end)
            return True
        number, self._last = os.fstat(pipe).st_ino - self._last, os.fstat(pipe).st_ino
        return not self.in_gvisor or number == self._stride

    @staticmethod
    def _one() -> int:
        reader, writer = os.pipe()
        number = os.fstat(reader).st_ino
        os.close(reader)
        os.close(writer)
        return number


def _breed(orders: socket.socket, settings: Data, progress: mmap.mmap) -> None:
    """Fork a program at every order. Nothing of it may stay in this process."""
    system.prctl(system.PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps, and tells nobody
    seccomp.install_base()
    while True:
        data, fds, _, _ = socket.recv_fds(orders, 1, 1)
        if not data:
            return
        pid = os.fork()
        if pid == 0:
            orders.close()
            child.become_program(settings, progress, fds[0])
        os.close(fds[0])
        orders.send(LENGTH.pack(pid))


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


class _Proof:
    """Of a program that is over its CPU limit in gVisor: that it goes on using CPU time.

    Time comes there in ticks, and a late one is laid on whoever runs then.
    """

    def __init__(self, needed: bool) -> None:
        self._needed = needed
        self._phase, self._until_cpu_s = -1, 0.0

    def asked(self, phase: int, left_s: float, cpu_s: float) -> float:
        """`left_s`, or where that is nothing, what is left until it is proven."""
        if not self._needed or left_s > 0:
            return left_s
        if phase != self._phase:
            self._phase, self._until_cpu_s = phase, cpu_s + PROOF_CPU_S
        return self._until_cpu_s - cpu_s


class _Attempt:
    """One fork: from the child's isolation to its end."""

    def __init__(
        self,
        header: Data,
        settings: Data,
        progress: mmap.mmap,
        zygote: _Zygote,
        counters: "_Counters",
    ) -> None:
        self.counters = counters
        self.same = header["same"]  # the program of the attempt before: it may find its own traces
        self.limits = header["limits"]
        self.each = header["num_tests"] + 1  # importing the program, then each test
        self.num_phases = header["num_programs"] * self.each
        self.settings = settings
        self.progress = progress
        self.zygote = zygote
        self.pid = 0
        self.cpu_s = 0.0

    def run(self) -> "Data | None":
        """Fork, watch, kill. None where the trusted side has gone."""
        # One open file for all programs: undo what the last one may have set on it.
        fcntl.fcntl(self.settings["answers_fd"], fcntl.F_SETFL, os.O_WRONLY)
        fcntl.fcntl(self.settings["programs_fd"], fcntl.F_SETFL, os.O_RDONLY)
        self.progress[:] = bytes(mmap.PAGESIZE)  # all of it: a program could leave notes there
        alive_r, alive_w = os.pipe()
        try:
            untouched = self.counters.step(alive_r)
            self.pid, fresh = self.zygote.fork(alive_w)
            fresh = fresh and untouched
            os.close(alive_w)
            if not (fresh or self.same):
                self._kill()
                return {"stale": True}
            started_s = time.monotonic()
            if os.read(alive_r, 1) != b"A":
                reason = os.read(alive_r, 500).decode(errors="replace")
                self._kill()
                return {"fatal": f"the program's process could not be isolated: {reason}"}
            why = self._watch(alive_r)
            self._kill()  # before the pipe is closed, which would tell it that its time is over
        finally:
            os.close(alive_r)
        if why == "orphaned":
            return None
        _, seen_cpu_s, _, status = PROGRESS.unpack_from(self.progress)
        wall_s = time.monotonic() - started_s
        # Told by the program, of no consequence: cut to what can be.
        cpu_s = _within(self.cpu_s, seen_cpu_s, max(self.cpu_s, wall_s * (os.cpu_count() or 1)))
        told = self.progress[PROGRESS.size : PROGRESS.size + ERROR_BYTES].rstrip(b"\0")
        return {
            "end": "timeout" if why in ("late", "idle") else why,
            "clock": {"timeout": "cpu", "late": "wall", "idle": "idle"}.get(why, ""),
            "status": status if why == "finished" else 0,
            "error": told.decode(errors="replace") if why == "finished" and status else "",
            "cpu_s": round(cpu_s, 6),
            "wall_s": round(wall_s, 6),
        }

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
        proof = _Proof(self.counters.in_gvisor)
        while True:
            cpu_s, wall_s = self._cpu_s(), time.monotonic()
            seen, seen_cpu_s, seen_wall_s, _ = PROGRESS.unpack_from(self.progress)
            if phase < seen <= self.num_phases:
                phase = seen
                phase_cpu_s = _within(phase_cpu_s, seen_cpu_s, cpu_s)
                phase_wall_s = _within(phase_wall_s, seen_wall_s, wall_s)
                awake_wall_s = wall_s
            if cpu_s > awake_cpu_s:
                awake_cpu_s, awake_wall_s = cpu_s, wall_s
            importing = phase % self.each == 0  # or waiting for its program
            limit_s = self._limit_s(phase, importing)
            cpu_left_s = proof.asked(phase, phase_cpu_s + limit_s - cpu_s, cpu_s)
            if cpu_left_s <= 0:
                return "timeout"
            longest_s = max(self.limits["test_wall_s"], WALL_PER_CPU * limit_s)
            late_s = min(end_wall_s, phase_wall_s + longest_s)
            idle_s = math.inf if importing else awake_wall_s + self.limits["test_idle_s"]
            wall_left_s = min(late_s, idle_s) - wall_s
            if wall_left_s <= 0:
                return "idle" if idle_s < late_s else "late"
            # Several threads may burn CPU at once, and the next phase may be short: look again
            # before all of either could be gone.
            wait_s = min(wall_left_s, max(min(cpu_left_s, self.limits["test_cpu_s"]) / 2, 0.002))
            for fd, event in poll.poll(wait_s * 1000):
                if fd == 0:
                    return "orphaned"
                if event & select.POLLIN:
                    return "died"  # a program that found this descriptor, and would keep PID 1 busy
                elif PROGRESS.unpack_from(self.progress)[0] == self.num_phases:
                    return "finished"
                else:
                    return "died"

    def _limit_s(self, phase: int, importing: bool) -> float:
        """CPU seconds that the phase may take; a test may have a limit of its own."""
        if importing:
            return float(self.limits["setup_cpu_s"])
        own = self.limits.get("each_cpu_s")
        return float((own and own[phase % self.each - 1]) or self.limits["test_cpu_s"])

    def _cpu_s(self) -> float:
        """CPU time of the program's process, all its threads; kept by the kernel."""
        try:
            self.cpu_s = time.clock_gettime((~self.pid << 3) | 2)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ESRCH):
                raise
        return self.cpu_s

    def _kill(self) -> None:
        """Kill the program, which can have started threads alone, and wait until it is gone."""
        deadline_s, nap_s = time.monotonic() + GONE_S, 0.0
        while True:
            try:
                os.kill(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                return
            if time.monotonic() > deadline_s:
                raise RuntimeError("a killed program does not end")
            time.sleep(nap_s)
            nap_s = min(0.01, nap_s + 0.0002)


def _within(low: float, value: float, high: float) -> float:
    """`value` cut to [low, high]; a forged nan is `high`."""
    return max(low, min(value, high)) if value == value else high
