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
    functions = _test_functions(tree.body)
    methods = [
        (node.name, name)
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test") and not node.bases
        for name in _test_functions(node.body, ("self",))
    ]
    if not _asserts_something(tree, {*classes, *functions, *(kind for kind, _ in methods)}):
        raise InputError("without an assertion that is ever reached")
    coroutines = {node.name for node in tree.body if isinstance(node, ast.AsyncFunctionDef)}
    runs = [RUN_CLASSES.format(classes=", ".join(classes))] if classes else []
    runs += [
        RUN_COROUTINE.format(name=name) if name in coroutines else f"{name}()" for name in functions
    ]
    runs += [f"_acecoder_run({name}, {method!r})" for name, method in methods]
    try:
        counted = _counted(tree)
    except (RecursionError, ValueError, MemoryError):  # too deep to be written out again
        return "\n".join([code, PRELUDE, *runs])
    return "\n".join([counted, *runs, EPILOGUE])


def _counted(tree: ast.Module) -> str:
    """The file's text with its assertions counted; docstring and `__future__` stay in front."""
    front = 0
    for node in tree.body:
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not is_text and not (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
            break
        front += 1
    made = _Counting().visit(tree)
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
EPILOGUE = 'assert _acecoder_made, "nothing was asserted"'
RUN_COROUTINE = "import asyncio as _asyncio\n_asyncio.run({name}())"


class _Counting(ast.NodeTransformer):
    """Counts assertions as they are made; one that fails raises before it is counted.

    An `assert` is followed by a count, a function called `assert...` is wrapped wherever it is
    named, and a statement that holds a `fail()` or `raise AssertionError` has been an assertion
    when control comes past it.
    """

    def visit(self, node: ast.AST) -> Any:
        holds = isinstance(node, ast.If | ast.Try | ast.Expr | ast.For | ast.While) and any(
            _fails(part) for part in _within(node)
        )
        node = self.generic_visit(node)
        if isinstance(node, ast.Assert) or holds:
            return [node, _count()]
        if isinstance(node, ast.Try) and any(
            isinstance(p, ast.Assert) for s in node.body for p in ast.walk(s)
        ):
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


def _test_functions(body: list[ast.stmt], parameters: tuple[str, ...] = ()) -> list[str]:
    """Names of the functions that pytest would collect and that need no fixture."""
    return [
        node.name
        for node in body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test")
        and tuple(a.arg for a in node.args.args) == parameters
        and not node.args.kwonlyargs
    ]
