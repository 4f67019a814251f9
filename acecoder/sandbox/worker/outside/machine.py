"""Could a program run when it wanted to? As this machine's kernel counts it."""

import os

QUIET_SHARE = 0.3
"""Of one core: a machine that was idle for less of an attempt may have starved its program."""
_UPTIME = "/proc/uptime"
_GROUP = "/sys/fs/cgroup/cpu.stat"


class IdleClock:
    """Seconds that all cores together have been idle."""

    def __init__(self) -> None:
        try:
            self._file: int | None = os.open(_UPTIME, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._file = None

    def read_s(self) -> "float | None":
        """None where the kernel does not say (gVisor's)."""
        if self._file is None:
            return None
        try:
            return float(os.pread(self._file, 64, 0).split()[1]) or None
        except (OSError, ValueError, IndexError):
            return None

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def was_busy(before_s: "float | None", after_s: "float | None", wall_s: float) -> bool:
    """Was there, between two readings, no core for a program? True where nobody can tell."""
    if before_s is None or after_s is None or _is_throttled():
        return True
    return after_s - before_s < QUIET_SHARE * wall_s


def _is_throttled() -> bool:
    """Has this process's group ever used up its share, which an idle machine would not tell?"""
    if not os.path.exists(_GROUP):
        return False
    try:
        with open(_GROUP, "rb") as file:
            fields = dict(line.split() for line in file.read().splitlines())
        return int(fields.get(b"nr_throttled", b"0")) > 0
    except (OSError, ValueError):
        return True
