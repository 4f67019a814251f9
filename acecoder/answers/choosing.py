"""Which of an answer's blocks is the program, and which of the others complete it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence

from acecoder.answers.cutting import without_demonstration
from acecoder.answers.names import Code, read_code

_FUTURE = re.compile(r"^from __future__ import .*\n?", re.MULTILINE)


def choose(found: Sequence[Code], entry_point: str, reads_input: bool | None) -> Code:
    """The last that solves the problem, by the first rule that any of them meets."""
    rules: list[Callable[[Code], bool]] = [
        lambda code: bool(entry_point) and code.solves(entry_point),
        lambda code: bool(entry_point) and entry_point in code.declares,
        lambda code: reads_input is not False and code.reads_input,
        lambda code: _is_whole(code) and not _is_part(code, found),
        _is_whole,
        lambda code: code.does_something,
    ]
    for rule in rules:
        for code in reversed(found):
            if rule(code):
                return code
    return found[-1]


def _is_whole(code: Code) -> bool:
    """It defines something and does not only show signatures."""
    return code.has_definitions and bool(code.functions)


def _is_part(code: Code, found: Sequence[Code]) -> bool:
    """Another block that defines something else needs what it defines, or it corrects a part of one."""
    own = code.functions
    return any(
        (other.needs & own and not other.functions & own) or own < other.functions
        for other in found
        if other is not code and _is_whole(other)
    )


def joined(chosen: Code, found: Sequence[Code], entry_point: str, scripted: bool) -> Code:
    """The chosen block with those that define what it needs before it, and corrections behind it.

    Of a script, also a later block that only calls what it defines.
    """
    before = _givers(chosen, [code for code in found if code is not chosen])
    later = found[[code is chosen for code in found].index(True) + 1 :]
    behind = [code for code in later if code not in before and _corrects(code, chosen, entry_point)]
    if scripted:
        behind += [code for code in later if _only_calls(code, chosen)]
    if not before and not behind:
        return chosen
    parts = [without_demonstration(code, entry_point) for code in found if code in before]
    parts += [chosen.source, *(code.source for code in behind)]
    future = "".join(line for part in parts for line in _FUTURE.findall(part))
    source = "\n\n".join(_FUTURE.sub("", part).strip("\n") for part in parts)
    return read_code(future + source) or chosen


def _givers(chosen: Code, others: list[Code]) -> list[Code]:
    """Blocks that define what is needed: first of all those that define nothing over again."""
    needs, givers = set(chosen.needs), list[Code]()
    while True:
        able = [code for code in reversed(others) if needs & code.defines]
        able += [code for code in others if needs and _STAR in code.defines]
        if not able:
            return givers
        giver = next((code for code in able if not chosen.functions & code.functions), able[0])
        others.remove(giver)
        givers.append(giver)
        needs = (needs | giver.needs) - giver.defines


_STAR = "*"


def _corrects(code: Code, chosen: Code, entry_point: str) -> bool:
    """It defines over again some of what the chosen block defines, and not the entry point."""
    own = code.functions
    return bool(own) and own < chosen.functions and entry_point not in own


def _only_calls(code: Code, chosen: Code) -> bool:
    calls = [
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) for node in code.tree.body
    ]
    return bool(calls) and all(calls) and bool(code.needs) and code.needs <= chosen.defines
