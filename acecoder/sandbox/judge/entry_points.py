"""The program's name that tests call: what a test asks of it is the program's to compute."""

from __future__ import annotations

import ast
import builtins
import re
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from acecoder.sandbox.judge.vocabulary import FUNCTIONS

Link = ast.Call | ast.Attribute | ast.Subscript

LIBRARY = frozenset(
    {
        *FUNCTIONS, *dir(builtins), "np", "numpy", "pd", "pandas", "pytest", "approx",
        "defaultdict", "namedtuple", "deepcopy", "isnan", "sqrt", "reduce", "partial", "chain",
        "permutations", "combinations", "product", "allclose", "array_equal", "assert_allclose",
    }
)  # fmt: skip
"""Names that tests take from Python and its libraries, unless nothing else is called."""


@dataclass(frozen=True)
class EntryPoint:
    """What tests call: a function `f`, a class `Stack`, or a method `Solution().f`."""

    name: str
    method: str = ""

    def is_root(self, root: str, links: list[Link]) -> bool:
        """Does a chain of calls, attributes and items begin with it?"""
        if root == self.name:
            return True
        # A problem may name the method alone: `Solution().f(1)` for `f`.
        return root not in LIBRARY and any(
            isinstance(link, ast.Attribute) and link.attr == self.name for link in links
        )

    def is_class(self, root: str) -> bool:
        """Is the first method that is called the program's, and its arguments the inputs?"""
        return bool(self.method) or root != self.name or root[:1].isupper()


def chain_of(node: ast.AST) -> tuple[str, list[Link]] | None:
    """The name that a chain of calls, attributes and items starts at, and its links, outwards."""
    links: list[Link] = []
    while isinstance(node, Link):
        links.append(node)
        node = node.func if isinstance(node, ast.Call) else node.value
    return (node.id, links[::-1]) if isinstance(node, ast.Name) else None


def entry_point_of(given: str | None, tests: Iterable[object]) -> str:
    """What the tests of a problem call: `given`, if they do, else the name most of them call.

    It hangs on the problem alone, and never on an answer.
    """
    texts = [test for test in tests if isinstance(test, str)]
    if given and (not texts or any(_names(read(given), text) for text in texts)):
        return given
    found = [_called(text) for text in texts]
    votes = Counter(name for called in found for name in called)
    own = {name: count for name, count in votes.items() if name not in LIBRARY} or dict(votes)
    if not own:
        return given or ""
    most = max(own.values())
    first = next(called for called in found if any(own.get(name) == most for name in called))
    return next(name for name in first if own.get(name) == most)


@lru_cache(maxsize=256)
def read(entry_point: str) -> EntryPoint:
    """`f`, `Stack`, `Solution().f`, `Solution.f`."""
    name, _, method = entry_point.partition(".")
    return EntryPoint(name.partition("(")[0].strip(), method.partition("(")[0].strip())


def _names(entry: EntryPoint, test: str) -> bool:
    return re.search(rf"\b{re.escape(entry.name)}\b", test) is not None


def _called(test: str) -> list[str]:
    """The names that a test calls, and the methods it calls of them, the innermost first.

    Of two names that are called equally often the inner one is taken: were it the outer one, what
    stands beside the inner call would be handed to the program.
    """
    try:
        tree = ast.parse(test.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    found: list[tuple[int, int, str]] = []
    waiting: list[tuple[int, ast.AST]] = [(0, tree)]
    while waiting:
        depth, node = waiting.pop()
        if isinstance(node, ast.Call):
            chain = chain_of(node)
            if chain and not (chain[0] in sys.stdlib_module_names and _is_of_module(chain[1])):
                found.append((-depth, node.col_offset, chain[0]))
                found += [
                    (-depth, node.col_offset, link.attr)
                    for link in chain[1]
                    if isinstance(link, ast.Attribute) and _is_of_class(chain[0], link, chain[1])
                ]
        waiting.extend((depth + 1, child) for child in ast.iter_child_nodes(node))
    return list(dict.fromkeys(name for _, _, name in sorted(found)))


def _is_of_module(links: list[Link]) -> bool:
    return isinstance(links[0], ast.Attribute)


def _is_of_class(root: str, link: ast.Attribute, links: list[Link]) -> bool:
    """The method of `Solution().f(1)`, which a problem may give as its entry point."""
    return root[:1].isupper() and link in links[1:2]
