"""What a command costs before it works: CPU seconds of verbs, of judging ten programs, of a step that is done.

    .venv/bin/python -m benchmarks.overhead [--steps]

Medians of five, of the process and its children. Beside each, `python -c pass` and `python -c "import mlflow"`
in the same run. `--steps` runs the smoke profile first (minutes), then its 24 steps again when all are done:
what is left is starting a process, importing, finding the result.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ACECODER = [sys.executable, "-m", "acecoder"]
TIMES = 5
PROBLEM = {"id": "add", "question": "q", "entry_point": "add", "tests": ["assert add(1, 2) == 3"]}


def cpu_s(command: list[str], home: Path) -> float:
    """CPU seconds of a command and all it started."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "ACECODER_HOME": str(home)}
    environment.pop("MLFLOW_TRACKING_URI", None)
    subprocess.run(command, env=environment, capture_output=True, check=False, cwd=home)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def median(command: list[str], home: Path) -> float:
    return statistics.median(cpu_s(command, home) for _ in range(TIMES))


def row(name: str, seconds: float, aim: str = "") -> None:
    print(f"| {name} | {seconds:.2f} | {aim} |", flush=True)


def judging(home: Path) -> list[str]:
    (home / "p.jsonl").write_text(json.dumps(PROBLEM) + "\n")
    rows = [
        {
            "problem_id": "add",
            "model": "m",
            "program_index": i,
            "program": f"def add(a, b): return {i}",
        }
        for i in range(10)
    ]
    (home / "c.jsonl").write_text("".join(json.dumps(each) + "\n" for each in rows))
    return [
        *ACECODER,
        "judge-programs",
        "--problems",
        "p.jsonl",
        "--programs",
        "c.jsonl",
        "--verdicts",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", action="store_true", help="the smoke profile's steps too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        print("| what | CPU s | aim |\n|-|-|-|")
        row("`python -c pass`", median([sys.executable, "-c", "pass"], home))
        row("`import mlflow`", median([sys.executable, "-c", "import mlflow"], home))
        for verb in ("judge-programs", "train-policy", "promote-model", "run", "evaluate"):
            row(f"`{verb} --help`", median([*ACECODER, verb, "--help"], home), "0.3")
        row("`plan --profile nope`", median([*ACECODER, "plan", "--profile", "nope"], home), "0.3")
        judge, found = judging(home), []
        for number in range(TIMES):
            shutil.rmtree(home / "artifacts", ignore_errors=True)
            shutil.rmtree(home / "journal", ignore_errors=True)
            found.append(cpu_s([*judge, f"v{number}"], home))
        row("`judge-programs`, 10 programs", statistics.median(found), "1.5")
        if options.steps:
            smoke = [*ACECODER, "run", "--profile", "smoke"]
            first = cpu_s(smoke, home)
            (run,) = (home / "runs").iterdir()
            shutil.rmtree(run / "steps")
            again = cpu_s(smoke, home)
            row("`run --profile smoke`", first)
            row("a step of it that is done already", again / 24, "2.0")


if __name__ == "__main__":
    main()
