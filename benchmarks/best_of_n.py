"""Ways of choosing among a real model's samples: random, shortest, majority, CodeT, on HumanEval+.

    .venv/bin/python benchmarks/best_of_n.py --data ../shared/data --samples 32

CodeGen-16B's recorded samples and the asserts it generated (microsoft/CodeT). No reward model is
needed; the table is what one has to beat.
"""

from __future__ import annotations

import argparse
import ast
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from acecoder.engine.home import Home
from acecoder.engine.runner import run_stage
from acecoder.evaluation import result
from acecoder.problem_sets import loading
from acecoder.schema import Problem
from acecoder.stages import load_stage

HUMANEVAL_PLUS = "humanevalplus/v0.1.10/HumanEvalPlus.jsonl.gz"
ENDS = ("\nclass ", "\ndef ", "\n#", "\nif ", "\nprint", "\nassert")
MODEL = "CodeGen-16B-mono"


def rows(file: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(file, "rt") as lines:
        yield from map(json.loads, lines)


def cut(completion: str) -> str:
    """A completion up to where it begins something else, as CodeT cuts it."""
    places = [completion.find(end) for end in ENDS]
    return completion[: min((p for p in places if p >= 0), default=len(completion))]


def asserts(texts: list[str], entry_point: str, most: int) -> list[str]:
    """Different generated asserts of the entry point, in the order they were written."""
    found: dict[str, None] = {}
    for text in texts:
        for part in f"assert {text}".split("assert ")[1:]:
            try:
                (statement,) = ast.parse(f"assert {part.strip()}").body
            except (SyntaxError, ValueError):
                continue
            if f"{entry_point}(" in part:
                found[ast.unparse(statement)] = None
    return list(found)[:most]


def task_of(prompt: str, problems: list[Problem]) -> Problem:
    """CodeT's prompts are HumanEval's without the examples: the one that begins alike."""
    text = prompt.split()

    def shared(each: Problem) -> int:
        pairs = enumerate(zip(text, each.prompt.split(), strict=False))
        return next((i for i, (one, other) in pairs if one != other), len(text))

    return max((p for p in problems if f"def {p.entry_point}(" in prompt), key=shared)


def write(file: Path, records: list[dict[str, Any]]) -> Path:
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    return file


def tables(data: Path, work: Path, num_samples: int, most_tests: int) -> tuple[Path, Path, Path]:
    """(problems, generated problems, programs)."""
    problems = list(loading.load("humaneval_plus", data=data / HUMANEVAL_PLUS))
    programs, generated = [], []
    for row in rows(data / "recorded/codet_humaneval_100_programs.jsonl.gz"):
        problem = task_of(row["prompt"], problems)
        for index, text in enumerate(row["samples"][:num_samples]):
            programs.append(
                {"problem_id": problem.id, "model": MODEL, "program_index": index,
                 "program": problem.prompt + cut(text)}
            )  # fmt: skip
    for row in rows(data / "recorded/codet_humaneval_generated_tests.jsonl.gz"):
        problem = task_of(row["prompt"], problems)
        tests = asserts(row["samples"], problem.entry_point or "", most_tests)
        generated.append({**problem.model_dump(mode="json"), "tests": tests, "num_base_tests": 0})
    return (
        write(work / "problems.jsonl", [p.model_dump(mode="json") for p in problems]),
        write(work / "generated.jsonl", generated),
        write(work / "programs.jsonl", programs),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of benchmark files")
    parser.add_argument("--samples", type=int, default=32)
    parser.add_argument("--tests", type=int, default=50, help="generated asserts of a problem")
    parser.add_argument("--work", type=Path, default=Path("build/best_of_n"))
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    home = Home(options.work.resolve() / "home")
    problems, generated, programs = tables(
        options.data, options.work, options.samples, options.tests
    )

    def run(stage: str, table: dict[str, Any] | None = None, **inputs: Path) -> Path:
        done = run_stage(load_stage(stage), step=stage, table=table or {}, inputs=inputs, home=home)
        return done.directory

    judged = run("judge_programs", problems=problems, programs=programs) / "verdicts"
    guessed = run("judge_programs", problems=generated, programs=programs) / "verdicts"
    sizes = [n for n in (4, 16, 32, 64) if n <= options.samples]
    scores = run(
        "evaluate_model",
        {"best_of": sizes, "pass_at": [1, 10]},
        benchmark=problems, programs=programs, verdicts=judged, generated_verdicts=guessed,
    ) / "scores"  # fmt: skip
    found, values = result.read(scores)
    print(result.write(options.work / "evaluation", found, values, {}))


if __name__ == "__main__":
    main()
