"""The closed interpreter of asserts: plain data, a few functions, a budget.

What it may be asked to evaluate is decided beforehand, on the test's text alone (`reading`).
"""

from __future__ import annotations

import ast
import operator
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, cast

from acecoder.sandbox.judge import budget as cost
from acecoder.sandbox.judge.budget import Budget, Size
from acecoder.sandbox.judge.decoding import Raised, check_hashes
from acecoder.sandbox.judge.values import SET_VIEWS, Malformed, Opaque, OrderedSet, ordered
from acecoder.sandbox.judge.vocabulary import FUNCTIONS, QUALIFIED, TYPES, Function, method


class Answer(ast.expr):
    """A place in the condition where the value of call `index` goes."""

    _fields = ("index",)

    def __init__(self, index: int) -> None:
        super().__init__()
        self.index = index


class Literal(ast.expr):
    """A part of the condition that hangs on no answer, evaluated once."""

    _fields = ("value",)

    def __init__(self, value: Any, size: Size) -> None:
        super().__init__()
        self.value = value
        self.size = size


class CallRaised(Exception):
    """A call of the test did not return: `kind` and `text` are what the program told of it."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(f"{kind}: {text}")
        self.kind, self.text = kind, text


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
    ast.Pow: operator.pow, ast.BitAnd: operator.and_, ast.BitOr: operator.or_,
    ast.BitXor: operator.xor, ast.LShift: operator.lshift, ast.RShift: operator.rshift,
}  # fmt: skip
UNARY: dict[type, Function] = {
    ast.Not: operator.not_,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
}


def qualified(node: ast.expr) -> str:
    """`module.name` of such an attribute, else nothing."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return ""


WRONG = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, Malformed)
"""What an assert may raise that means no more than that it does not hold."""


def evaluate(node: ast.expr, budget: Budget) -> tuple[Any, Size]:
    """The value of an expression without answers. Raises: Unreadable, or one of WRONG."""
    with _quietly():
        return _Interpreter((), budget).sized(node)


def holds(condition: ast.expr, answers: Sequence[Any]) -> bool:
    """Is the condition true of these decoded answers?

    An error inside it (a comparison of unlike types, an index out of range) is False, as the
    assert would have raised. Raises: CallRaised where it reads the answer of a call that did not
    return; OverBudget.
    """
    with _quietly():
        try:
            return bool(_Interpreter(answers, Budget()).value(condition))
        except WRONG:
            return False


def _quietly() -> AbstractContextManager[Any]:
    """Numpy warns of overflows, which are the program's and of no concern to whoever judges."""
    numpy = sys.modules.get("numpy")
    return numpy.errstate(all="ignore") if numpy is not None else nullcontext()


