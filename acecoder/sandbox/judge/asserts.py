"""One assert statement -> the calls a program must answer, and the judgement of the answers.

    assert f([1, 2]) == [2, 1]   calls: f([1, 2])    judged here: <answer> == [2, 1]

The process that runs the program sees the calls alone. The rest of the statement is read by a
closed interpreter of its syntax tree (`reading`, `interpreter`). An assert it cannot read, or in
which the program would supply more than the answers of its entry point, is run beside the program
and marked weak. That hangs on the text of the test and on the entry point, never on an answer.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from acecoder.errors import InputError
from acecoder.sandbox.judge.budget import Unreadable
from acecoder.sandbox.judge.entry_points import EntryPoint, Link, chain_of, entry_point_of, read
from acecoder.sandbox.judge.interpreter import Answer
from acecoder.sandbox.judge.reading import check_readable, folded
from acecoder.sandbox.judge.testfiles import MAX_DEPTH, depth, runnable
from acecoder.sandbox.judge.vocabulary import METHOD_NAMES

MAX_CHARACTERS = 100_000
MAX_NODES = 50_000
"""Of a test's syntax tree: how long it takes to read."""
MAX_OPERATIONS = 5_000
"""Nodes of a test's syntax tree beside those of plain literals."""
_LITERAL = (ast.Constant, ast.List, ast.Tuple, ast.Load, ast.UnaryOp, ast.USub)
CACHED_CHARACTERS = 4_000


@dataclass(frozen=True)
class Plan:
    """How to judge one test."""

    calls: tuple[str, ...] = ()
    """Expressions for the sandboxed program, as source."""
    condition: ast.expr | None = None
    """What must be true; `Answer` nodes stand for the calls' values."""
    lazy: bool = False
    """Not every call may be needed: what one of them raises is no error unless it is read."""
    weak_code: str = ""
    """The whole statement, where it can only be judged beside the program."""
    broken: str = ""
    """Why the test is no test at all: no program passes it."""


TOO_LONG = Plan(broken=f"longer than {MAX_CHARACTERS:,} characters")


def plan(test: str, entry_point: str = "") -> Plan:
    """Read one test of a problem whose tests call `entry_point`; empty for what this one calls.

    Never raises: what is no assert is `broken`, what is unreadable is weak.
    """
    if len(test) > MAX_CHARACTERS:
        return TOO_LONG
    made = _cached_plan if len(test) <= CACHED_CHARACTERS else _plan
    return made(test, entry_point or entry_point_of(None, [test]))


def _plan(test: str, entry_point: str) -> Plan:
    text = test.strip()
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return Plan(broken=f"not Python: {type(error).__name__}")
    if len(body) != 1 or not isinstance(body[0], ast.Assert):
        return plan_file(text, entry_point) if body else Plan(broken="empty")
    condition = body[0].test
    kinds = Counter(map(type, ast.walk(condition)))
    if not kinds[ast.Name]:
        return Plan(broken="calls nothing of the program")
    try:
        nodes = sum(kinds.values())
        if nodes > MAX_NODES or nodes - sum(kinds[kind] for kind in _LITERAL) > MAX_OPERATIONS:
            raise Unreadable("too many operations")
        if depth(condition) > MAX_DEPTH:
            raise Unreadable("nested too deeply")
        split = _Split(read(entry_point), text)
        condition = split.visit(condition)
        if not split.sources:
            raise Unreadable("no call of the entry point")
        check_readable(condition)
        condition = folded(condition)
    except Unreadable:
        return Plan(weak_code=text)
    return Plan(calls=tuple(split.sources), condition=condition, lazy=_is_lazy(condition))


_cached_plan = lru_cache(maxsize=1024)(_plan)


def plan_file(code: str, entry_point: str = "") -> Plan:
    """A test that is more than one assert: run beside the program, with what it defines called."""
    if len(code) > MAX_CHARACTERS:
        return TOO_LONG
    try:
        return Plan(weak_code=runnable(code, entry_point))
    except InputError as error:
        return Plan(broken=error.what)


def _is_lazy(condition: ast.expr) -> bool:
    return any(
        isinstance(node, ast.BoolOp | ast.IfExp)
        or (isinstance(node, ast.Compare) and len(node.ops) > 1)
        for node in ast.walk(condition)
    )


