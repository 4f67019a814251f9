"""EvalPlus' tasks as problems: HumanEval+ and MBPP+ in the form of its releases, or of Hugging Face.

A release holds inputs; what is expected is what the canonical solution answers in the sandbox, within
EvalPlus' tolerance. Some tasks have an oracle of their own, where more than one answer is right.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

from acecoder.problem_sets.humaneval import question
from acecoder.problem_sets.sources import Row, Source
from acecoder.sandbox.worker import arguments
from acecoder.schema import CallTest, Problem

Arguments = list[Any]
Convert = Callable[[str, Arguments], Arguments]
"""(task id, one call's arguments as JSON has them) -> as the task's function takes them."""


def problems(
    source: Source, name: str, oracles: dict[str, str], convert: Convert
) -> Iterator[Problem]:
    """The tasks of a release, in its order. Raises InputError on a row that is none."""
    return source.problems(lambda row: _problem(row, name, oracles, convert))


def _problem(row: Row, name: str, oracles: dict[str, str], convert: Convert) -> Problem:
    task, base, plus = _inputs(row, convert)
    prompt, entry_point = row["prompt"], row.get("entry_point") or _entry_point(row)
    oracle = oracles.get(entry_point, "equal_or_close")
    tests = tuple(
        CallTest(
            kind="call",
            arguments=arguments.written(each),
            oracle=oracle,
            tolerance=row.get("atol") or 0.0,
        )
        for each in (*base, *plus)
    )
    reference = row.get("code") or prompt + row["canonical_solution"]
    return Problem(
        id=task,
        question=question(prompt),
        prompt=prompt,
        tests=tests,
        entry_point=entry_point,
        source=name,
        reference=reference,
        limits="evalplus",
        num_base_tests=len(base),
    )


def _inputs(row: Row, convert: Convert) -> tuple[str, list[Arguments], list[Arguments]]:
    """(task id, base inputs, plus inputs) of a row of a release, or of one of Hugging Face."""
    task = str(row["task_id"])
    if "base_input" in row:
        base, plus = (
            [convert(task, each) for each in row[part]] for part in ("base_input", "plus_input")
        )
        return task, base, plus
    # Hugging Face's rows have the inputs in the text of their tests, the base ones first.
    tree = ast.parse(row["test"])
    (found,) = (
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "inputs"
    )
    inputs = [list(each) for each in ast.literal_eval(_Numbers().visit(found))]
    num_base = len(row.get("test_list", ()))
    return task if "/" in task else f"Mbpp/{task}", inputs[:num_base], inputs[num_base:]


class _Numbers(ast.NodeTransformer):
    """The names of numbers that have no literal."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(float(node.id)) if node.id in ("inf", "nan") else node


def _entry_point(row: Row) -> str:
    """Of a row of MBPP+ of Hugging Face: what the loop over its inputs calls."""
    called = [
        node.func.id
        for node in ast.walk(ast.parse(row["test"]).body[-1])
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and any(isinstance(each, ast.Starred) for each in node.args)
    ]
    return called[0]
