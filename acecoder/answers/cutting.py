"""Drop the tests and demonstrations that models write after a program, by its syntax tree."""

from __future__ import annotations

import ast

from acecoder.answers.names import Code, Function


def without_demonstration(code: Code) -> str:
    """The program's own text without asserts, prints, test cases and the main guard at its top level.

    Whole lines are left out; a statement that shares a line with another stays. A program that
    would be left with nothing is left as it is.
    """
    dropped = [node for node in code.tree.body if is_demonstration(node, code)]
    kept = [node for node in code.tree.body if node not in dropped]
    if not dropped or not any(not isinstance(node, ast.Expr) for node in kept):
        return code.source
    taken = {line for node in kept for line in _lines(node)}
    gone = {line for node in dropped for line in _lines(node)} - taken
    lines = code.source.split("\n")
    return "\n".join(line for number, line in enumerate(lines, 1) if number not in gone)


def is_demonstration(node: ast.stmt, code: Code) -> bool:
    """A statement that shows or checks what the program does, and is no part of it."""
    if isinstance(node, ast.Assert):
        return True
    if isinstance(node, ast.If):
        return any(isinstance(n, ast.Name) and n.id == "__name__" for n in ast.walk(node.test))
    if isinstance(node, ast.Import | ast.ImportFrom):
        module = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
        return (module or "").split(".")[0] in ("unittest", "doctest", "pytest")
    if isinstance(node, ast.ClassDef):
        return any(
            isinstance(n, ast.Attribute | ast.Name) and _last(n) == "TestCase" for n in node.bases
        )
    if isinstance(node, Function):
        return node.name.startswith("test_") and not node.args.args
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return _is_shown(node.value)
    if isinstance(node, ast.For | ast.While | ast.Try | ast.With):
        return all(map(_only_shows, node.body)) and bool(node.body)
    return False


def _only_shows(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assert) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _is_shown(node.value)
    )


def _is_shown(call: ast.Call) -> bool:
    """`print(...)`, `unittest.main()`, `doctest.testmod()`, `pytest.main()`, `test_f()`."""
    if isinstance(call.func, ast.Name):
        return call.func.id == "print" or call.func.id.startswith("test_")
    return isinstance(call.func, ast.Attribute) and (
        isinstance(call.func.value, ast.Name)
        and call.func.value.id in ("unittest", "doctest", "pytest")
    )


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _lines(node: ast.stmt) -> range:
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(each.lineno for each in decorators)])
    return range(first, (node.end_lineno or node.lineno) + 1)
