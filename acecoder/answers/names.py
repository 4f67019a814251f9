"""What a piece of Python defines, needs and does, from its syntax tree."""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

Function = ast.FunctionDef | ast.AsyncFunctionDef
_BUILTIN = frozenset(dir(builtins)) | {"__name__", "__file__"}


@dataclass(frozen=True)
class Code:
    """A piece of Python that parses."""

    source: str
    tree: ast.Module
    defines: frozenset[str]
    """Functions with a body, classes, and names given a value or imported at its top level."""
    declares: frozenset[str]
    """Functions of which it shows no more than the signature."""
    needs: frozenset[str]
    """Names it uses and does not define, which are not Python's own."""
    reads_input: bool
    """It reads standard input."""

    @property
    def has_definitions(self) -> bool:
        """It defines a function or a class."""
        return any(isinstance(node, Function | ast.ClassDef) for node in self.tree.body)

    @property
    def functions(self) -> frozenset[str]:
        """The functions and classes it defines."""
        names = (str(getattr(node, "name", "")) for node in self.tree.body if not is_stub(node))
        return frozenset(name for name in names if name)

    @property
    def does_something(self) -> bool:
        """It is more than values, calls and checks of what stands elsewhere."""
        return self.reads_input or any(
            not isinstance(node, ast.Expr | ast.Assert | ast.Pass) for node in self.tree.body
        )

    def solves(self, entry_point: str) -> bool:
        """It defines the function, or a class with such a method, and not just its signature."""
        return any(
            isinstance(node, ast.ClassDef)
            and any(
                isinstance(n, Function) and n.name == entry_point and not is_stub(n)
                for n in node.body
            )
            for node in self.tree.body
        ) or (entry_point in self.defines)


def read_code(source: str) -> Code | None:
    """None where it is not Python."""
    try:
        tree = ast.parse(source)
        return _code(source, tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _code(source: str, tree: ast.Module) -> Code:
    defines, declares = set(), set()
    for node in tree.body:
        if isinstance(node, Function) and is_stub(node):
            declares.add(node.name)
        else:
            defines |= bound_by(node)
    used, bound = used_and_bound(tree.body)
    return Code(
        source,
        tree,
        frozenset(defines),
        frozenset(declares - defines),
        frozenset(used - bound - _BUILTIN),
        _reads_input(tree),
    )


def used_and_bound(body: Sequence[ast.stmt]) -> tuple[set[str], set[str]]:
    """The names that statements read, and those they give a value, anywhere."""
    used: set[str] = set()
    bound: set[str] = set()
    for part in (part for node in body for part in ast.walk(node)):
        if isinstance(part, ast.Name):
            (used if isinstance(part.ctx, ast.Load) else bound).add(part.id)
        elif isinstance(part, ast.arg):
            bound.add(part.arg)
        elif isinstance(part, Function | ast.ClassDef) or (
            isinstance(part, ast.ExceptHandler) and part.name
        ):
            bound.add(part.name or "")
        elif isinstance(part, ast.Import | ast.ImportFrom):
            bound |= _imported(part)
    return used, bound


def is_stub(node: ast.stmt) -> bool:
    """A function of which only the signature is shown."""
    return isinstance(node, Function) and all(
        isinstance(each, ast.Pass)
        or (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
        or _is_not_implemented(each)
        for each in node.body
    )


def _is_not_implemented(node: ast.stmt) -> bool:
    raised = node.exc if isinstance(node, ast.Raise) else None
    raised = raised.func if isinstance(raised, ast.Call) else raised
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


def bound_by(node: ast.stmt) -> set[str]:
    """The names that a top-level statement gives a value."""
    if isinstance(node, Function | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return _imported(node)
    return {
        part.id
        for part in ast.walk(node)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    }


def _imported(node: ast.Import | ast.ImportFrom) -> set[str]:
    return {(alias.asname or alias.name).split(".")[0] for alias in node.names}


def _reads_input(tree: ast.Module) -> bool:
    own = _functions(tree)
    return any(is_input(part, own) for part in ast.walk(tree))


def is_input(node: ast.AST, own: set[str]) -> bool:
    """`input()`, `open(0)`, `sys.stdin`, or what it is imported by."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        first = node.args[0] if node.args else None
        standard = isinstance(first, ast.Constant) and first.value in (0, "/dev/stdin")
        return (node.func.id == "input" and "input" not in own) or (
            node.func.id == "open" and standard
        )
    if isinstance(node, ast.ImportFrom):
        return node.module == "sys" and any(alias.name == "stdin" for alias in node.names)
    return isinstance(node, ast.Attribute) and node.attr == "stdin"


def _functions(tree: ast.Module) -> set[str]:
    return {node.name for node in tree.body if isinstance(node, Function)}


def most_called(tests: Sequence[str]) -> str:
    """The name most tests call: the function to write; empty where no test calls one."""
    counts: Counter[str] = Counter()
    for test in tests:
        try:
            nodes = list(ast.walk(ast.parse(test.strip())))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        called = (node.func for node in nodes if isinstance(node, ast.Call))
        counts.update({func.id for func in called if isinstance(func, ast.Name)} - _BUILTIN)
    return max(sorted(counts), key=lambda name: counts[name], default="")
