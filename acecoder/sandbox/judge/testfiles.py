"""Tests that are files (unittest and pytest style): the code that runs what they define.

Executing such a file only defines classes and functions; without a call at its end it would pass
whatever the program does. Assertions are counted as they are made: a file that comes to its end
without one (a test that is a generator, a coroutine that nobody awaits) has tested nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from acecoder.errors import InputError
from acecoder.sandbox.judge.collecting import collected

MAX_DEPTH = 100
"""Levels of a test's syntax tree: how deep Python may recurse hangs on who calls it."""

RUN_CLASSES = """
import unittest as _unittest
_suite = _unittest.TestSuite(map(_unittest.defaultTestLoader.loadTestsFromTestCase, [{classes}]))
_result = _unittest.TestResult()
_suite.run(_result)
def _told(failed):
    for test, trace in failed:
        last = trace[max(0, trace.rfind("Traceback (most recent call last)")):].splitlines()[1:]
        raised = next((line for line in last if line[:1] not in ("", " ")), "")
        return f"{{len(failed)}} of {{_result.testsRun}} failed; {{test.id().rpartition('.')[2]}}: {{raised}}"
    return "passed where a failure is expected"
assert _result.wasSuccessful(), _told(_result.errors + _result.failures)
assert _result.testsRun > len(_result.skipped) + len(_result.expectedFailures), "nothing was tested"
"""


def runnable(code: str, entry_point: str = "") -> str:
    """`code` with calls of the TestCase classes and `test*` functions that it defines.

    What it imports of the solution's module, whatever that is called, is the program's. Raises:
    InputError where the code is not Python or would assert nothing, and so pass.
    """
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InputError(f"not Python: {type(error).__name__}") from error
    tree.body = _without_guard(tree.body)
    for node in ast.walk(tree):
        _take_from_program(node, entry_point.partition(".")[0].partition("(")[0])
    cases = _test_cases(tree)
    found = collected(tree)
    if not _asserts_something(tree, {*cases, *found.functions, *found.classes}):
        raise InputError("without an assertion that is ever reached")
    runs = [RUN_CLASSES.format(classes=", ".join(cases))] if cases else []
    if found.needs_runner:
        runs.append(RUN_COLLECTED.format(functions=found.functions, classes=found.classes))
    else:
        coroutines = {node.name for node in tree.body if isinstance(node, ast.AsyncFunctionDef)}
        runs += [
            RUN_COROUTINE.format(name=name) if name in coroutines else f"{name}()"
            for name in found.functions
        ]
        runs += [
            f"_acecoder_run({name}, {method!r})"
            for name, methods in found.classes.items()
            for method in methods
        ]
    if depth(tree) > MAX_DEPTH:  # too deep to be written out again
        return "\n".join([code, PRELUDE, *runs])
    return "\n".join([_counted(tree), *runs, EPILOGUE])


MODULES = frozenset(
    [
        "solution",
        "solutions",
        "program",
        "main",
        "answer",
        "your_module",
        "my_module",
        "module",
        "script",
        "submission",
        "candidate",
        "implementation",
        "source_code",
        "task",
    ]
)
"""What the tests of data sets call the module that holds the program."""


def _take_from_program(node: ast.AST, entry_point: str) -> None:
    """An import of the solution becomes one of `program`, which is what the worker calls it."""
    if isinstance(node, ast.ImportFrom):
        names = {alias.name for alias in node.names}
        if node.module in MODULES or (entry_point and entry_point in names):
            node.module, node.level = "program", 0
    elif isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name in MODULES:
                alias.name, alias.asname = "program", alias.asname or alias.name


