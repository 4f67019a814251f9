"""One assert statement -> the calls a program must answer, and the judgement of the answers.

    assert f([1, 2]) == [2, 1]   calls: f([1, 2])    judged here: <answer> == [2, 1]

The process that runs the program sees the calls alone. The rest of the statement is read by a
closed interpreter of its syntax tree: a few node types, a few functions, bounded steps and sizes.
An assert it cannot read is run beside the program and marked weak.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from acecoder.errors import InputError
from acecoder.sandbox.decoding import Malformed, Opaque
from acecoder.sandbox.testfiles import runnable

MAX_STEPS = 20_000
MAX_INT_BITS = 100_000
MAX_LENGTH = 100_000

Function = Callable[..., Any]


class Unreadable(Exception):
    """The closed interpreter does not know this construct, or it ran past its limits."""


@dataclass(frozen=True)
class Plan:
    """How to judge one test."""

    calls: tuple[str, ...] = ()
    """Expressions for the sandboxed program, as source."""
    condition: ast.expr | None = None
    """What must be true; `Answer` names stand for the calls' values."""
    weak_code: str = ""
    """The whole statement, where it can only be judged beside the program."""
    broken: str = ""
    """Why the test is no test at all: no program passes it."""


TOO_LONG = Plan(broken=f"longer than {MAX_LENGTH:,} characters")


def _bounded_range(*args: int) -> range:
    values = range(*args)
    if len(values) > MAX_LENGTH:
        raise Unreadable("a range too long")
    return values


def _bounded_round(number: Any, digits: int | None = None) -> Any:
    if digits is not None and abs(digits) > 400:
        raise Unreadable("rounding to so many digits")
    return round(number, digits)


def _sum_of_numbers(values: Any, start: Any = 0) -> Any:
    if not isinstance(start, int | float | complex):
        raise Unreadable("a sum of sequences")
    return sum(values, start)


FUNCTIONS: dict[str, Function] = {
    "abs": abs, "all": all, "any": any, "bool": bool, "dict": dict, "float": float,
    "frozenset": frozenset, "int": int, "len": len, "list": list, "max": max, "min": min,
    "range": _bounded_range, "repr": repr, "round": _bounded_round, "set": set, "sorted": sorted,
    "str": str, "sum": _sum_of_numbers, "tuple": tuple,
}  # fmt: skip
TYPES: dict[str, type] = {
    "bool": bool, "bytes": bytes, "complex": complex, "dict": dict, "float": float,
    "frozenset": frozenset, "int": int, "list": list, "set": set, "str": str, "tuple": tuple,
}  # fmt: skip
MATH: dict[str, Function] = {
    "isclose": math.isclose,
    "isnan": math.isnan,
    "isinf": math.isinf,
    "sqrt": math.sqrt,
}
MATH_CONSTANTS = {"pi": math.pi, "e": math.e, "inf": math.inf, "nan": math.nan}
COMPARISONS: dict[type[ast.AST], Function] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Is: operator.is_, ast.IsNot: operator.is_not,
    ast.In: lambda item, box: item in box, ast.NotIn: lambda item, box: item not in box,
}  # fmt: skip
ARITHMETIC: dict[type, Function] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Mult: operator.mul,
    ast.Pow: operator.pow,
}  # fmt: skip
UNARY: dict[type, Function] = {
    ast.Not: operator.not_, ast.USub: operator.neg, ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
}  # fmt: skip


@lru_cache(maxsize=256)
def plan(test: str) -> Plan:
    """Read one test. Never raises: what is no assert is `broken`, what is unreadable is weak."""
    if len(test) > MAX_LENGTH:
        return TOO_LONG
    text = test.strip()
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return Plan(broken=f"not Python: {type(error).__name__}")
    if len(body) != 1 or not isinstance(body[0], ast.Assert):
        return plan_file(text) if body else Plan(broken="empty")
    calls = _Calls()
    try:
        condition = calls.visit(body[0].test)
        if not calls.sources:
            return Plan(broken="calls nothing of the program")
        _check_readable(condition)
    except (Unreadable, RecursionError, ValueError):  # ValueError: a number too long to write out
        return Plan(weak_code=text)
    return Plan(calls=tuple(calls.sources), condition=condition)


