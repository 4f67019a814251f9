"""May a condition be read by the closed interpreter? Decided on its text, before any answer."""

from __future__ import annotations

import ast
import contextlib
from typing import Any

from acecoder.sandbox.judge.budget import CONSTANT_UNITS, Budget, Size, Unreadable
from acecoder.sandbox.judge.interpreter import (
    ARITHMETIC,
    WRONG,
    Answer,
    Literal,
    evaluate,
    qualified,
)
from acecoder.sandbox.judge.vocabulary import (
    ANY_KEYWORD,
    FUNCTIONS,
    KEYS,
    KEYWORDS,
    METHOD_NAMES,
    QUALIFIED,
    SET_METHODS,
    TYPES,
)

_READABLE = (
    Answer, ast.Constant, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Compare, ast.BoolOp,
    ast.UnaryOp, ast.BinOp, ast.Call, ast.Name, ast.Subscript, ast.Slice, ast.IfExp,
    ast.Attribute, ast.keyword, ast.Load, ast.And, ast.Or, ast.cmpop, ast.operator, ast.unaryop,
)  # fmt: skip


def check_readable(condition: ast.expr) -> None:
    """Raises Unreadable where the interpreter would not come to the end of it, or not to Python's."""
    for node in ast.walk(condition):
        if not isinstance(node, _READABLE):
            raise Unreadable(type(node).__name__)
        if isinstance(node, ast.Call):
            _check_call(node)
        if isinstance(node, ast.BinOp) and type(node.op) not in ARITHMETIC:
            raise Unreadable(type(node.op).__name__)
        if isinstance(node, ast.Dict) and None in node.keys:
            raise Unreadable("a dict unpacked")
        if isinstance(node, ast.Compare):
            _check_identity(node)
    _check_names(condition, None)


def _check_call(node: ast.Call) -> None:
    """Raises Unreadable on a function or arguments that are not the interpreter's."""
    name = qualified(node.func) or getattr(node.func, "id", "")
    known = name in FUNCTIONS if isinstance(node.func, ast.Name) else callable(QUALIFIED.get(name))
    if not known:
        if not isinstance(node.func, ast.Attribute) or node.func.attr not in METHOD_NAMES:
            raise Unreadable("a call of something else")
        if node.keywords:
            raise Unreadable("a method with keywords")
    for keyword in node.keywords:
        if keyword.arg is None or (
            name not in ANY_KEYWORD and keyword.arg not in KEYWORDS.get(name, ())
        ):
            raise Unreadable(f"{name} with {keyword.arg}")
        is_key = keyword.arg == "key" and name not in ANY_KEYWORD
        if is_key and getattr(keyword.value, "id", "") not in KEYS:
            raise Unreadable("a key of something else")
    if name == "isinstance" and len(node.args) == 2:
        kinds = node.args[1].elts if isinstance(node.args[1], ast.Tuple) else [node.args[1]]
        if any(getattr(kind, "id", "") not in TYPES for kind in kinds):
            raise Unreadable("a type that answers do not keep")
    _check_order(name, node)


def _check_names(node: ast.AST, above: ast.AST | None) -> None:
    """Raises Unreadable where a name is no value here: it is the program's, or a function."""
    if isinstance(node, ast.Name):
        called = isinstance(above, ast.Call) and above.func is node
        is_key = isinstance(above, ast.keyword) and above.arg == "key" and node.id in KEYS
        if not (called or is_key or node.id in TYPES):
            raise Unreadable(f"{node.id} as a value")
    if isinstance(node, ast.Attribute):
        called = isinstance(above, ast.Call) and above.func is node
        is_method = called and node.attr in METHOD_NAMES and not isinstance(node.value, ast.Name)
        if not is_method:
            if qualified(node) not in QUALIFIED or callable(QUALIFIED[qualified(node)]) > called:
                raise Unreadable("an attribute")
            return
    for child in ast.iter_child_nodes(node):
        _check_names(child, node)


def _check_identity(node: ast.Compare) -> None:
    """`is` means something of None, True, False and types alone: an answer is a copy."""
    for index, (kind, right) in enumerate(zip(node.ops, node.comparators, strict=True)):
        left = node.comparators[index - 1] if index else node.left
        if isinstance(kind, ast.Is | ast.IsNot) and not (_is_single(left) or _is_single(right)):
            raise Unreadable("the identity of values")


