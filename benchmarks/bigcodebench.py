"""Every reference program of BigCodeBench in the sandbox: how many pass, and why the others do not.

    make bigcodebench-env
    .venv/bin/python benchmarks/bigcodebench.py --data ../shared/data/bigcodebench/BigCodeBench-full-hf.jsonl.gz

Prints the wall time, the peak of memory, the processes and mounts left behind, and the tasks by cause.
"""

from __future__ import annotations

import argparse
import ast
import re
import subprocess
import time
from collections import defaultdict
from pathlib import Path

from cgroup import Cgroup

from acecoder.problem_sets import loading
from acecoder.sandbox.contract import Job, Judged, SandboxConfig
from acecoder.sandbox.opening import open_sandbox
from acecoder.schema import Outcome, Problem

WORKERS = 2
NOTHING = "def task_func(*given, **named):\n    return None\n"
CAUSES = (
    ("a library that the environment lacks", r"No module named '(?!program)([\w.]+)'"),
    ("data that a library downloads", r"MissingCorpusError|Resource .* not found|nltk\.download"),
    (
        "starts a process or opens a connection, which no program may",
        r"PermissionError: \[Errno 1\]|name resolution|gaierror|Max retries|URLError",
    ),
    ("reads a file of the host", r"No such file or directory: '/(?!tmp)"),
    ("over a limit", r"over its time limit|out of memory|its process ended"),
)
"""What the reason of a verdict says, by a pattern."""
REACHING = {
    "subprocess", "socket", "requests", "ftplib", "smtplib", "psutil", "multiprocessing", "urllib",
}  # fmt: skip
KNOWN = {
    "111": "fails outside the sandbox too, with these libraries",
    "276": "fails outside the sandbox too, with these libraries",
    "812": "fails outside the sandbox too: expects a mode to keep its user out, who is root",
    "263": "starts a process or opens a connection, which no program may",
    "973": "changes the mode of /tmp, which is not its own",
    "413": "needs the standard library's package `test`, which the sandbox leaves out",
}
"""Of single tasks, looked at by hand."""


def cause_of(judged: Judged, problem: Problem) -> str:
    """By what the verdict says, or else by what the program imports."""
    number = problem.id.rpartition("/")[2]
    if number in KNOWN:
        return KNOWN[number]
    for cause, pattern in CAUSES:
        found = re.search(pattern, judged.reason)
        if found:
            return f"{cause}: {found[1]}" if found.groups() and found[1] else cause
    tree = ast.walk(ast.parse(problem.reference + "\n" + problem.preamble))
    imported = {
        name.name.split(".")[0]
        for node in tree
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [*node.names] if isinstance(node, ast.Import) else [ast.alias(node.module or "")]
        )
    }
    if imported & REACHING or "os.system" in problem.reference:
        return "starts a process or opens a connection, which no program may"
    if imported & {"nltk", "textblob"}:
        return "data that a library downloads"
    return "other"


def left_behind() -> tuple[int, int]:
    """(processes of this project's workers, mounts of theirs)."""
    processes = subprocess.run(
        ["pgrep", "-fc", "sandbox/worker"], capture_output=True, text=True, check=False
    )
    mounts = Path("/proc/self/mounts").read_text()
    return int(processes.stdout or 0), mounts.count("/packages")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--environment", default="")
    parser.add_argument("--every", type=int, default=1, help="every n-th task alone")
    parser.add_argument("--tasks", default="", help="numbers of tasks, with commas")
    parser.add_argument("--reasons", action="store_true", help="why each program fails")
    options = parser.parse_args()
    sites = sorted(Path("build/bigcodebench/lib").glob("python3*/site-packages"))
    environment = options.environment or str(sites[0].resolve())
    problems = list(loading.load("bigcodebench/complete", data=options.data))[:: options.every]
    if options.tasks:
        wanted = {f"BigCodeBench/{number}" for number in options.tasks.split(",")}
        problems = [problem for problem in problems if problem.id in wanted]
    by_id = {problem.id: problem for problem in problems}
    jobs = (
        Job(
            p.id,
            p.tests,
            (("reference", p.preamble + p.reference), ("nothing", p.preamble + NOTHING)),
            p.entry_point or "",
            limits=p.limits,
        )
        for p in problems
    )
    cgroup = Cgroup()
    cgroup.enter()
    started_s = time.monotonic()
    failed: dict[str, list[str]] = defaultdict(list)
    passed, earned = 0, []
    with open_sandbox(SandboxConfig(environment=environment), num_workers=WORKERS) as sandbox:
        for judged in sandbox.judge(jobs):
            right = set(judged.outcomes) == {Outcome.PASSED}
            if judged.key == "nothing":
                earned += [judged.problem_id] if right else []
            elif right:
                passed += 1
            else:
                cause = cause_of(judged, by_id[judged.problem_id])
                if options.reasons:
                    print(judged.problem_id, judged.reason.replace("\n", " "), flush=True)
                failed[cause].append(judged.problem_id.rpartition("/")[2])
    wall_s = time.monotonic() - started_s
    processes, mounts = left_behind()
    print(
        f"{passed} of {len(problems)} reference programs pass; {len(earned)} programs that return nothing do: {earned}"
    )
    print(
        f"{wall_s:.0f} s with {WORKERS} workers, {cgroup.cpu_s():.0f} s of CPU, peak {cgroup.peak_bytes() / 1e9:.1f} GB; "
        f"left behind: {processes} processes, {mounts} mounts"
    )
    print("| cause | tasks | which |\n|-|-|-|")
    for cause, tasks in sorted(failed.items(), key=lambda item: -len(item[1])):
        print(f"| {cause} | {len(tasks)} | {', '.join(sorted(tasks, key=int))} |")


if __name__ == "__main__":
    main()