@lru_cache(maxsize=256)
def plan_file(code: str) -> Plan:
    """A test that is more than one assert: run beside the program, with what it defines called."""
    if len(code) > MAX_LENGTH:
        return TOO_LONG
    try:
        return Plan(weak_code=runnable(code))
    except InputError as error:
        return Plan(broken=error.what)


class Answer(ast.expr):
    """A place in the condition where the value of call `index` goes."""

    _fields = ("index",)

    def __init__(self, index: int) -> None:
        super().__init__()
        self.index = index


class _Calls(ast.NodeTransformer):
    """Replace every maximal expression about the program's own names by an `Answer`."""

    def __init__(self) -> None:
        self.sources: list[str] = []

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.expr) and _is_about_program(node):
            if any(_reaches_in(part) for part in ast.walk(node)):
                raise Unreadable("reaches into the program")
            if any(
                isinstance(part, ast.NamedExpr | ast.Await | ast.Yield) for part in ast.walk(node)
            ):
                raise Unreadable("binds a name")
            self.sources.append(ast.unparse(node))
            return Answer(len(self.sources) - 1)
        if isinstance(
            node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
        ):
            raise Unreadable("a scope of its own")
        return self.generic_visit(node)


def _reaches_in(node: ast.AST) -> bool:
    """May this part of a call change the program that later tests are held against?"""
    if isinstance(node, ast.Attribute):
        return node.attr.startswith("__")
    return isinstance(node, ast.Name) and node.id in REACHING


REACHING = {"globals", "locals", "vars", "setattr", "delattr", "exec", "eval", "compile", "__import__",
            "__builtins__"}  # fmt: skip


