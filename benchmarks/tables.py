"""Seconds and peak memory of every stage that works on tables, at the size of AceCode-89K.

    python -m benchmarks.tables [--problems 89000] [--of-problems 8900]

Makes tables of PROBLEMS x 16 programs x 16 tests and runs each stage as its user would, in a process of
its own. `judge_programs` finds every verdict in its journal: what is measured is its work on tables.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from acecoder.judging.table import key_of
from acecoder.sandbox.contract import SandboxConfig
from acecoder.schema import Problem, Program

PROGRAMS, TESTS = 16, 16
STAGES = ("filter_tests", "build_pairs", "select_hard_problems", "evaluate_model", "judge_programs")
OUTPUTS = {
    "filter_tests": "kept",
    "build_pairs": "pairs",
    "select_hard_problems": "hard",
    "evaluate_model": "scores",
    "judge_programs": "verdicts",
}
FILLER = "    # a comment as long as a line of a program is, for the size of it\n" * 6


@dataclass(frozen=True)
class Cost:
    """What one stage took."""

    cpu_s: float
    wall_s: float
    peak_bytes: int


def make(directory: Path, num_problems: int) -> None:
    """Write problems, programs and verdicts, and the journal that judge_programs finds them in."""
    rng = random.Random(0)
    journal = directory / "home" / "journal" / "verdicts" / f"{SandboxConfig().digest()}.jsonl"
    journal.parent.mkdir(parents=True)
    with (
        (directory / "problems.jsonl").open("w") as problems,
        (directory / "programs.jsonl").open("w") as programs,
        (directory / "verdicts.jsonl").open("w") as verdicts,
        journal.open("w") as entries,
    ):
        for number in range(num_problems):
            problem = {
                "id": f"p{number}",
                "question": f"Question {number}: " + "what to write " * 20,
                "tests": [
                    f"assert f_{number}([{i}, {i + 1}, 3]) == [3, {i + 1}, {i}]"
                    for i in range(TESTS)
                ],
            }
            problems.write(json.dumps(problem) + "\n")
            whole = Problem.model_validate(problem)
            ease = rng.random()
            for index in range(PROGRAMS):
                program = {
                    "problem_id": f"p{number}",
                    "model": "m",
                    "program_index": index,
                    "program": f"def f_{number}(x):\n{FILLER}    return {index}\n",
                }
                programs.write(json.dumps(program) + "\n")
                outcomes = ["passed" if rng.random() < ease else "failed" for _ in range(TESTS)]
                told = {
                    "outcomes": outcomes,
                    "weak": [],
                    "cpu_s": 0.01,
                    "wall_s": 0.01,
                    "reason": "",
                }
                verdict = {
                    "program_id": f"p{number}#m#{index}",
                    "problem_id": f"p{number}",
                    "model": "m",
                    "program_index": index,
                    "pass_rate": outcomes.count("passed") / TESTS,
                    **told,
                }
                verdicts.write(json.dumps(verdict) + "\n")
                key = key_of(whole, Program.model_validate(program))
                entries.write(json.dumps([key, told]) + "\n")


def cost_of(stage: str, directory: Path) -> Cost:
    """Run one stage in a process of its own."""
    arguments = [sys.executable, "-m", "acecoder", stage.replace("_", "-")]
    inputs = {
        "filter_tests": ("problems", "verdicts"),
        "select_hard_problems": ("problems", "verdicts"),
        "build_pairs": ("problems", "programs", "verdicts"),
        "evaluate_model": ("benchmark", "programs", "verdicts"),
        "judge_programs": ("problems", "programs"),
    }[stage]
    for name in inputs:
        file = "problems" if name == "benchmark" else name
        arguments += [f"--{name}", str(directory / f"{file}.jsonl")]
    out = OUTPUTS[stage]
    arguments += [f"--{out}", str(directory / f"out-{stage}")]
    started_s = time.monotonic()
    environment = {**os.environ, "ACECODER_HOME": str(directory / "home"), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{stage} failed")
    wall_s = time.monotonic() - started_s
    return Cost(usage.ru_utime + usage.ru_stime, wall_s, usage.ru_maxrss << 10)


def measure(num_problems: int) -> dict[str, Cost]:
    """The cost of every stage at a size."""
    with tempfile.TemporaryDirectory(prefix="tables-", dir=os.environ.get("TMPDIR")) as name:
        directory = Path(name)
        make(directory, num_problems)
        return {stage: cost_of(stage, directory) for stage in STAGES}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", type=int, default=89_000)
    parser.add_argument("--of-problems", type=int, default=8_900, help="the size to compare with")
    options = parser.parse_args()
    small, large = measure(options.of_problems), measure(options.problems)
    print(f"{options.problems} problems x {PROGRAMS} programs x {TESTS} tests")
    print("| stage | CPU s | wall s | peak MiB | peak / peak at a tenth |\n|-|-:|-:|-:|-:|")
    for stage, cost in large.items():
        ratio = cost.peak_bytes / small[stage].peak_bytes
        print(
            f"| {stage} | {cost.cpu_s:.0f} | {cost.wall_s:.0f} | {cost.peak_bytes >> 20} | {ratio:.2f} |"
        )
    print(f"this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB")


if __name__ == "__main__":
    main()
