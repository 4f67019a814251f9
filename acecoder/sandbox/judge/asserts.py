"""One assert statement -> the calls a program must answer, and the judgement of the answers.

    assert f([1, 2]) == [2, 1]   calls: f([1, 2])    judged here: <answer> == [2, 1]

The process that runs the program sees the calls alone. The rest of the statement is read by a
closed interpreter of its syntax tree: a few node types, a few functions, bounded steps and sizes.
An assert it cannot read is run beside the program and marked weak.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import sys
from collections.abc import Container
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from acecoder.errors import InputError
from acecoder.sandbox.judge.interpreter import (
    ARITHMETIC,
    WRONG,
    Answer,
    Literal,
    evaluate,
    qualified,
)
from acecoder.sandbox.judge.testfiles import runnable
from acecoder.sandbox.judge.vocabulary import (
    AS_ARGUMENTS,
    FUNCTIONS,
    KEYS,
    KEYWORDS,
    MAX_LENGTH,
    QUALIFIED,
    TYPES,
    Unreadable,
)

CACHED_CHARACTERS = 4_000


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


def plan(test: str) -> Plan:
    """Read one test. Never raises: what is no assert is `broken`, what is unreadable is weak."""
    if len(test) > MAX_LENGTH:
        return TOO_LONG
    return _cached_plan(test) if len(test) <= CACHED_CHARACTERS else _plan(test)


def _plan(test: str) -> Plan:
    text = test.strip()
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return Plan(broken=f"not Python: {type(error).__name__}")
    if len(body) != 1 or not isinstance(body[0], ast.Assert):
        return plan_file(text) if body else Plan(broken="empty")
    try:
        calls = _Calls(_KNOWN)
        condition = calls.visit(body[0].test)
        if not calls.sources:  # a problem may ask for a `product` or a `filter`
            calls = _Calls(_OWN)
            condition = calls.visit(ast.parse(text).body[0].test)  # type: ignore[attr-defined]
        if not calls.sources:
            return Plan(broken="calls nothing of the program")
        _check_readable(condition)
        for source in calls.sources:
            compile(source, "<test>", "eval")  # what was unparsed may nest too deeply to be read
    except (Unreadable, RecursionError, ValueError, SyntaxError, MemoryError):
        return Plan(weak_code=text)
    return Plan(calls=tuple(calls.sources), condition=_Literals().visit(condition))


_cached_plan = lru_cache(maxsize=256)(_plan)


def plan_file(code: str) -> Plan:
    """A test that is more than one assert: run beside the program, with what it defines called."""
    if len(code) > MAX_LENGTH:
        return TOO_LONG
    try:
        return Plan(weak_code=runnable(code))
    except InputError as error:
        return Plan(broken=error.what)


class _Calls(ast.NodeTransformer):
    """Replace every maximal expression about the program's own names by an `Answer`.

    `known` names are not the program's.
    """

    def __init__(self, known: Container[str]) -> None:
        self.sources: list[str] = []
        self._known = known

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.expr) and _is_about_program(node, self._known):
            if any(_reaches_in(part) for part in ast.walk(node)):
                raise Unreadable("reaches into the program")
            if any(
                isinstance(part, ast.NamedExpr | ast.Await | ast.Yield) for part in ast.walk(node)
            ):
                raise Unreadable("binds a name")
            self.sources.append(ast.unparse(node))
            return Answer(len(self.sources) - 1)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            return node  # of a module
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


REACHING = {
    "globals",
    "locals",
    "vars",
    "setattr",
    "delattr",
    "exec",
    "eval",
    "compile",
    "__import__",
    "__builtins__",
}


def _is_about_program(node: ast.expr, known: Container[str]) -> bool:
    """A name of the program, or a chain of calls, attributes and items that starts at one."""
    above: ast.expr | None = None
    while isinstance(node, ast.Call | ast.Attribute | ast.Subscript):
        above, node = node, node.func if isinstance(node, ast.Call) else node.value
    if not isinstance(node, ast.Name):
        return False
    is_module = isinstance(above, ast.Attribute) and node.id in sys.stdlib_module_names
    return node.id not in known and not is_module


_OWN = frozenset({*FUNCTIONS, "isinstance", "type", "True", "False", "None", "np", "numpy"})
_KNOWN = frozenset(
    {
        *_OWN,
        *dir(builtins),
        "pd",
        "pandas",
        "pytest",
        "approx",
        "OrderedDict",
        "defaultdict",
        "deque",
        "namedtuple",
        "deepcopy",
        "isnan",
        "sqrt",
        "reduce",
        "partial",
        "chain",
        "permutations",
        "combinations",
        "product",
        "allclose",
        "array_equal",
        "assert_allclose",
    }
)
"""Python's own names and what tests import: not taken for the program's, which would have it
compute what it is held against, unless a test names nothing else. What is not read here is run
beside the program and is weak."""
_READABLE = (
    Answer, ast.Constant, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Compare, ast.BoolOp,
    ast.UnaryOp, ast.BinOp, ast.Call, ast.Name, ast.Subscript, ast.Slice, ast.IfExp,
    ast.Attribute, ast.keyword, ast.Load, ast.And, ast.Or, ast.cmpop, ast.operator, ast.unaryop,
)  # fmt: skip


def _check_readable(condition: ast.expr) -> None:
    """Raises Unreadable where the interpreter would not come to the end of it.

    That may hang on the test alone, never on an answer: a program could choose to be judged weakly.
    """
    for node in ast.walk(condition):
        if not isinstance(node, _READABLE):
            raise Unreadable(type(node).__name__)
        if isinstance(node, ast.Call) and not _known_function(node.func):
            raise Unreadable("a call of something else")
        if isinstance(node, ast.BinOp) and type(node.op) not in ARITHMETIC:
            raise Unreadable(type(node.op).__name__)
        if isinstance(node, ast.Attribute) and qualified(node) not in QUALIFIED:
            raise Unreadable("an attribute")
        if isinstance(node, ast.Dict) and None in node.keys:
            raise Unreadable("a dict unpacked")
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and _is_text(node.left):
            raise Unreadable("a formatted text")
        if isinstance(node, ast.Call):
            _check_call(node)
    _check_names(condition, None)
    _try_constants(condition)


def _name_of(node: ast.expr) -> str:
    return qualified(node) if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _check_call(node: ast.Call) -> None:
    """Raises Unreadable on arguments that mean something else here than in Python."""
    name = _name_of(node.func)
    for keyword in node.keywords:
        if name not in (
            "Counter",
            "collections.Counter",
            "dict",
        ) and keyword.arg not in KEYWORDS.get(name, ()):
            raise Unreadable(f"{name} with {keyword.arg}")
        if keyword.arg is None or (keyword.arg == "key" and _name_of(keyword.value) not in KEYS):
            raise Unreadable("a key, or keywords unpacked")
    if name == "isinstance" and len(node.args) == 2:
        kinds = node.args[1].elts if isinstance(node.args[1], ast.Tuple) else [node.args[1]]
        if any(_name_of(kind) not in TYPES for kind in kinds):
            raise Unreadable("a type that answers do not keep")


def _check_names(node: ast.AST, above: ast.AST | None) -> None:
    """Raises Unreadable where a name is no value here, or what stands for it would show: a dict for
    a Counter, lists for an array, a function for a class."""
    name = _name_of(node.func) if isinstance(node, ast.Call) else ""
    kind = {"collections.Counter": "Counter", "numpy.array": "np.array"}.get(name, name)
    if kind in AS_ARGUMENTS:
        inside = isinstance(above, ast.Call) and _name_of(above.func) in AS_ARGUMENTS[kind]
        beside = (
            kind == "Counter"
            and isinstance(above, ast.Compare)
            and all(isinstance(op, ast.Eq | ast.NotEq) for op in above.ops)
        )
        if not inside and not beside:
            raise Unreadable(f"{kind} as a value")
    if isinstance(node, ast.Name):
        called = isinstance(above, ast.Call) and above.func is node
        if not (called or node.id in TYPES or isinstance(above, ast.Attribute | ast.keyword)):
            raise Unreadable(f"{node.id} as a value")
    for child in ast.iter_child_nodes(node):
        _check_names(child, node)


def _try_constants(node: ast.AST) -> bool:
    """Evaluate every largest part without an answer; True where all of `node` is such a part."""
    parts = list(ast.iter_child_nodes(node))
    constant = [_try_constants(part) for part in parts]
    if isinstance(node, Answer):
        return False
    if all(constant):
        return True
    for part, is_constant in zip(parts, constant, strict=True):
        if is_constant and isinstance(part, ast.expr) and not isinstance(part, ast.Slice):
            with contextlib.suppress(*WRONG):
                evaluate(part)
    return False


class _Literals(ast.NodeTransformer):
    """Replace every largest literal by its value: most asserts hold an answer against one."""

    _BOXES = (ast.List, ast.Tuple, ast.Set, ast.Dict)
    _PARTS = (*_BOXES, ast.Constant, ast.Load, ast.UnaryOp, ast.unaryop)

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, self._BOXES) and all(
            isinstance(part, self._PARTS) for part in ast.walk(node)
        ):
            with contextlib.suppress(Unreadable, *WRONG):
                return Literal(evaluate(node))
            return node  # an error in it is one of each evaluation
        return self.generic_visit(node)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)


def _known_function(node: ast.expr) -> bool:
    if isinstance(node, ast.Name):
        return node.id in FUNCTIONS or node.id in ("isinstance", "type")
    return isinstance(node, ast.Attribute) and callable(QUALIFIED.get(qualified(node)))
