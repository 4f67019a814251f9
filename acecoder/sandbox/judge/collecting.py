"""What a test file defines that is to be run: TestCase classes, and what pytest would collect."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

BUILTIN_FIXTURES = frozenset({"tmp_path", "capsys", "monkeypatch", "request"})
"""Fixtures of pytest's own that the worker has (`worker.inside.pytests`)."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Collected:
    """Tests in pytest's style."""

    functions: list[str] = field(default_factory=list)
    classes: dict[str, list[str]] = field(default_factory=dict)
    """The test methods of each class."""
    needs_runner: bool = False
    """Some are parametrized, or take fixtures: they are more than calls."""


def collected(tree: ast.Module) -> Collected:
    """The functions and classes that pytest would collect, but for those that take a fixture which
    nobody provides."""
    fixtures = BUILTIN_FIXTURES | {
        node.name for node in ast.walk(tree) if isinstance(node, Function) and _is_fixture(node)
    }
    found = Collected(needs_runner=any(map(_is_of_pytest, ast.walk(tree))))
    for node in tree.body:
        if isinstance(node, Function) and _is_test(node, fixtures, frozenset()):
            found.functions.append(node.name)
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test") and not node.bases:
            given = _parametrized(node)
            methods = [
                each.name
                for each in node.body
                if isinstance(each, Function) and _is_test(each, fixtures | {"self"}, given)
            ]
            if methods:
                found.classes[node.name] = methods
    return found


def _is_test(node: Function, fixtures: frozenset[str], given: frozenset[str]) -> bool:
    """Does it have a test's name, and are all its parameters provided?"""
    if not node.name.startswith("test") or _is_fixture(node):
        return False
    arguments = node.args
    without_default = arguments.args[: len(arguments.args) - len(arguments.defaults)]
    needed = {each.arg for each in (*arguments.posonlyargs, *without_default)}
    needed |= {
        each.arg
        for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is None
    }
    return needed <= fixtures | given | _parametrized(node)


def _is_fixture(node: Function) -> bool:
    return any(_called(each) in ("fixture", "yield_fixture") for each in node.decorator_list)


def _is_of_pytest(node: ast.AST) -> bool:
    return (isinstance(node, Function) and _is_fixture(node)) or (
        isinstance(node, Function | ast.ClassDef)
        and (
            any(_is_mark(each) for each in node.decorator_list)
            or (isinstance(node, Function) and node.name.startswith("test") and _takes(node))
        )
    )


def _takes(node: Function) -> bool:
    return [each.arg for each in node.args.args] not in ([], ["self"]) or bool(node.args.kwonlyargs)


def _is_mark(decorator: ast.expr) -> bool:
    node = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(node, ast.Attribute) and _called(node.value) == "mark"


def _parametrized(node: Function | ast.ClassDef) -> frozenset[str]:
    """The parameters that `parametrize` provides."""
    names: set[str] = set()
    for each in node.decorator_list:
        if isinstance(each, ast.Call) and _called(each.func) == "parametrize" and each.args:
            given = each.args[0]
            if isinstance(given, ast.Constant) and isinstance(given.value, str):
                names |= {name.strip() for name in given.value.split(",")}
            elif isinstance(given, ast.List | ast.Tuple):
                names |= {str(e.value) for e in given.elts if isinstance(e, ast.Constant)}
    return frozenset(names)


def _called(node: ast.expr) -> str:
    node = node.func if isinstance(node, ast.Call) else node
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
