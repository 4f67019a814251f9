"""Tests that are files (unittest and pytest style): the code that runs what they define.

Executing such a file only defines classes and functions; without a call at its end it would pass
whatever the program does.
"""

from __future__ import annotations

import ast

from acecoder.errors import InputError

RUN_CLASSES = """
import unittest as _unittest
_suite = _unittest.TestSuite(map(_unittest.defaultTestLoader.loadTestsFromTestCase, [{classes}]))
_result = _unittest.TestResult()
_suite.run(_result)
assert _result.testsRun and _result.wasSuccessful(), (_result.errors + _result.failures)[-1:]
"""


def runnable(code: str) -> str:
    """`code` with calls of the TestCase classes and `test*` functions that it defines.

    Raises: InputError where the code is not Python or would assert nothing, and so pass.
    """
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InputError(f"not Python: {type(error).__name__}") from error
    if not any(map(_asserts, ast.walk(tree))):
        raise InputError("without an assertion")
    called = {node.func.id for node in ast.walk(tree)
              if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}  # fmt: skip
    classes = _test_cases(tree)
    calls = [name for name in _test_functions(tree.body) if name not in called]
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test") and not node.bases:
            calls += [f"{node.name}().{name}" for name in _test_functions(node.body, ("self",))]
    if not classes and not calls and not any(map(_acts, tree.body)):
        raise InputError("only definitions, none of them a test that can be called")
    suite = RUN_CLASSES.format(classes=", ".join(classes)) if classes else ""
    return "\n".join([code, suite, *(f"{call}()" for call in calls)])


def _asserts(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return isinstance(node, ast.Assert | ast.Raise)
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    name = node.func.id if isinstance(node.func, ast.Name) else name
    return name.startswith(("assert", "fail"))


def _acts(statement: ast.stmt) -> bool:
    """Whether executing it can fail an assertion; defining and importing cannot."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    return any(isinstance(n, ast.Assert | ast.Raise | ast.Call) for n in ast.walk(statement))


def _test_cases(tree: ast.Module) -> list[str]:
    found: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            bases = [ast.unparse(base) for base in node.bases]
            if any("TestCase" in base or base in found for base in bases):
                found.append(node.name)
    return found


def _test_functions(body: list[ast.stmt], parameters: tuple[str, ...] = ()) -> list[str]:
    """Names of the functions that pytest would collect and that need no fixture."""
    return [
        node.name
        for node in body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test")
        and tuple(a.arg for a in node.args.args) == parameters and not node.args.kwonlyargs
    ]  # fmt: skip
