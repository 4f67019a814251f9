"""Checks the "first steps in Python" tasks and writes them as a problem set.

Reads `tasks_train.py` and `tasks_held_out.py` and writes `train.jsonl` and `held_out.jsonl` into
`acecoder/problem_sets/first_steps/`, the same bytes on every run. Every rule that the data card
states is checked on the way, and a task that breaks one stops the build with its name.

Run from the repository root:

    python data/first_steps/build.py           # write the files
    python data/first_steps/build.py --check   # only compare with the files on disk
"""

import argparse
import ast
import copy
import json
import random
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from task import Task
from tasks_held_out import TASKS as HELD_OUT_TASKS
from tasks_train import TASKS as TRAIN_TASKS

OUT_DIR = Path(__file__).resolve().parents[2] / "acecoder" / "problem_sets" / "first_steps"
SPLITS: dict[str, tuple[Task, ...]] = {"train": TRAIN_TASKS, "held_out": HELD_OUT_TASKS}
SCHEMA_VERSION = 1
SOURCE = "first_steps"
CALLS_RANGE = range(7, 10)
WRONG_RANGE = range(1, 4)
TESTS_RANGE = range(8, 13)


class TaskError(Exception):
    """A task breaks a rule of the data set."""


def require(condition: bool, task: Task, message: str) -> None:
    """Raises a TaskError that names the task unless the condition holds."""
    if not condition:
        raise TaskError(f"{task.name}: {message}")


def parse_arguments(task: Task, source: str) -> tuple[Any, ...]:
    """The values of an argument list that is given as source text; literals only."""
    try:
        # The comma makes a tuple of a single argument as well.
        values = ast.literal_eval(f"({source},)")
    except (ValueError, SyntaxError) as error:
        raise TaskError(f"{task.name}: arguments {source!r} are not literals: {error}") from error
    if not isinstance(values, tuple):
        raise TaskError(f"{task.name}: arguments {source!r} are not an argument list")
    return values


def load_reference(task: Task) -> Callable[..., Any]:
    """Executes the reference program and returns the function that it defines."""
    namespace: dict[str, Any] = {}
    exec(compile(task.reference, task.name, "exec"), namespace)
    function: object = namespace.get(task.name)
    if not callable(function):
        raise TaskError(f"{task.name}: the reference does not define the entry point")
    return function


def answer(task: Task, function: Callable[..., Any], source: str) -> str:
    """The reference's answer to a call, as the source text of a literal."""
    arguments = parse_arguments(task, source)
    before = copy.deepcopy(arguments)
    value = function(*arguments)
    require(repr(arguments) == repr(before), task, f"({source}) changes its arguments")
    text = repr(value)
    try:
        readable = ast.literal_eval(text) == value
    except (ValueError, SyntaxError):
        readable = False
    require(readable, task, f"({source}) gives {text}, which is not a literal")
    return text


def assemble_tests(task: Task) -> tuple[list[str], list[int]]:
    """The task's tests, wrong ones among the right ones, and the indexes of the wrong ones."""
    function = load_reference(task)
    right = [f"assert {task.name}({c}) == {answer(task, function, c)}" for c in task.calls]
    wrong = [f"assert {task.name}({arguments}) == {value}" for arguments, value in task.wrong]
    total = len(right) + len(wrong)
    # Seeded by the name, so that adding or moving other tasks does not change this one.
    places = sorted(random.Random(task.name).sample(range(total), len(wrong)))
    tests = list(right)
    for place, test in zip(places, wrong, strict=True):
        tests.insert(place, test)
    return tests, places


def passes(reference: str, test: str) -> bool:
    """Whether the test passes when it is executed after the reference program."""
    namespace: dict[str, Any] = {}
    exec(reference, namespace)
    try:
        exec(test, namespace)
    except AssertionError:
        return False
    return True


def check_statement(task: Task) -> None:
    """Checks that name, signature, question and reference belong together."""
    require(task.name.isidentifier() and task.name.islower(), task, "the name is not snake_case")
    require(f"`{task.signature}`" in task.question, task, "the question lacks the signature")
    require(task.reference.count(f"def {task.signature}:\n") == 1, task, "other signature")


