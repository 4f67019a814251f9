"""The programs whose verdicts are recorded: benchmarks with references and mutants, and programs
that models really wrote. They lie beside the project and are not copied into it."""

from __future__ import annotations

import ast
import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acecoder.synthesis.mutation import mutants

DATA = Path(__file__).parents[3] / "shared" / "data"
NUM_MUTANTS = 5
CODET_PROGRAMS = 25
"""Of the 100 per problem, so that a comparison stays under half an hour on two cores."""


@dataclass(frozen=True)
class Task:
    """A problem and the programs to judge, by name."""

    id: str
    tests: tuple[Any, ...]
    programs: dict[str, str]


def tasks() -> Iterator[Task]:
    """All of them."""
    humaneval = {row["task_id"]: row for row in _rows("humaneval/HumanEval.jsonl.gz")}
    recorded = _recorded_humaneval(humaneval)
    for name, row in humaneval.items():
        right = row["prompt"] + row["canonical_solution"]
        programs = {**_variants(name, right), **recorded.get(name, {})}
        yield Task(name, _check_tests(row["test"], row["entry_point"]), programs)
    for row in _rows("humanevalplus/v0.1.10/HumanEvalPlus-Mini.jsonl.gz"):
        right = row["prompt"] + row["canonical_solution"]
        name = row["task_id"].replace("HumanEval", "HumanEval+")
        yield Task(name, _plus_tests(row, right), _variants(name, right))
    written = _recorded_mbpp()
    for row in _rows("mbpp/mbpp.jsonl.gz"):
        name = f"MBPP/{row['task_id']}"
        setup = row["test_setup_code"]
        right = f"{setup}\n{row['code']}" if setup else row["code"]
        programs = {**_variants(name, right), **written.get(name, {})}
        yield Task(name, tuple(row["test_list"]), programs)


def _rows(name: str) -> list[dict[str, Any]]:
    with gzip.open(DATA / name, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _variants(name: str, right: str) -> dict[str, str]:
    try:
        wrong = mutants(right, count=NUM_MUTANTS, seed=name)
    except SyntaxError:
        wrong = []
    return {"reference": right, "pass": "pass\n", **{f"mutant{i}": t for i, t in enumerate(wrong)}}


def _check_tests(test: str, entry_point: str) -> tuple[Any, ...]:
    """The asserts of `check(candidate)` where they stand alone, else the whole as one unittest."""
    tree = ast.parse(test)
    check = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "check")
    asserts = [n for n in check.body if isinstance(n, ast.Assert)]
    plain = all(isinstance(n, ast.Assert | ast.Pass | ast.Expr) for n in check.body)
    helpers = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name != "check"]
    if not plain or helpers or all(isinstance(n.test, ast.Constant) for n in asserts):
        return ({"kind": "unittest", "code": f"{test}\ncheck({entry_point})\n"},)
    texts = (ast.unparse(ast.Assert(test=n.test, msg=None)) for n in asserts)
    return tuple(re.sub(r"\bcandidate\b", entry_point, text) for text in texts)


def _plus_tests(row: dict[str, Any], right: str) -> tuple[str, ...]:
    """One assert per input, with the reference's answer."""
    namespace: dict[str, Any] = {}
    exec(compile(right, row["task_id"], "exec"), namespace)
    found = []
    for arguments in [*row["base_input"], *row["plus_input"]]:
        given = ", ".join(map(repr, arguments))
        answer = namespace[row["entry_point"]](*json.loads(json.dumps(arguments)))
        found.append(f"assert {row['entry_point']}({given}) == {answer!r}")
    return tuple(found)


def _recorded_humaneval(problems: dict[str, dict[str, Any]]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {name: {} for name in problems}
    for row in _rows("recorded/humaneval_47_runs.jsonl.gz"):
        found[row["task_id"]][f"run {row['run']}"] = row["completion"]
    by_prompt = {row["prompt"]: name for name, row in problems.items()}
    for row in _rows("recorded/codet_humaneval_100_programs.jsonl.gz"):
        name = by_prompt.get(row["prompt"])
        for index, sample in enumerate(row["samples"][:CODET_PROGRAMS] if name else ()):
            found[str(name)][f"codet {index}"] = row["prompt"] + sample
    for row in _rows("recorded/wizardcoder_humaneval.jsonl.gz"):
        text = row.get("solution") or row.get("completion") or ""
        if row["task_id"] in found and text:
            found[row["task_id"]]["wizardcoder"] = text
    return found


def _recorded_mbpp() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for run in range(5):
        with gzip.open(DATA / f"recorded/agentcoder_mbpp_run{run}.json.gz", "rt") as file:
            for row in json.load(file):
                text = row.get("completion") or row["code"]
                text = text[0] if isinstance(text, list) else text
                found.setdefault(f"MBPP/{row['task_id']}", {})[f"agentcoder {run}"] = text
    return found
