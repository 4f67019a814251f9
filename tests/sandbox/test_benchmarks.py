"""Real benchmark files: unittest files of BigCodeBench, scripts and methods of LiveCodeBench.

They lie beside the project (`../shared/data`) and are not shipped; skipped where they are not.
"""

from __future__ import annotations

import ast
import gzip
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from acecoder.sandbox.contract import Job, Judged, Limits, SandboxConfig
from acecoder.sandbox.opening import open_sandbox
from acecoder.schema import Outcome, StdinTest, Test, UnittestTest

DATA = Path(__file__).parents[3] / "shared" / "data"
LIMITS = Limits(test_cpu_s=5.0, test_wall_s=10.0, test_idle_s=3.0, total_wall_s=20.0)


def rows(name: str) -> list[dict[str, Any]]:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"no benchmark file {path}")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def imported(source: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def judged(jobs: list[Job]) -> list[Judged]:
    with open_sandbox(SandboxConfig(limits=LIMITS), num_workers=2) as sandbox:
        return list(sandbox.judge(jobs))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_bigcodebench_with_the_standard_library() -> None:
    """Of all 333 such problems 300 reference programs pass; the others start processes, open
    connections, change modes, or take longer than the limit."""
    known = sys.stdlib_module_names | {"numpy"}
    jobs = []
    for row in rows("bigcodebench/BigCodeBench-full-hf.jsonl.gz"):
        right = row["code_prompt"] + row["canonical_solution"]
        if imported(f"{right}\n{row['test']}") <= known:
            test = UnittestTest(kind="unittest", code=row["test"])
            wrong = "def task_func(*args, **kwargs):\n    return None\n"
            jobs.append(Job(row["task_id"], (test,), (("right", right), ("wrong", wrong))))
    assert len(jobs) == 333
    results = judged(jobs[::6])
    passed = [r for r in results if r.outcomes == (Outcome.PASSED,)]
    assert {result.key for result in passed} == {"right"}
    assert len(passed) >= 0.85 * len(jobs[::6])
    assert all(result.weak == (0,) for result in results)


SCRIPTS = {
    "1873_A": "for _ in range(int(input())):\n"
    "    print('YES' if sum(a != b for a, b in zip(input(), 'abc')) <= 2 else 'NO')",
    "1873_D": "for _ in range(int(input())):\n"
    "    n, k = map(int, input().split())\n    row = input()\n    used = i = 0\n"
    "    while i < n:\n        hit = row[i] == 'B'\n        used += hit\n"
    "        i += k if hit else 1\n    print(used)",
}
METHODS = {
    "2727": ("countSeniors", "return sum(int(d[11:13]) > 60 for d in details)", "details"),
    "2756": (
        "buyChoco",
        "a, b = sorted(prices)[:2]\n        return money - a - b if a + b <= money else money",
        "prices, money",
    ),
}


def test_livecodebench_scripts_and_methods() -> None:
    problems = {
        row["question_id"]: row
        for row in rows("livecodebench/derived_lcb_release_v4_713_statement_tests.jsonl.gz")
    }
    jobs = []
    for name, script in SCRIPTS.items():
        tests: tuple[Test, ...] = tuple(
            StdinTest(kind="stdin", input=t["input"], output=t["output"])
            for t in json.loads(problems[name]["public_test_cases"])
        )
        jobs.append(Job(name, tests, (("right", script), ("wrong", "print('YES')"))))
    for name, (method, body, parameters) in METHODS.items():
        right = f"class Solution:\n    def {method}(self, {parameters}):\n        {body}\n"
        tests = tuple(
            f"assert Solution().{method}({', '.join(map(repr, arguments))}) == {answer!r}"
            for t in json.loads(problems[name]["public_test_cases"])
            for arguments in [[json.loads(line) for line in t["input"].splitlines()]]
            for answer in [json.loads(t["output"])]
        )
        wrong = f"class Solution:\n    def {method}(self, {parameters}):\n        return -1\n"
        jobs.append(Job(name, tests, (("right", right), ("wrong", wrong))))
    for result in judged(jobs):
        expected = Outcome.PASSED if result.key == "right" else Outcome.FAILED
        assert set(result.outcomes) == {expected}, result
        assert result.weak == ()
