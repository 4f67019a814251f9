"""Judge very many programs and show that nothing grows and nothing is left behind.

.venv/bin/python benchmarks/soak.py --programs 100000 --backend namespace

For `--backend pool`, POOL is its address and POOL_TOKEN_FILE holds its token.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from pathlib import Path

from acecoder.sandbox.contract import Job, Limits, PoolConfig, SandboxConfig
from acecoder.sandbox.opening import default_workers, open_sandbox

TESTS = tuple(f"assert f([{i}, 2, 3]) == [3, 2, {i}]" for i in range(4, 10))
PROGRAMS = {
    "right": "def f(x):\n    return x[::-1]\n",
    "wrong": "def f(x):\n    return x\n",
    "file": "def f(x):\n    open('/tmp/a', 'w').write('x' * 9999)\n    return x[::-1]\n",
    "thread": "import threading\nthreading.Thread(target=lambda: None).start()\ndef f(x):\n    return x[::-1]\n",
    "exit": "raise SystemExit",
    "large": "def f(x):\n    return ['x' * 1000] * 100\n",
}
SEQUENCE = [name for name in PROGRAMS if name != "thread"] * 5 + ["thread"]
"""A worker whose program started threads is replaced: one program in 26 costs a start."""
PASSES = {"right", "file", "thread"}


def jobs(count: int) -> Iterator[Job]:
    for index in range(count):
        name = SEQUENCE[index % len(SEQUENCE)]
        yield Job(f"p{index}", TESTS, ((name, PROGRAMS[name]),))


def tree() -> list[int]:
    """This process and all it started."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(entry.name)] = int(
                (entry / "stat").read_text().rsplit(")", 1)[1].split()[1]
            )
        except (OSError, ValueError):
            continue
    found = [os.getpid()]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def memory_mb() -> float:
    total = 0
    for pid in tree():
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        except (OSError, StopIteration):
            continue
    return total / 1000


def state() -> dict[str, int]:
    """What a leak would show in: processes, descriptors, mounts, temporary files."""
    return {
        "processes": len(tree()),
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "mounts": len(Path("/proc/self/mounts").read_text().splitlines()),
        "temporary files": len(list(Path("/tmp").iterdir())),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=int, default=100_000)
    parser.add_argument("--backend", default="namespace")
    options = parser.parse_args()
    before = state()
    pool = PoolConfig(
        url=os.environ.get("POOL", "http://sandbox-pool:8080"),
        token_file=os.environ.get("POOL_TOKEN_FILE", ""),
    )
    config = SandboxConfig(backend=options.backend, limits=Limits(), pool=pool)
    started_s, wrong, done = time.monotonic(), 0, 0
    with open_sandbox(config, num_workers=default_workers()) as sandbox:
        for done, result in enumerate(sandbox.judge(jobs(options.programs)), 1):
            passed = all(str(outcome) == "passed" for outcome in result.outcomes)
            wrong += passed != (result.key in PASSES)
            if done % max(1, options.programs // 10) == 0:
                rate = done / (time.monotonic() - started_s)
                print(
                    f"{done:7} programs  {rate:5.0f}/s  {memory_mb():6.1f} MB  {state()}",
                    flush=True,
                )
    time.sleep(1)
    print(f"before {before}\nafter  {state()}\n{done} programs, {wrong} wrong verdicts")


if __name__ == "__main__":
    main()