class _Split(ast.NodeTransformer):
    """Replaces every maximal chain that begins at the entry point by an `Answer`.

    The chain ends before a method that takes arguments, which the judge computes itself: inside the
    sandbox, the program's own method would be handed the expected value.
    """

    def __init__(self, entry: EntryPoint, text: str) -> None:
        self.sources: list[str] = []
        self._entry = entry
        self._lines = text.encode().splitlines(keepends=True)

    def visit(self, node: ast.AST) -> Any:
        chain = chain_of(node) if isinstance(node, Link) else None
        if chain and self._entry.is_root(*chain):
            return self._answered(*chain)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            return node  # of a module
        return self.generic_visit(node)

    def _answered(self, root: str, links: list[Link]) -> ast.expr:
        own = self._own_links(root, links)
        if not any(isinstance(link, ast.Call) for link in own):
            raise Unreadable("a constant of the program")
        if any(_reaches_in(part) for part in ast.walk(own[-1])):
            raise Unreadable("reaches into the program")
        self.sources.append(self._source(own[-1]))
        made: ast.expr = Answer(len(self.sources) - 1)
        for link in links[len(own) :]:
            made = self._on_top(made, link)
        return made

    def _own_links(self, root: str, links: list[Link]) -> list[Link]:
        """The links that are the program's to compute, up to one that hands something to an answer."""
        calls = methods = 0
        for index, link in enumerate(links):
            called = links[index + 1] if index + 1 < len(links) else None
            if calls and isinstance(link, ast.Attribute) and isinstance(called, ast.Call):
                handed = bool(called.args or called.keywords)
                inputs = methods == 0 and self._entry.is_class(root)
                if handed and not inputs:
                    return links[:index]
                asked = link.attr in (self._entry.name, self._entry.method)
                if handed and not asked and link.attr in METHOD_NAMES:
                    raise Unreadable("a method of an object, or of an answer")
                methods += 1
            if calls and isinstance(link, ast.Subscript) and not _is_position(link.slice):
                return links[:index]
            calls += isinstance(link, ast.Call)
        return links

    def _on_top(self, value: ast.expr, link: Link) -> ast.expr:
        if isinstance(link, ast.Call):
            arguments = [self.visit(argument) for argument in link.args]
            keywords = [self.visit(keyword) for keyword in link.keywords]
            return ast.Call(value, arguments, keywords)
        if isinstance(link, ast.Attribute):
            return ast.Attribute(value, link.attr, ast.Load())
        return ast.Subscript(value, self.visit(link.slice), ast.Load())

    def _source(self, node: ast.expr) -> str:
        """The text of an expression, as it stands in the test."""
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        lines = self._lines[first : last + 1]
        lines[-1] = lines[-1][: node.end_col_offset]
        lines[0] = lines[0][node.col_offset :]
        source = b"".join(lines).decode()
        return f"({source})" if first != last else source


def _is_position(node: ast.expr) -> bool:
    """An item's place, a slice, or several: it says nothing of what is expected there."""
    if isinstance(node, ast.Tuple):
        return all(map(_is_position, node.elts))
    if isinstance(node, ast.Slice):
        return all(
            part is None or _is_position(part) for part in (node.lower, node.upper, node.step)
        )
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
    return isinstance(node, ast.Constant) and type(node.value) is int


def _reaches_in(node: ast.AST) -> bool:
    """May this part of a call change the program that later tests are held against?"""
    if isinstance(node, ast.Attribute):
        reaches = node.attr.startswith("__") or node.attr in REACHING_ATTRIBUTES
        return reaches or (node.attr in MUTATORS and _is_kept(node.value))
    if isinstance(node, ast.Constant):
        text = node.value.decode("latin-1") if isinstance(node.value, bytes) else node.value
        return isinstance(text, str) and DUNDER.search(text) is not None
    if isinstance(node, ast.Name):
        return node.id in REACHING or (node.id.startswith("__") and node.id.endswith("__"))
    return isinstance(node, ast.NamedExpr | ast.Await | ast.Yield | ast.YieldFrom)


def _is_kept(node: ast.expr) -> bool:
    """A name, or a part of what one stands for: it outlives the test, as no new value does."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return isinstance(node, ast.Name)


DUNDER = re.compile(r"__\w+__")
REACHING = frozenset(
    {
        "globals", "locals", "vars", "getattr", "setattr", "delattr", "exec", "eval", "compile", "super",
        "attrgetter", "methodcaller", "import_module", "reload", "patch", "sys", "gc", "inspect",
        "importlib", "builtins", "ctypes", "unittest", "mock", "setitem", "delitem", "iadd", "heappush",
        "heappop", "heapify", "heapreplace", "heappushpop", "insort", "shuffle",
    }
)  # fmt: skip
"""Names that lead from a value to the program's namespace, or change what they are given."""
REACHING_ATTRIBUTES = frozenset(
    {
        "f_globals", "f_locals", "f_builtins", "f_back", "gi_frame", "cr_frame", "ag_frame", "tb_frame",
        "gi_code", "modules", "_getframe", "get_objects", "get_referrers", "setitem", "delitem", "iadd",
        "heappush", "heappop", "heapify", "heapreplace", "heappushpop", "insort", "shuffle",
    }
)  # fmt: skip
MUTATORS = frozenset(
    {
        "add", "append", "appendleft", "clear", "discard", "extend", "extendleft", "insert", "pop",
        "popitem", "popleft", "remove", "reverse", "setdefault", "sort", "update",
    }
)  # fmt: skip
"""Methods that change a container; of one of the program's own, they change the program."""