def check_tests(task: Task, tests: list[str], wrong: list[int]) -> None:
    """Checks the numbers of tests, that no call repeats, and what the reference says to each."""
    require(len(task.calls) in CALLS_RANGE, task, f"{len(task.calls)} calls")
    require(len(wrong) in WRONG_RANGE, task, f"{len(wrong)} wrong tests")
    require(len(tests) in TESTS_RANGE, task, f"{len(tests)} tests")
    sources = list(task.calls) + [arguments for arguments, _ in task.wrong]
    # Compared by value, so that other spacing or quotes do not hide a repeated call.
    calls = {repr(parse_arguments(task, source)) for source in sources}
    require(len(calls) == len(sources), task, "two tests have the same arguments")
    for _, value in task.wrong:
        ast.literal_eval(value)
    for index, test in enumerate(tests):
        kind = "wrong" if index in wrong else "right"
        passed = passes(task.reference, test)
        require(passed == (kind == "right"), task, f"{kind} test, but passed={passed}: {test}")


def build_record(task: Task, split: str) -> dict[str, Any]:
    """The task as a JSON object, checked."""
    check_statement(task)
    tests, wrong = assemble_tests(task)
    check_tests(task, tests, wrong)
    return {
        "schema_version": SCHEMA_VERSION,
        "id": f"{SOURCE}/{split}/{task.name}",
        "question": task.question,
        "tests": tests,
        "entry_point": task.name,
        "signature": task.signature,
        "source": SOURCE,
        "split": split,
        "reference": task.reference,
        "wrong_tests": wrong,
    }


def normalised_question(task: Task) -> str:
    """The question without the function's name."""
    return task.question.replace(task.name, "f")


class _Renamer(ast.NodeTransformer):
    """Gives the function, its parameters and its variables numbers in order of appearance."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = {name: f"v{number}" for number, name in enumerate(names)}

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name = "f"
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.arg = self.names[node.arg]
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self.names.get(node.id, node.id)
        return node


def normalised_program(task: Task) -> str:
    """The reference as an AST dump in which the programmer's own names do not matter."""
    tree = ast.parse(task.reference)
    names: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            names.setdefault(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.setdefault(node.id)
    return ast.dump(_Renamer(names).visit(tree))


def check_distinct(tasks: Iterable[Task]) -> None:
    """Checks that no two tasks, in one split or across, share name, question or program."""
    seen: dict[tuple[str, str], str] = {}
    for task in tasks:
        keys = {
            "name": task.name,
            "question": normalised_question(task),
            "reference": normalised_program(task),
        }
        for kind, key in keys.items():
            other = seen.get((kind, key))
            require(other is None, task, f"has the same {kind} as the task {other}")
            seen[kind, key] = task.name


def build_split(split: str) -> list[dict[str, Any]]:
    """All records of a split, in the order of the tasks file."""
    return [build_record(task, split) for task in SPLITS[split]]


def to_jsonl(records: list[dict[str, Any]]) -> str:
    """The records as text, one JSON object a line."""
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def summary(split: str, records: list[dict[str, Any]]) -> str:
    """One line with the numbers that the data card quotes."""
    tests = sum(len(record["tests"]) for record in records)
    wrong = sum(len(record["wrong_tests"]) for record in records)
    return f"{split}: {len(records)} tasks, {tests} tests, {wrong} of them wrong"


def differs(path: Path, text: str) -> str | None:
    """What is wrong with the file on disk, or None if it holds exactly the text."""
    if not path.exists():
        return f"{path} is missing"
    if path.read_text(encoding="utf-8") != text:
        return f"{path} differs from what the tasks give"
    return None


def main(argv: list[str] | None = None) -> int:
    """Builds both splits, then writes them or compares them with the files on disk."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    check = parser.parse_args(argv).check
    try:
        check_distinct([task for tasks in SPLITS.values() for task in tasks])
        built = {split: build_split(split) for split in SPLITS}
    except TaskError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    problems: list[str] = []
    for split, records in built.items():
        path, text = OUT_DIR / f"{split}.jsonl", to_jsonl(records)
        print(summary(split, records))
        if check:
            problem = differs(path, text)
            problems += [problem] if problem else []
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
    for problem in problems:
        print(f"error: {problem}; run python data/first_steps/build.py", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