def _is_about_program(node: ast.expr) -> bool:
    """A name of the program, or a chain of calls, attributes and items that starts at one."""
    while isinstance(node, ast.Call | ast.Attribute | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return isinstance(node, ast.Name) and node.id not in FUNCTIONS and node.id not in _KNOWN


_KNOWN = {"isinstance", "type", "math", *TYPES}
_READABLE = (
    Answer, ast.Constant, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Compare, ast.BoolOp,
    ast.UnaryOp, ast.BinOp, ast.Call, ast.Name, ast.Subscript, ast.Slice, ast.IfExp,
    ast.Attribute, ast.keyword, ast.Load, ast.And, ast.Or, ast.cmpop, ast.operator, ast.unaryop,
)  # fmt: skip


def _check_readable(condition: ast.expr) -> None:
    for node in ast.walk(condition):
        if not isinstance(node, _READABLE):
            raise Unreadable(type(node).__name__)
        if isinstance(node, ast.Call) and not _known_function(node.func):
            raise Unreadable("a call of something else")
        if isinstance(node, ast.BinOp) and type(node.op) not in ARITHMETIC:
            raise Unreadable(type(node.op).__name__)
        if isinstance(node, ast.Attribute) and not _is_math(node):
            raise Unreadable("an attribute")


def _known_function(node: ast.expr) -> bool:
    if isinstance(node, ast.Name):
        return node.id in FUNCTIONS or node.id in ("isinstance", "type")
    return isinstance(node, ast.Attribute) and _is_math(node)


def _is_math(node: ast.Attribute) -> bool:
    name = node.value.id if isinstance(node.value, ast.Name) else ""
    return name == "math" and (node.attr in MATH or node.attr in MATH_CONSTANTS)


def holds(condition: ast.expr, answers: Sequence[Any]) -> bool:
    """Is the condition true of these decoded answers?

    An error inside it (a comparison of unlike types, an index out of range) is False, as the
    assert would have raised. Raises: Unreadable past the limits on steps and sizes.
    """
    try:
        return bool(_Interpreter(answers).value(condition))
    except (
        TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError, Malformed,
    ):  # fmt: skip
        return False


class _Interpreter:
    """Evaluates the readable subset over plain data; nothing here can reach an object's code."""

    def __init__(self, answers: Sequence[Any]) -> None:
        self._answers = answers
        self._steps = 0

    def value(self, node: ast.expr | None) -> Any:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise Unreadable("too many steps")
        if node is None:
            return None
        read: Function = getattr(self, f"_{type(node).__name__.lower()}")
        return read(node)

    def _answer(self, node: Answer) -> Any:
        return self._answers[node.index]

    def _constant(self, node: ast.Constant) -> Any:
        return node.value

    def _name(self, node: ast.Name) -> Any:
        return TYPES[node.id] if node.id in TYPES else FUNCTIONS[node.id]

    def _list(self, node: ast.List) -> list[Any]:
        return [self.value(item) for item in node.elts]

    def _tuple(self, node: ast.Tuple) -> tuple[Any, ...]:
        return tuple(self.value(item) for item in node.elts)

    def _set(self, node: ast.Set) -> set[Any]:
        return {self.value(item) for item in node.elts}

    def _dict(self, node: ast.Dict) -> dict[Any, Any]:
        if None in node.keys:
            raise Unreadable("a dict unpacked")
        return {
            self.value(key): self.value(value)
            for key, value in zip(node.keys, node.values, strict=True)
        }

    def _compare(self, node: ast.Compare) -> Any:
        left = self.value(node.left)
        for kind, right_node in zip(node.ops, node.comparators, strict=True):
            right = self.value(right_node)
            if not COMPARISONS[type(kind)](left, right):
                return False
            left = right
        return True

    def _boolop(self, node: ast.BoolOp) -> Any:
        wanted = isinstance(node.op, ast.Or)
        result: Any = not wanted
        for item in node.values:
            result = self.value(item)
            if bool(result) is wanted:
                return result
        return result

    def _unaryop(self, node: ast.UnaryOp) -> Any:
        return UNARY[type(node.op)](self.value(node.operand))

    def _binop(self, node: ast.BinOp) -> Any:
        left, right = self.value(node.left), self.value(node.right)
        _refuse_growth(node.op, left, right)
        return ARITHMETIC[type(node.op)](left, right)

    def _ifexp(self, node: ast.IfExp) -> Any:
        return self.value(node.body if self.value(node.test) else node.orelse)

    def _subscript(self, node: ast.Subscript) -> Any:
        return self.value(node.value)[self.value(node.slice)]

    def _slice(self, node: ast.Slice) -> slice:
        return slice(self.value(node.lower), self.value(node.upper), self.value(node.step))

    def _attribute(self, node: ast.Attribute) -> Any:
        return MATH_CONSTANTS[node.attr]

    def _call(self, node: ast.Call) -> Any:
        arguments = [self.value(argument) for argument in node.args]
        named = {str(keyword.arg): self.value(keyword.value) for keyword in node.keywords}
        if isinstance(node.func, ast.Attribute):
            return MATH[node.func.attr](*arguments, **named)
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name == "isinstance":
            return not isinstance(arguments[0], Opaque) and isinstance(arguments[0], arguments[1])
        if name == "type":
            return Opaque if isinstance(arguments[0], Opaque) else type(arguments[0])
        return FUNCTIONS[name](*arguments, **named)


def _refuse_growth(kind: ast.operator, left: Any, right: Any) -> None:
    """Powers and repetitions of a few characters that would fill the memory."""
    if isinstance(kind, ast.Pow) and isinstance(left, int) and isinstance(right, int):
        if abs(right) * max(left.bit_length(), 1) > MAX_INT_BITS:
            raise Unreadable("a power too large")
    elif isinstance(kind, ast.Mult):
        for box, times in ((left, right), (right, left)):
            repeats = isinstance(box, str | bytes | list | tuple) and isinstance(times, int)
            if repeats and len(box) * max(times, 0) > MAX_LENGTH:
                raise Unreadable("a repetition too long")
    elif isinstance(kind, ast.Mod) and isinstance(left, str | bytes):
        raise Unreadable("a formatted text")