class _Interpreter:
    """Evaluates the readable subset over plain data; nothing here can reach an object's code."""

    def __init__(self, answers: Sequence[Any], budget: Budget) -> None:
        self._answers = answers
        self._budget = budget
        self._size = cost.ONE
        """Of the value made last."""

    def sized(self, node: ast.expr) -> tuple[Any, Size]:
        value = self.value(node)
        return value, self._size

    def value(self, node: ast.expr | None) -> Any:
        self._budget.spend(2)
        if node is None:
            return None
        if isinstance(node, Literal):
            self._size = node.size
            return node.value
        read: Function = getattr(self, f"_{type(node).__name__.lower()}")
        made = read(node)
        self._size = self._budget.size_of(made)
        return made

    def _drawn(self, node: ast.expr) -> tuple[Any, Size]:
        """The value and size of an expression; of an iterator, those of what it yields."""
        value, size = self.sized(node)
        if isinstance(value, Iterator):
            value = list(value)
            size = self._budget.size_of(value)
        return value, size

    def _answer(self, node: Answer) -> Any:
        answer = self._answers[node.index]
        if isinstance(answer, Raised):
            raise CallRaised(answer.name, answer.text)
        return answer

    def _constant(self, node: ast.Constant) -> Any:
        return node.value

    def _name(self, node: ast.Name) -> Any:
        return TYPES[node.id] if node.id in TYPES else FUNCTIONS[node.id]

    def _list(self, node: ast.List) -> list[Any]:
        return [self.value(item) for item in node.elts]

    def _tuple(self, node: ast.Tuple) -> tuple[Any, ...]:
        return tuple(self.value(item) for item in node.elts)

    def _set(self, node: ast.Set) -> OrderedSet:
        items = [self.value(item) for item in node.elts]
        check_hashes(items)
        return OrderedSet(items)

    def _dict(self, node: ast.Dict) -> dict[Any, Any]:
        keys = [self.value(key) for key in node.keys]
        check_hashes(keys)
        return dict(zip(keys, map(self.value, node.values), strict=True))

    def _compare(self, node: ast.Compare) -> Any:
        left, one = self.sized(node.left)
        made: Any = True
        for index, (kind, right_node) in enumerate(zip(node.ops, node.comparators, strict=True)):
            if index and not made:
                return made
            right, other = (
                self._drawn(right_node) if isinstance(kind, _IN) else self.sized(right_node)
            )
            self._budget.spend(cost.comparison(kind, left, right, one, other))
            made = COMPARISONS[type(kind)](left, right)
            left, one = right, other
        return made

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
        (left, one), (right, other) = self.sized(node.left), self.sized(node.right)
        self._budget.spend(cost.operation(node.op, left, right, one, other))
        if isinstance(left, SET_VIEWS) or isinstance(right, SET_VIEWS):
            left, right = _as_set(left), _as_set(right)
        return ordered(ARITHMETIC[type(node.op)](left, right), left, right)

    def _ifexp(self, node: ast.IfExp) -> Any:
        return self.value(node.body if self.value(node.test) else node.orelse)

    def _subscript(self, node: ast.Subscript) -> Any:
        return self.value(node.value)[self.value(node.slice)]

    def _slice(self, node: ast.Slice) -> slice:
        return slice(self.value(node.lower), self.value(node.upper), self.value(node.step))

    def _attribute(self, node: ast.Attribute) -> Any:
        return QUALIFIED[qualified(node)]

    def _call(self, node: ast.Call) -> Any:
        name = qualified(node.func) or getattr(node.func, "id", "")
        short = name.rpartition(".")[2]
        drawn = [
            self.sized(each) if short in OF_THE_WHOLE else self._drawn(each) for each in node.args
        ]
        values, sizes = [value for value, _ in drawn], [size for _, size in drawn]
        function = QUALIFIED[name] if name in QUALIFIED else FUNCTIONS.get(name)
        if function is None:
            assert isinstance(node.func, ast.Attribute)
            value, size = self.sized(node.func.value)
            self._budget.spend(cost.call("", [value, *values], [size, *sizes]))
            return method(value, node.func.attr, values)
        named = {str(keyword.arg): self.value(keyword.value) for keyword in node.keywords}
        if short not in OF_THE_WHOLE:
            values, sizes = self._listed(values, sizes)
        self._budget.spend(cost.call(name, values, sizes))
        assert callable(function)
        return function(*values, **named)

    def _listed(self, values: list[Any], sizes: list[Size]) -> tuple[list[Any], list[Size]]:
        """An object that can be iterated is taken by what it yields."""
        for index, value in enumerate(values):
            if isinstance(value, Opaque) and value.items is not None:
                values[index] = list(value.items)
                sizes[index] = self._budget.size_of(values[index])
        return values, sizes


OF_THE_WHOLE = frozenset({"len", "isinstance", "type", "str", "repr", "bool"})
"""Functions of a value as it is, which iterate over nothing."""
_IN = (ast.In, ast.NotIn)


def _as_set(value: Any) -> Any:
    """A view as the set it stands for in an operation; anything else as it is."""
    if not isinstance(value, SET_VIEWS):
        return value
    items: list[Any] = list(cast(Iterable[Any], value))
    check_hashes(items)
    return OrderedSet(items)
