"""Verdicts on HumanEval+ and MBPP+, every input, beside those of the package `evalplus`.

    .venv/bin/python -m uv pip install --no-deps --target build/peers evalplus==0.3.1 appdirs wget \\
        tempdir multipledispatch psutil termcolor
    PYTHONPATH=.:build/peers .venv/bin/python benchmarks/evaluation.py --data ../shared/data

Programs: the reference of every task, five mutants of it, `pass`, recorded samples of models, and with
`--programs` a table of programs (what `sample_programs` wrote) as a fifth kind, `given`.
Both engines have two workers, and run in a process and cgroup of their own. What is expected is found
out before the clock starts: both keep it in files. Says where the two disagree, task by task. Needs
root and a cgroup with CPU accounting.
"""

from __future__ import annotations

import argparse
import gzip
import json
import multiprocessing
import os
import sys
import types
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cgroup import measured

from acecoder.engine.tables import read_table
from acecoder.problem_sets import loading
from acecoder.schema import Problem, Program
from acecoder.synthesis.mutation import mutants

FILES = {
    "humaneval_plus": "humanevalplus/v0.1.10/HumanEvalPlus.jsonl.gz",
    "mbpp_plus": "mbppplus/v0.2.0/MbppPlus.jsonl.gz",
}
WORKERS = 2
REFERENCES = Path("build/references")
Verdicts = list[tuple[bool, bool]]
"""(base, base and plus) of each program."""


@dataclass(frozen=True)
class Item:
    """One program for one task."""

    task: int
    origin: str
    text: str


def ours(
    name: str, problems: list[Problem], items: list[Item], data: Path
) -> Callable[[], Verdicts]:
    from acecoder.sandbox.contract import Job, SandboxConfig
    from acecoder.sandbox.opening import open_sandbox

    by_task: dict[int, list[tuple[str, str]]] = {}
    for index, item in enumerate(items):
        by_task.setdefault(item.task, []).append((str(index), item.text))
    jobs = [
        Job(
            p.id,
            p.tests,
            tuple(by_task[i]),
            p.entry_point or "",
            p.reference,
            p.limits,
            p.num_base_tests,
        )
        for i, p in enumerate(problems)
        if i in by_task
    ]
    num_base = {p.id: p.num_base_tests for p in problems}
    with open_sandbox(SandboxConfig(), num_workers=WORKERS, references=REFERENCES) as sandbox:
        list(sandbox.judge(replace(job, programs=(("asked", "f = None"),)) for job in jobs))

    def run() -> Verdicts:
        found: Verdicts = [(False, False)] * len(items)
        with open_sandbox(SandboxConfig(), num_workers=WORKERS, references=REFERENCES) as sandbox:
            for judged in sandbox.judge(jobs):
                right = [outcome == "passed" for outcome in judged.outcomes]
                base = all(right[: num_base[judged.problem_id]])
                found[int(judged.key)] = (base, all(right))
        return found

    return run


def evalplus(
    name: str, problems: list[Problem], items: list[Item], data: Path
) -> Callable[[], Verdicts]:
    tasks = _tasks(name, data)

    def run() -> Verdicts:
        with ProcessPoolExecutor(WORKERS, multiprocessing.get_context("fork")) as pool:
            sent = [pool.submit(_checked, item.task, item.text) for item in items]
            return [future.result() for future in sent]

    global _evalplus_tasks, _dataset
    _evalplus_tasks, _dataset = tasks, name.removesuffix("_plus")
    return run


_evalplus_tasks: list[dict[str, Any]] = []
_dataset = ""


def _tasks(name: str, data: Path) -> list[dict[str, Any]]:
    """evalplus' own rows, with what it expects."""
    sys.modules.setdefault("datasets", types.SimpleNamespace(load_dataset=None))  # type: ignore[arg-type]
    from evalplus.data.mbpp import mbpp_deserialize_inputs
    from evalplus.eval._special_oracle import MBPP_OUTPUT_NOT_NONE_TASKS
    from evalplus.gen.util import trusted_exec

    sys.set_int_max_str_digits(0)
    tasks = []
    with gzip.open(data / FILES[name], "rt") as lines:
        for row in map(json.loads, lines):
            for part in ("base", "plus"):
                if name == "mbpp_plus":
                    row[f"{part}_input"] = mbpp_deserialize_inputs(
                        row["task_id"], row[f"{part}_input"]
                    )
                row[part] = trusted_exec(
                    row["prompt"] + row["canonical_solution"],
                    row[f"{part}_input"],
                    row["entry_point"],
                    record_time=True,
                    output_not_none=name == "mbpp_plus"
                    and row["entry_point"] in MBPP_OUTPUT_NOT_NONE_TASKS,
                )
            tasks.append(row)
    return tasks


