"""Could a program run when it wanted to? As this machine's kernel counts it."""

import os
from typing import NamedTuple

QUIET_SHARE = 0.3
"""Of one core: a machine that was idle for less of an attempt may have starved its program."""
_UPTIME = "/proc/uptime"
_GROUP = "/sys/fs/cgroup/cpu.stat"


class Reading(NamedTuple):
    """What the kernel has counted up to now."""

    idle_s: float
    """Seconds that all cores together have been idle; 0 where the kernel does not say (gVisor's)."""
    throttled: int
    """How often this process's group had used up its share."""


class Counts:
    """The kernel's counts, whose files stay open."""

    def __init__(self) -> None:
        self._files = {path: _opened(path) for path in (_UPTIME, _GROUP)}

    def read(self) -> Reading:
        """Both counts; one that cannot be read is 0."""
        return Reading(self._number(_UPTIME, 1), int(self._number(_GROUP, self._place(_GROUP))))

    def _place(self, path: str) -> int:
        fields = self._fields(path)
        return fields.index(b"nr_throttled") + 1 if b"nr_throttled" in fields else -1

    def _number(self, path: str, place: int) -> float:
        fields = self._fields(path)
        try:
            return float(fields[place]) if place >= 0 else 0.0
        except (IndexError, ValueError):
            return 0.0

    def _fields(self, path: str) -> "list[bytes]":
        file = self._files[path]
        try:
            return os.pread(file, 4096, 0).split() if file is not None else []
        except OSError:
            return []

    def close(self) -> None:
        """A second time does nothing."""
        for path, file in self._files.items():
            if file is not None:
                os.close(file)
            self._files[path] = None


def _opened(path: str) -> "int | None":
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None


def was_starved(clock: str, before: Reading, after: Reading, wall_s: float) -> bool:
    """May an attempt that a limit ended have waited for a core? `clock` is the limit's.

    Where the kernel does not count, a limit of wall time may have struck a program that waited. One
    of idleness has not: in a whole second even a busy machine leaves every program some of its time.
    """
    if clock not in ("wall", "idle"):
        return False
    if not after.idle_s:
        return clock == "wall"
    busy = after.idle_s - before.idle_s < QUIET_SHARE * wall_s
    return busy or after.throttled > before.throttled