def _is_single(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return node.value is None or node.value is ... or isinstance(node.value, bool)
    return isinstance(node, ast.Name) and node.id in TYPES


_SET_OPERATORS = (ast.Sub, ast.BitOr, ast.BitAnd, ast.BitXor)
_ORDERING = frozenset({"list", "tuple", "sum", "deque", "dict", "OrderedDict", "Counter", "array"})


def _check_order(name: str, node: ast.Call) -> None:
    """Raises Unreadable where the order of a set that the judge makes would be read.

    Python's order hangs on how it was made and on the hash seed; the judge's is another.
    """
    name = name.rpartition(".")[2]
    if name in ("str", "repr"):
        unordered = any(_makes_set(part) for each in node.args for part in ast.walk(each))
    elif name in _ORDERING or (name in ("sorted", "max", "min") and node.keywords):
        unordered = any(map(_makes_set, node.args))
    else:
        return
    if unordered:
        raise Unreadable("the order of a set")


def _makes_set(node: ast.AST) -> bool:
    if isinstance(node, ast.BoolOp):
        return any(map(_makes_set, node.values))
    if isinstance(node, ast.IfExp):
        return _makes_set(node.body) or _makes_set(node.orelse)
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, _SET_OPERATORS)
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute):
            return node.func.attr in SET_METHODS
        return getattr(node.func, "id", "") in ("set", "frozenset")
    return isinstance(node, ast.Set)


def folded(condition: ast.expr) -> ast.expr:
    """The condition with its constant parts evaluated: most asserts hold an answer against one.

    Raises: Unreadable where these cost more than their budget.
    """
    return _Folding().visited(condition)[0]


class _Folding:
    """Evaluates every largest part without an answer, all within one budget."""

    def __init__(self) -> None:
        self._budget = Budget(CONSTANT_UNITS)

    def visited(self, node: ast.expr) -> tuple[ast.expr, bool]:
        """The node with its constant parts folded, and whether all of it is constant."""
        parts = list(self._parts(node))
        seen = [(place, index, *self.visited(part)) for place, index, part in parts]
        constant = all(is_constant for *_, is_constant in seen) and not any(
            isinstance(part, Answer) for part in (node, *_in_keywords(node))
        )
        if not constant or isinstance(node, ast.Slice):
            for place, index, part, is_constant in seen:
                self._put(node, place, index, self._literal(part) if is_constant else part)
        return node, constant

    def _parts(self, node: ast.expr) -> list[tuple[str, int | None, Any]]:
        """The expressions right below a node, each with the field and place where it stands."""
        found: list[tuple[str, int | None, Any]] = []
        for field, value in ast.iter_fields(node):
            if field == "func" and (isinstance(value, ast.Name) or qualified(value) in QUALIFIED):
                continue  # a function, which is no value
            if isinstance(value, ast.expr):
                found.append((field, None, value))
            elif isinstance(value, list):
                found += [(field, i, v) for i, v in enumerate(value) if isinstance(v, ast.expr)]
        return found

    @staticmethod
    def _put(node: ast.expr, field: str, index: int | None, part: ast.expr) -> None:
        if index is None:
            setattr(node, field, part)
        else:
            getattr(node, field)[index] = part

    def _literal(self, node: ast.expr) -> ast.expr:
        if isinstance(node, ast.Name | ast.Slice):
            return node
        number = _plain_number(node)
        if number is not None:
            return Literal(number, self._budget.size_of(number))
        value: Any
        size: Size
        with contextlib.suppress(*WRONG):
            value, size = evaluate(node, self._budget)
            return Literal(value, size)
        return node  # an error in it is one of each evaluation


def _in_keywords(node: ast.expr) -> list[ast.AST]:
    keywords = node.keywords if isinstance(node, ast.Call) else []
    return [part for keyword in keywords for part in ast.walk(keyword)]


def _plain_number(node: ast.expr) -> int | float | None:
    """The value of a number as it is written, perhaps with a minus: there may be thousands."""
    negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
    written = node.operand if isinstance(node, ast.UnaryOp) and negative else node
    value = written.value if isinstance(written, ast.Constant) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return -value if negative else value