def _counted(tree: ast.Module) -> str:
    """The file's text with its assertions counted; docstring and `__future__` stay in front."""
    front = 0
    for node in tree.body:
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not is_text and not (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
            break
        front += 1
    made = _Counting(tree).visit(tree)
    made.body[front:front] = ast.parse(PRELUDE).body
    return ast.unparse(ast.fix_missing_locations(made))


PRELUDE = """
_acecoder_made = []
def _acecoder_count():
    _acecoder_made.append(1)
def _acecoder_counted(function):
    def call(*args, **named):
        result = function(*args, **named)
        _acecoder_count()
        return result
    return call
def _acecoder_run(kind, name):
    case = kind()
    method = getattr(case, name)
    for hook in ("setup_method", name, "teardown_method"):
        function = getattr(case, hook, None)
        if function is not None:
            takes = function.__code__.co_argcount - 1 if hook != name else 0
            function(*(method,) * takes)
"""
RUN_COLLECTED = "import _acecoder_pytest\n_acecoder_pytest.run(globals(), {functions}, {classes})"
EPILOGUE = 'assert _acecoder_made, "nothing was asserted"'
RUN_COROUTINE = "import asyncio as _asyncio\n_asyncio.run({name}())"


class _Counting(ast.NodeTransformer):
    """Counts assertions as they are made; one that fails raises before it is counted.

    An `assert` is followed by a count, a function called `assert...` is wrapped wherever it is
    named, and a statement that holds a `fail()` or `raise AssertionError` has been an assertion
    when control comes past it.
    """

    def __init__(self, tree: ast.Module) -> None:
        self._failing = _holding(tree, _fails)
        self._asserting = _holding(tree, lambda node: isinstance(node, ast.Assert))

    def visit(self, node: ast.AST) -> Any:
        holds = isinstance(node, ast.If | ast.Try | ast.Expr | ast.For | ast.While) and (
            id(node) in self._failing
        )
        node = self.generic_visit(node)
        if isinstance(node, ast.Assert) or holds:
            return [node, _count()]
        if isinstance(node, ast.Try) and any(id(each) in self._asserting for each in node.body):
            for handler in node.handlers:  # `assert False` after a call that must raise
                if handler.type is not None and not _catches_assertions(handler.type):
                    handler.body.insert(0, _count())
            return node
        if (
            isinstance(node, ast.Name | ast.Attribute)
            and isinstance(node.ctx, ast.Load)
            and _is_assertion(node)
        ):
            return ast.Call(ast.Name("_acecoder_counted", ast.Load()), [node], [])
        return node


_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def _holding(tree: ast.AST, is_one: Callable[[ast.AST], bool]) -> set[int]:
    """The nodes (by id) that hold such a one or are it, not counting what functions and classes
    hold; in time linear in the tree."""
    above: dict[int, ast.AST] = {}
    found: set[int] = set()
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            above[id(child)] = node
        holder: ast.AST | None = node if is_one(node) else None
        while holder is not None and id(holder) not in found:
            found.add(id(holder))
            holder = None if isinstance(holder, _SCOPES) else above.get(id(holder))
    return found


def _within(node: ast.AST) -> list[ast.AST]:
    """The parts of a statement, without those of functions and classes it defines."""
    found, waiting = [], [node]
    while waiting:
        each = waiting.pop()
        found.append(each)
        if not isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(each))
    return found


def _fails(node: ast.AST) -> bool:
    """`self.fail()`, `pytest.fail()`, `raise AssertionError`."""
    if isinstance(node, ast.Raise):
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        return isinstance(raised, ast.Name) and raised.id in ("AssertionError", "Exception")
    return isinstance(node, ast.Call) and _name(node.func).startswith("fail")


def _is_assertion(node: ast.expr) -> bool:
    """`self.assertEqual`, `assert_allclose`, `pytest.raises`."""
    name = _name(node)
    return name.startswith("assert") or (name == "raises" and isinstance(node, ast.Attribute))


def _name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _catches_assertions(kind: ast.expr) -> bool:
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(_name(each) in ("AssertionError", "Exception", "BaseException") for each in kinds)


def _count() -> ast.stmt:
    return ast.Expr(ast.Call(ast.Name("_acecoder_count", ast.Load()), [], []))


def _without_guard(body: list[ast.stmt]) -> list[ast.stmt]:
    """`if __name__ == "__main__":` is true of a test file; but `unittest.main()` is done here."""
    found: list[ast.stmt] = []
    for node in body:
        if isinstance(node, ast.If) and any(
            _name(part) == "__name__" for part in _within(node.test)
        ):
            found += [each for each in node.body if not _is_main(each)]
        else:
            found.append(node)
    return found


def _is_main(node: ast.stmt) -> bool:
    call = node.value if isinstance(node, ast.Expr) else None
    return isinstance(call, ast.Call) and _name(call.func) == "main"


def _asserts_something(tree: ast.Module, collected: set[str]) -> bool:
    """Whether the top level, what is collected, or what these name, holds an assertion."""
    definitions: dict[str, ast.stmt] = {}
    waiting: list[ast.stmt] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            definitions[node.name] = node
        else:
            waiting.append(node)
    waiting += [definitions.pop(name) for name in collected if name in definitions]
    while waiting:
        for part in ast.walk(waiting.pop()):
            if _asserts(part):
                return True
            if isinstance(part, ast.Name) and part.id in definitions:
                waiting.append(definitions.pop(part.id))
    return False


def _asserts(node: ast.AST) -> bool:
    if isinstance(node, ast.Name | ast.Attribute):
        return _name(node).startswith(("assert", "fail")) or _is_assertion(node)
    return isinstance(node, ast.Assert | ast.Raise)


def _test_cases(tree: ast.Module) -> list[str]:
    found: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and any(_names_test_case(b, found) for b in node.bases):
            found.append(node.name)
    return found


def _names_test_case(base: ast.expr, known: list[str]) -> bool:
    """`TestCase`, `unittest.TestCase`, `IsolatedAsyncioTestCase`, or a class that is one."""
    name = base.attr if isinstance(base, ast.Attribute) else ""
    name = base.id if isinstance(base, ast.Name) else name
    return name.endswith("TestCase") or name in known


def depth(tree: ast.AST) -> int:
    """Levels of a syntax tree, without recursion."""
    deepest, waiting = 0, [(tree, 1)]
    while waiting:
        node, level = waiting.pop()
        deepest = max(deepest, level)
        waiting.extend((child, level + 1) for child in ast.iter_child_nodes(node))
    return deepest
