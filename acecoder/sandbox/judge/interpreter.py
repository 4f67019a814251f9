"""The closed interpreter of asserts: plain data, a few functions, bounded steps and sizes.

What it may be asked to evaluate is decided beforehand, on the test's text alone (`asserts`).
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Sequence
from typing import Any

from acecoder.sandbox.judge.decoding import Malformed, Opaque, check_hashes
from acecoder.sandbox.judge.vocabulary import (
    FUNCTIONS,
    MAX_WEIGHT,
    QUALIFIED,
    TYPES,
    Function,
    Unreadable,
    hashable,
    refuse_growth,
    weight,
)

MAX_STEPS = 20_000


class Answer(ast.expr):
    """A place in the condition where the value of call `index` goes."""

    _fields = ("index",)

    def __init__(self, index: int) -> None:
        super().__init__()
        self.index = index


class Literal(ast.expr):
    """A literal of the condition, evaluated once for all answers it is held against."""

    _fields = ("value",)

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value
        self.weight = weight(value, MAX_WEIGHT)


COMPARISONS: dict[type[ast.AST], Function] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda item, box: item in box,
    ast.NotIn: lambda item, box: item not in box,
}
ARITHMETIC: dict[type, Function] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Mult: operator.mul,
    ast.Pow: operator.pow,
}  # fmt: skip
UNARY: dict[type, Function] = {
    ast.Not: operator.not_,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
}


def qualified(node: ast.Attribute) -> str:
    return f"{node.value.id}.{node.attr}" if isinstance(node.value, ast.Name) else ""


WRONG = (
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    AttributeError,
    RecursionError,
    Malformed,
)
"""What an assert may raise that means no more than that it does not hold."""


def evaluate(node: ast.expr) -> Any:
    """The value of an expression without answers. Raises: Unreadable, or one of WRONG."""
    return _Interpreter(()).value(node)


def holds(condition: ast.expr, answers: Sequence[Any]) -> bool:
    """Is the condition true of these decoded answers?

    An error inside it (a comparison of unlike types, an index out of range) is False, as the
    assert would have raised. Raises: Unreadable past the limits on steps and sizes.
    """
    try:
        return bool(_Interpreter(answers).value(condition))
    except WRONG:
        return False


class _Interpreter:
    """Evaluates the readable subset over plain data; nothing here can reach an object's code."""

    def __init__(self, answers: Sequence[Any]) -> None:
        self._answers = answers
        self._steps = 0
        self._weight = 0

    def value(self, node: ast.expr | None) -> Any:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise Unreadable("too many steps")
        if node is None:
            return None
        read: Function = getattr(self, f"_{type(node).__name__.lower()}")
        made = read(node)
        if isinstance(node, Literal):
            self._weight += node.weight
        else:
            self._weight += weight(made, MAX_WEIGHT - self._weight)
        if self._weight > MAX_WEIGHT:
            raise Unreadable("values too large")
        return made

    def _answer(self, node: Answer) -> Any:
        return self._answers[node.index]

    def _constant(self, node: ast.Constant) -> Any:
        return node.value

    def _literal(self, node: Literal) -> Any:
        return node.value

    def _name(self, node: ast.Name) -> Any:
        return TYPES[node.id] if node.id in TYPES else FUNCTIONS[node.id]

    def _list(self, node: ast.List) -> list[Any]:
        return [self.value(item) for item in node.elts]

    def _tuple(self, node: ast.Tuple) -> tuple[Any, ...]:
        return tuple(self.value(item) for item in node.elts)

    def _set(self, node: ast.Set) -> set[Any]:
        return set(hashable([self.value(item) for item in node.elts]))

    def _dict(self, node: ast.Dict) -> dict[Any, Any]:
        keys = [self.value(key) for key in node.keys]
        check_hashes(keys)
        return dict(zip(keys, map(self.value, node.values), strict=True))

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
        refuse_growth(node.op, left, right)
        return ARITHMETIC[type(node.op)](left, right)

    def _ifexp(self, node: ast.IfExp) -> Any:
        return self.value(node.body if self.value(node.test) else node.orelse)

    def _subscript(self, node: ast.Subscript) -> Any:
        return self.value(node.value)[self.value(node.slice)]

    def _slice(self, node: ast.Slice) -> slice:
        return slice(self.value(node.lower), self.value(node.upper), self.value(node.step))

    def _attribute(self, node: ast.Attribute) -> Any:
        return QUALIFIED[qualified(node)]

    def _call(self, node: ast.Call) -> Any:
        arguments = [self.value(argument) for argument in node.args]
        named = {str(keyword.arg): self.value(keyword.value) for keyword in node.keywords}
        if isinstance(node.func, ast.Attribute):
            function = QUALIFIED[qualified(node.func)]
            assert callable(function)
            return function(*arguments, **named)
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name == "isinstance":
            return not isinstance(arguments[0], Opaque) and isinstance(arguments[0], arguments[1])
        if name == "type":
            return Opaque if isinstance(arguments[0], Opaque) else type(arguments[0])
        return FUNCTIONS[name](*arguments, **named)
