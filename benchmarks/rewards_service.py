"""`acecoder serve-rewards` under load, beside the same rewards as a call of the library.

    .venv/bin/python -m benchmarks.rewards_service --completions 2048 --requests 6 --clients 2

Completions are the references of `first_steps` and their mutants. Both sides judge the same completions, one after
the other; the service's clients send theirs at once. Printed: seconds per request (median, 99th percentile, worst),
completions per second, and the CPU time of the clients.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import requests

from acecoder.problem_sets import loading
from acecoder.rewards import TestsReward
from acecoder.schema import Problem
from acecoder.synthesis.mutation import mutants

PORT = 8097


def workload(count: int) -> tuple[list[Problem], list[str], list[str]]:
    """(problems, problem ids, completions)."""
    problems = [
        each for each in loading.load("first_steps/held_out") if getattr(each, "reference", "")
    ]
    pairs = []
    for problem in problems:
        reference = str(problem.reference)  # type: ignore[attr-defined]
        pairs += [(problem.id, text) for text in (reference, *mutants(reference, count=8, seed=0))]
    chosen = [pairs[index % len(pairs)] for index in range(count)]
    return problems, [name for name, _ in chosen], [text for _, text in chosen]


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--completions", type=int, default=2048, help="per request")
    parser.add_argument("--requests", type=int, default=6)
    parser.add_argument("--clients", type=int, default=2, help="that send at the same time")
    options = parser.parse_args()
    problems, names, completions = workload(options.completions)
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "problems.jsonl"
        file.write_text("".join(each.model_dump_json() + "\n" for each in problems))
        command = [sys.executable, "-m", "acecoder", "serve-rewards", "--problems", str(file)]
        command += ["--set", "reward=tests_pass_rate", "--port", str(PORT), "--no-token"]
        server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            service(options, names, completions)
        finally:
            server.terminate()
            server.wait()
    with TestsReward(problems, binary=False) as reward:
        reward(completions[:8], problem_id=names[:8])
        began_s = time.perf_counter()
        reward(completions, problem_id=names)
        took_s = time.perf_counter() - began_s
    print(f"library call: {took_s:.2f} s, {len(names) / took_s:.0f} completions a second")


def service(options: argparse.Namespace, names: list[str], completions: list[str]) -> None:
    address = f"http://127.0.0.1:{PORT}"
    for _ in range(300):
        try:
            requests.get(f"{address}/healthz", timeout=5)
            break
        except OSError:
            time.sleep(0.1)
    body = json.dumps({"problem_ids": names, "completions": completions})

    def ask(_: int) -> float:
        began_s = time.perf_counter()
        answer = requests.post(f"{address}/rewards", data=body, timeout=900)
        assert answer.status_code == 200 and len(answer.json()["rewards"]) == len(names)
        return time.perf_counter() - began_s

    ask(0)
    cpu_s, began_s = time.process_time(), time.perf_counter()
    with ThreadPoolExecutor(options.clients) as clients:
        took_s = list(clients.map(ask, range(options.requests)))
    wall_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_s
    total = options.requests * len(names)
    print(
        f"service: median {median(took_s):.2f} s, p99 {percentile(took_s, 0.99):.2f} s, worst {max(took_s):.2f} s "
        f"per request of {len(names)}; {total / wall_s:.0f} completions a second; clients' CPU "
        f"{1e6 * cpu_s / total:.0f} microseconds per completion"
    )


if __name__ == "__main__":
    main()
