"""Wrong programs made from right ones, by one small change of the syntax tree.

They stand in for a model's mistakes where no model can write half-right programs: in the smoke
profile (whose model is random) and in benchmarks of the sandbox. Deterministic by seed.
"""

from __future__ import annotations

import ast
import copy
import random

COMPARE = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
           ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In}  # fmt: skip
ARITHMETIC = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.FloorDiv,
              ast.FloorDiv: ast.Div, ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult}  # fmt: skip


def mutants(program: str, *, count: int, seed: str) -> list[str]:
    """Up to `count` different programs, none equal to the original; fewer where it is short."""
    tree = ast.parse(program)
    sites = [node for node in ast.walk(tree) if _can_mutate(node)]
    rng = random.Random(f"mutants/{seed}")
    found: dict[str, None] = {}
    for _ in range(8 * count):
        if len(found) >= count or not sites:
            break
        position = rng.randrange(len(sites))
        changed = copy.deepcopy(tree)
        _mutate([node for node in ast.walk(changed) if _can_mutate(node)][position], rng)
        text = ast.unparse(changed) + "\n"
        if text.strip() != ast.unparse(tree).strip():
            found[text] = None
    return list(found)


def _can_mutate(node: ast.AST) -> bool:
    if isinstance(node, ast.Compare):
        return type(node.ops[0]) in COMPARE
    if isinstance(node, ast.BinOp):
        return type(node.op) in ARITHMETIC
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | float)
    return isinstance(node, ast.Return) and node.value is not None


def _mutate(node: ast.AST, rng: random.Random) -> None:
    if isinstance(node, ast.Compare):
        node.ops[0] = COMPARE[type(node.ops[0])]()
    elif isinstance(node, ast.BinOp):
        node.op = ARITHMETIC[type(node.op)]()
    elif isinstance(node, ast.Constant):
        assert isinstance(node.value, int | float)
        node.value = (
            not node.value if isinstance(node.value, bool) else node.value + rng.choice((1, -1))
        )
    elif isinstance(node, ast.Return) and node.value is not None:
        node.value = _conditional(node.value, rng)


def _conditional(value: ast.expr, rng: random.Random) -> ast.expr:
    """The right value for some inputs only."""
    text = ast.unparse(value)
    wrong = rng.choice(("None", "0", f"[{text}]"))
    return ast.parse(f"({text}) if len(repr({text})) % 3 else {wrong}", mode="eval").body
