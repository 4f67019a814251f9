"""Counts the CPU time of an engine and of all that it starts."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


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


@dataclass(frozen=True)
class Measured:
    """What one run cost, and what it gave."""

    cpu_s: float
    wall_s: float
    peak_bytes: int
    result: Any


def measured(prepare: Callable[[], Callable[[], Any]]) -> Measured:
    """Prepare a run in a process of its own, then run it there in a cgroup of its own."""
    cgroup = Cgroup()
    receive, send = multiprocessing.Pipe(duplex=False)

    def child() -> None:
        run = prepare()
        cgroup.enter()
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        started_s = time.perf_counter()
        result = run()
        send.send((time.perf_counter() - started_s, result))

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    send.close()
    wall_s, result = receive.recv()
    process.join()
    found = Measured(cgroup.cpu_s(), wall_s, cgroup.peak_bytes(), result)
    cgroup.close()
    return found
