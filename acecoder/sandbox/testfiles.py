"""Tests that are files (unittest and pytest style): the code that runs what they define.

Executing such a file only defines classes and functions; without a call at its end it would pass
whatever the program does. Assertions are counted as they are made: a file that comes to its end
without one (a test that is a generator, a coroutine that nobody awaits) has tested nothing.
"""

from __future__ import annotations

import ast
from typing import Any

from acecoder.errors import InputError

RUN_CLASSES = """
import unittest as _unittest
_suite = _unittest.TestSuite(map(_unittest.defaultTestLoader.loadTestsFromTestCase, [{classes}]))
_result = _unittest.TestResult()
_suite.run(_result)
assert _result.wasSuccessful(), (_result.errors + _result.failures)[-1:]
assert _result.testsRun > len(_result.skipped) + len(_result.expectedFailures), "nothing was tested"
"""


def runnable(code: str) -> str:
    """`code` with calls of the TestCase classes and `test*` functions that it defines.

    Raises: InputError where the code is not Python or would assert nothing, and so pass.
    """
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InputError(f"not Python: {type(error).__name__}") from error
    tree.body = _without_guard(tree.body)
    classes = _test_cases(tree)
    calls = _test_functions(tree.body)
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test") and not node.bases:
            calls += [f"{node.name}().{name}" for name in _test_functions(node.body, ("self",))]
    if not _asserts_something(tree, {*classes, *(call.partition("(")[0] for call in calls)}):
        raise InputError("without an assertion that is ever reached")
    coroutines = {node.name for node in tree.body if isinstance(node, ast.AsyncFunctionDef)}
    suite = RUN_CLASSES.format(classes=", ".join(classes)) if classes else ""
    counted = ast.unparse(ast.fix_missing_locations(_Counting().visit(tree)))
    runs = [
        RUN_COROUTINE.format(name=call) if call in coroutines else f"{call}()" for call in calls
    ]
    return "\n".join([PRELUDE, counted, suite, *runs, EPILOGUE])


PRELUDE = """
_acecoder_made = []
def _acecoder_count():
    _acecoder_made.append(1)
"""
EPILOGUE = 'assert _acecoder_made, "nothing was asserted"'
RUN_COROUTINE = "import asyncio as _asyncio\n_asyncio.run({name}())"


class _Counting(ast.NodeTransformer):
    """After each assertion a call that counts it; an assertion that fails does not come to it."""

    def visit(self, node: ast.AST) -> Any:
        node = self.generic_visit(node)
        if isinstance(node, ast.Assert):
            return [node, _count()]
        if isinstance(node, ast.Expr) and _asserts(_awaited(node.value)):
            return [node, _count()]
        if isinstance(node, ast.With | ast.AsyncWith) and any(
            _asserts(_awaited(item.context_expr)) or _is_raises(item.context_expr)
            for item in node.items
        ):
            return [node, _count()]
        if isinstance(node, ast.Try) and any(_asserts(p) for s in node.body for p in ast.walk(s)):
            for handler in node.handlers:  # `assert False` after a call that must raise
                handler.body.insert(0, _count())
            return node
        if isinstance(node, ast.Raise):
            return [_count(), node]  # `raise AssertionError` where a value is wrong
        if isinstance(node, ast.If) and any(isinstance(part, ast.Raise) for part in ast.walk(node)):
            return [node, _count()]  # and the other way round: it was looked at, and was right
        return node


def _count() -> ast.stmt:
    return ast.Expr(ast.Call(ast.Name("_acecoder_count", ast.Load()), [], []))


def _awaited(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.Await) else node


def _is_raises(node: ast.expr) -> bool:
    """`pytest.raises(...)`, `self.assertRaises(...)`."""
    function = node.func if isinstance(node, ast.Call) else node
    name = function.attr if isinstance(function, ast.Attribute) else ""
    return name.startswith("assert") or name == "raises"


def _without_guard(body: list[ast.stmt]) -> list[ast.stmt]:
    """`if __name__ == "__main__":` is true of a test file; but `unittest.main()` is done here."""
    found: list[ast.stmt] = []
    for node in body:
        if isinstance(node, ast.If) and "__name__" in ast.unparse(node.test):
            found += [
                n
                for n in node.body
                if not ast.unparse(n).startswith(("unittest.main", "pytest.main"))
            ]
        else:
            found.append(node)
    return found


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
    if not isinstance(node, ast.Call):
        return isinstance(node, ast.Assert | ast.Raise)
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    name = node.func.id if isinstance(node.func, ast.Name) else name
    return name.startswith(("assert", "fail"))


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


def _test_functions(body: list[ast.stmt], parameters: tuple[str, ...] = ()) -> list[str]:
    """Names of the functions that pytest would collect and that need no fixture."""
    return [
        node.name
        for node in body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test")
        and tuple(a.arg for a in node.args.args) == parameters and not node.args.kwonlyargs
    ]  # fmt: skip
