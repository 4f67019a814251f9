"""Engines that judge programs, side by side on one workload made of HumanEval.

    .venv/bin/python -m uv pip install --no-deps --target build/peers evalplus==0.3.1 appdirs wget \\
        tempdir multipledispatch psutil termcolor
    PYTHONPATH=.:build/peers .venv/bin/python benchmarks/sandbox.py --programs 2000 --rounds 2

Each engine runs in a process (and cgroup, which counts the CPU time of everything it starts) of
its own, one worker per core (ours, whose limits count CPU time: two), interleaved in rounds. Needs root
and a cgroup v1 or v2 with CPU accounting. `clean` leaves the pathological programs out.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path

from cgroup import measured
from engines import ENGINES, Verdict
from workload import Item, Question, workload


def measure(name: str, questions: list[Question], items: list[Item], own: bool) -> dict[str, float]:
    """Run one engine once in a process and cgroup of its own."""
    run = measured(lambda: lambda: ENGINES[name](questions, items, own))
    cpu_s, wall_s, peak_bytes, results = run.cpu_s, run.wall_s, run.peak_bytes, run.result
    assert len(results) == len(items), (name, len(results), len(items))
    times = sorted(seconds for _, seconds, _ in results)
    return {
        "cpu_ms": 1000 * cpu_s / len(items),
        "programs_s": len(items) / wall_s,
        "p50_ms": 1000 * times[len(times) // 2],
        "p99_ms": 1000 * times[int(0.99 * len(times))],
        "peak_mb": peak_bytes / 1e6,
        "wrong": sum(_is_wrong(items[index], verdict) for index, _, verdict in results),
    }


def _is_wrong(item: Item, verdict: Verdict) -> bool:
    if item.truth is None:
        return verdict is True or (isinstance(verdict, tuple) and all(verdict))
    return verdict != (item.truth if isinstance(verdict, tuple) else all(item.truth))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--engines", default="", help="semicolon-separated; default: all but the pool"
    )
    parser.add_argument("--loads", default="clean equal,all own,all equal")
    parser.add_argument("--json", default="", help="also write the figures to this file")
    options = parser.parse_args()
    questions, items = workload(options.programs, options.seed)
    chosen = (
        options.engines.split(";")
        if options.engines
        else [e for e in ENGINES if "pool" not in e and "two a core" not in e]
    )
    figures = {}
    for load in options.loads.split(","):
        which, limits = load.split()
        used = items if which == "all" else [i for i in items if i.truth and i.kind != "slow"]
        engines = [e for e in chosen if which == "clean" or e != "in process"]
        rounds: dict[str, list[dict[str, float]]] = {engine: [] for engine in engines}
        for number in range(options.rounds):
            for engine in engines[number % len(engines) :] + engines[: number % len(engines)]:
                rounds[engine].append(measure(engine, questions, used, limits == "own"))
        figures[load] = _print(load, len(used), rounds)
    if options.json:
        Path(options.json).write_text(json.dumps(figures, indent=1) + "\n")


def _print(
    load: str, count: int, rounds: dict[str, list[dict[str, float]]]
) -> dict[str, dict[str, float]]:
    medians = {
        engine: {key: statistics.median(each[key] for each in runs) for key in runs[0]}
        for engine, runs in rounds.items()
    }
    for engine, runs in rounds.items():
        medians[engine]["wrong"] = max(each["wrong"] for each in runs)
    peer = medians.get("evalplus")
    print(
        f"\n{load} limits, {count} programs, medians of {len(next(iter(rounds.values())))} rounds"
    )
    print(
        "| engine | CPU ms/program | of evalplus' | programs/s | of evalplus' | p50 ms | p99 ms "
        "| peak MB | wrong |\n|-|-|-|-|-|-|-|-|-|"
    )
    for engine, f in medians.items():
        cpu = f"{f['cpu_ms'] / peer['cpu_ms']:.2f}" if peer else "-"
        speed = f"{f['programs_s'] / peer['programs_s']:.1f}" if peer else "-"
        print(
            f"| {engine} | {f['cpu_ms']:.2f} | {cpu} | {f['programs_s']:.0f} | {speed} "
            f"| {f['p50_ms']:.1f} | {f['p99_ms']:.0f} | {f['peak_mb']:.0f} | {f['wrong']:.0f} |",
            flush=True,
        )
    return medians


if __name__ == "__main__":
    main()
