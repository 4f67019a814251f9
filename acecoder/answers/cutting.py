"""Drop the tests and demonstrations that models write after a program, by its syntax tree."""

from __future__ import annotations

import ast

from acecoder.answers.names import Code, Function, bound_by, is_input, used_and_bound


def without_demonstration(code: Code, entry_point: str = "") -> str:
    """The program's own text without asserts, prints, test cases and the main guard at its top level.

    What gives a name a value that the rest needs is no demonstration. Whole lines are left out; of a
    statement that shares a line with another a `pass` is left. A program that would be left with
    nothing is left as it is.
    """
    dropped = _demonstrations(code, entry_point)
    kept = [node for node in code.tree.body if node not in dropped]
    if not dropped or not any(not isinstance(node, ast.Expr) for node in kept):
        return code.source
    taken = {line for node in kept for line in _lines(node)}
    lines: list[bytes | None] = list(code.source.encode("utf-8", "surrogatepass").split(b"\n"))
    for node in reversed(dropped):
        _blank(node, lines, shared=bool(taken & set(_lines(node))))
    text = b"\n".join(line for line in lines if line is not None)
    return text.decode("utf-8", "surrogatepass")


def _blank(node: ast.stmt, lines: list[bytes | None], *, shared: bool) -> None:
    if not shared:
        for number in _lines(node):
            lines[number - 1] = None
        return
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    before, after = lines[first] or b"", lines[last] or b""
    for number in range(first, last + 1):
        lines[number] = None
    lines[first] = before[: node.col_offset] + b"pass" + after[node.end_col_offset :]


def _demonstrations(code: Code, entry_point: str) -> list[ast.stmt]:
    """The statements that may go: those whose names nothing that stays needs."""
    body = code.tree.body
    shown = _Shown(code, entry_point)
    dropped = [node for node in body if shown.is_demonstration(node)]
    while True:
        used, bound = used_and_bound([node for node in body if node not in dropped])
        missing = used - bound
        needed = [node for node in dropped if bound_by(node) & missing]
        if not needed:
            return dropped
        dropped = [node for node in dropped if node not in needed]


class _Shown:
    """Tells what shows or checks what a program does, and is no part of it."""

    def __init__(self, code: Code, entry_point: str) -> None:
        self._functions = {
            node.name: node
            for node in code.tree.body
            if isinstance(node, Function) and node.name != entry_point
        }
        self._entry_point = entry_point

    def is_demonstration(self, node: ast.stmt) -> bool:
        """At the top level."""
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.If):
            return any(isinstance(n, ast.Name) and n.id == "__name__" for n in ast.walk(node.test))
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
            return (module or "").split(".")[0] in ("unittest", "doctest", "pytest")
        if isinstance(node, ast.ClassDef):
            return any(_last(base) == "TestCase" for base in node.bases)
        if isinstance(node, Function):
            return self._is_test(node)
        if isinstance(node, ast.Assign):
            return any(is_input(part, set()) for part in ast.walk(node.value))
        if isinstance(node, ast.AnnAssign):
            return node.value is None
        if isinstance(node, ast.For | ast.While | ast.Try | ast.With):
            return all(map(self._only_shows, node.body))
        return self._only_shows(node)

    def _is_test(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
        named = node.name == "test" or node.name.startswith("test_")
        return named and node.name != self._entry_point and not node.args.args

    def _only_shows(self, node: ast.stmt) -> bool:
        """An assert, a value of no use, or a call that prints, tests or asks for input."""
        if isinstance(node, ast.Assert):
            return True
        if not isinstance(node, ast.Expr):
            return False
        value = node.value
        if isinstance(value, ast.Call):
            return self._shows(value)
        return isinstance(value, ast.Name | ast.Attribute | ast.Tuple | ast.Compare | ast.BinOp)

    def _shows(self, call: ast.Call) -> bool:
        """`print(...)`, `unittest.main()`, `test_f()`, or a function of the program's that does so."""
        if isinstance(call.func, ast.Attribute):
            owner = call.func.value
            return isinstance(owner, ast.Name) and owner.id in ("unittest", "doctest", "pytest")
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        own = self._functions.get(name)
        if own is None:
            return name == "print" or (name.startswith("test") and name != self._entry_point)
        return any(_prints_or_checks(part) for part in ast.walk(own))


def _prints_or_checks(node: ast.AST) -> bool:
    if isinstance(node, ast.Assert) or is_input(node, set()):
        return True
    return (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    )


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _lines(node: ast.stmt) -> range:
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(each.lineno for each in decorators)])
    return range(first, (node.end_lineno or node.lineno) + 1)
