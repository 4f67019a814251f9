"""Programs a second by workers, and with a large parent: workers are not forked from it.

.venv/bin/python benchmarks/workers.py
"""

from __future__ import annotations

import argparse
import os
import time

from soak import jobs

from acecoder.sandbox.contract import SandboxConfig
from acecoder.sandbox.opening import open_sandbox


def programs_s(num_workers: int, count: int, backend: str) -> float:
    """Programs judged a second, start not counted."""
    with open_sandbox(SandboxConfig(backend=backend), num_workers=num_workers) as sandbox:  # type: ignore[arg-type]
        list(sandbox.judge(jobs(50)))
        started_s = time.perf_counter()
        judged = sum(1 for _ in sandbox.judge(jobs(count)))
        return judged / (time.perf_counter() - started_s)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=int, default=3000)
    parser.add_argument("--backend", default="namespace")
    parser.add_argument("--ballast-gb", type=float, default=4.0)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, {options.backend}, {options.programs} programs, two rounds")
    ballast = bytearray()
    for size_gb in (0.0, options.ballast_gb):
        ballast += b"x" * (int(size_gb * 1e9) - len(ballast))
        for workers in range(1, 2 * (os.cpu_count() or 1) + 1):
            rates = [programs_s(workers, options.programs, options.backend) for _ in range(2)]
            print(
                f"parent {len(ballast) / 1e9:.0f} GB  {workers} workers  "
                f"{rates[0]:.0f} and {rates[1]:.0f} programs/s",
                flush=True,
            )


if __name__ == "__main__":
    main()