def _checked(task: int, text: str) -> tuple[bool, bool]:
    from evalplus.eval import untrusted_check

    row = _evalplus_tasks[task]
    found = []
    for part in ("base", "plus"):
        expected, times = row[part]
        status, _ = untrusted_check(
            _dataset, text, row[f"{part}_input"], row["entry_point"],
            expected=expected, atol=row["atol"], ref_time=times, fast_check=True,
        )  # fmt: skip
        found.append(status == "pass")
    return found[0], all(found)


ENGINES = {"acecoder": ours, "evalplus": evalplus}


def measure(
    engine: str, name: str, problems: list[Problem], items: list[Item], data: Path
) -> tuple[float, float, Verdicts]:
    """(CPU seconds, wall seconds, verdicts) of one engine."""
    run = measured(lambda: ENGINES[engine](name, problems, items, data))
    return run.cpu_s, run.wall_s, run.result


def programs(problems: list[Problem], name: str, data: Path, num_runs: int) -> Iterator[Item]:
    """Of every origin, for every task."""
    for index, problem in enumerate(problems):
        yield Item(index, "reference", problem.reference)
        for text in mutants(problem.reference, count=5, seed=problem.id):
            yield Item(index, "mutant", text)
        yield Item(index, "pass", f"def {problem.entry_point}(*given, **named):\n    pass\n")
    places = {problem.id: index for index, problem in enumerate(problems)}
    recorded = data / "recorded"
    files = (
        ["wizardcoder_mbpp"]
        if name == "mbpp_plus"
        else ["wizardcoder_humaneval", "humaneval_47_runs"]
    )
    runs: set[str] = set()
    for row in (row for file in files for row in _rows(recorded / f"{file}.jsonl.gz")):
        runs.add(row.get("run", ""))
        if row["task_id"] in places and len(runs) <= num_runs + 1:
            place = places[row["task_id"]]
            yield Item(place, "recorded", _whole(problems[place], row["completion"]))


def given(table: Path, problems: list[Problem]) -> Iterator[Item]:
    """The programs of a table."""
    places = {problem.id: index for index, problem in enumerate(problems)}
    for program in read_table(table, Program):
        if program.problem_id in places:
            yield Item(places[program.problem_id], "given", program.program)


def _whole(problem: Problem, completion: str) -> str:
    """A completion continues the prompt, unless it repeats the function from its first line."""
    return completion if f"def {problem.entry_point}" in completion else problem.prompt + completion


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(file, "rt") as lines:
        yield from map(json.loads, lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of benchmark files")
    parser.add_argument("--benchmarks", default="humaneval_plus mbpp_plus")
    parser.add_argument("--runs", type=int, default=8, help="recorded runs of HumanEval")
    parser.add_argument(
        "--programs", type=Path, help="a table of programs of the one benchmark named"
    )
    parser.add_argument("--kinds", default="reference mutant pass recorded", help="which programs")
    parser.add_argument("--tasks", type=int, default=1000, help="at most so many of each")
    options = parser.parse_args()
    print(
        "| benchmark | programs | count | engine | CPU ms/program | of evalplus' | programs/s | of evalplus' | differ |"
    )
    print("|-|-|-|-|-|-|-|-|-|")
    differences = []
    for name in options.benchmarks.split():
        problems = list(loading.load(name, data=options.data / FILES[name]))[: options.tasks]
        items = list(programs(problems, name, options.data, options.runs))
        kinds = options.kinds.split()
        if options.programs:
            items += given(options.programs, problems)
            kinds.append("given")
        for origin in kinds:
            chosen = [item for item in items if item.origin == origin]
            theirs = measure("evalplus", name, problems, chosen, options.data)
            own = measure("acecoder", name, problems, chosen, options.data)
            differ = [
                (
                    name,
                    problems[item.task].id,
                    origin,
                    "base" if a[0] != b[0] else "plus",
                    f"evalplus {b}, acecoder {a}",
                    item.text,
                )
                for item, a, b in zip(chosen, own[2], theirs[2], strict=True)
                if a != b
            ]
            differences += differ
            for engine, (cpu_s, wall_s, _) in (("evalplus", theirs), ("acecoder", own)):
                print(
                    f"| {name} | {origin} | {len(chosen)} | {engine} | {1000 * cpu_s / len(chosen):.1f} "
                    f"| {cpu_s / theirs[0]:.2f} | {len(chosen) / wall_s:.1f} | {theirs[1] / wall_s:.1f} "
                    f"| {len(differ) if engine == 'acecoder' else ''} |",
                    flush=True,
                )
    for *told, text in differences:
        print("differs:", *told)
        if os.environ.get("SHOW"):
            print(text)


if __name__ == "__main__":
    main()
