"""Counts the CPU time of an engine and of all that it starts."""

from __future__ import annotations

import os
import time
from pathlib import Path


class Cgroup:
    """Counts CPU time (and peak memory) of a process and all it starts."""

    def __init__(self) -> None:
        name = f"acecoder-bench-{os.getpid()}"
        self.v1 = Path("/sys/fs/cgroup/cpuacct").is_dir()
        parents = ("cpuacct", "memory") if self.v1 else ("",)
        self.paths = [Path("/sys/fs/cgroup") / parent / name for parent in parents]
        for path in self.paths:
            path.mkdir(exist_ok=True)

    def enter(self) -> None:
        for path in self.paths:
            (path / "cgroup.procs").write_text(str(os.getpid()))

    def cpu_s(self) -> float:
        if self.v1:
            return int((self.paths[0] / "cpuacct.usage").read_text()) / 1e9
        stat = (self.paths[0] / "cpu.stat").read_text().split()
        return int(stat[1]) / 1e6

    def peak_bytes(self) -> int:
        file = "memory.max_usage_in_bytes" if self.v1 else "memory.peak"
        return int((self.paths[-1] / file).read_text())

    def close(self) -> None:
        for path in self.paths:
            for _ in range(50):
                try:
                    path.rmdir()
                    break
                except OSError:
                    time.sleep(0.1)
