"""The program in an answer: which block it is, what completes it, where it ends (METHOD, M5)."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable

from acecoder.answers.blocks import FENCE_LINE, Block, blocks_of, tidied
from acecoder.answers.cutting import without_demonstration
from acecoder.answers.names import Code, read_code

_INDENT_OF_FENCE = re.compile(r"^[ \t]+(?=`{3}|~{3})", re.MULTILINE)
MAX_TRIES = 12
"""Guesses of where code begins or ends, each of which parses it again."""
MAX_PIECES = 200
"""The last ones of an answer that are looked at."""
_CODE_LINE = re.compile(r"^(?:def|class|async def|import|from|@)\b|^@", re.MULTILINE)


def extract(answer: str, *, entry_point: str = "", reads_input: bool | None = None) -> str:
    """The program in an answer, which may or may not begin inside a fence; empty for none.

    The block that defines the entry point is it, the last of several; without one the last that
    defines something, else the last that parses. Blocks that define what it lacks are put before
    it. `reads_input` says whether the tests write to its standard input; None: what the program
    looks like. Such a program is left as it is; of others, tests and demonstrations are cut off.
    """
    text = tidied(answer)
    name = entry_point.partition(".")[0].partition("(")[0].strip()
    found = _codes(text)[-MAX_PIECES:]
    if not found:
        return _ended(_unread(text))
    chosen = _chosen(found, name, bool(reads_input))
    whole = _joined(chosen, found)
    scripted = whole.reads_input if reads_input is None else reads_input
    return _ended(whole.source if scripted else without_demonstration(whole))


def _ended(source: str) -> str:
    return source.strip("\n") + "\n" if source.strip() else ""


def _codes(text: str) -> list[Code]:
    """All pieces of Python in the answer that are more than values, in order."""
    whole = read_code(text)
    if whole is not None and whole.does_something:
        return [whole]
    head, rest = _before_fences(text)
    found = [*head, *_fenced(rest)]
    if found:
        return found
    if FENCE_LINE.search(text):
        return _fenced(_INDENT_OF_FENCE.sub("", text))
    bare = _bare(text)
    return [bare] if bare is not None else []


def _before_fences(text: str) -> tuple[list[Code], str]:
    """The code before the first fence, which is the one that ends it where the answer began inside;
    and the rest."""
    fence = FENCE_LINE.search(text)
    code = read_code(text[: fence.start()]) if fence else None
    if fence is None or code is None or not code.does_something:
        return [], text
    closes = not fence.group().strip().strip("`~")
    return [code], text[fence.end() if closes else fence.start() :]


def _fenced(text: str) -> list[Code]:
    """The blocks that are Python; those that are marked as something else only if there are no others."""
    blocks = blocks_of(text)
    own = [block for block in blocks if block.is_python]
    return _parsed(text, own) or _parsed(text, [block for block in blocks if not block.is_python])


def _parsed(text: str, blocks: list[Block]) -> list[Code]:
    found: list[Code] = []
    tries = MAX_TRIES
    past = 0
    for block in blocks:
        if block.first_line < past:
            continue  # a part of the one before
        code = read_code(block.source) or read_code(textwrap.dedent(block.source))
        if code is None and tries > 0:
            tries -= 1
            code, past = _beyond_its_fence(text, block)
        if code is None and tries > 0:
            tries -= 1
            code = _cut_back(block.source)
        if code is not None and code.tree.body:
            found.append(code)
    return [code for code in found if code.does_something] or found


def _beyond_its_fence(text: str, block: Block) -> tuple[Code | None, int]:
    """The block up to a later fence: the one that ends it may stand in a docstring of the program."""
    lines = text.split("\n")
    tries = 0
    for number in range(block.last_line, len(lines) + 1):
        at_end = number == len(lines)
        if not at_end and not FENCE_LINE.fullmatch(lines[number]):
            continue
        code = read_code("\n".join(lines[block.first_line + 1 : number]))
        if code is not None:
            return code, number
        tries += 1
        if tries == 4:
            break
    return None, 0


def _bare(text: str) -> Code | None:
    """Code without a fence, with or without prose around it."""
    for match in list(_CODE_LINE.finditer(text))[:MAX_TRIES]:
        code = _cut_back(text[match.start() :])
        if code is not None and code.does_something:
            return code
    return None


def _cut_back(source: str) -> Code | None:
    """The longest beginning that parses, of whole statements: what follows is prose, or was cut off."""
    lines = source.split("\n")
    for _ in range(MAX_TRIES):
        try:
            compile("\n".join(lines), "<answer>", "exec", flags=0x400)  # the syntax tree alone
        except SyntaxError as error:
            at = min(max((error.lineno or 1) - 1, 0), len(lines) - 1)
            while at > 0 and (not lines[at].strip() or lines[at][0] in " \t)]}"):
                at -= 1
            lines = lines[:at]
        except (ValueError, RecursionError, MemoryError):
            return None
        else:
            code = read_code("\n".join(lines))
            return code if code is not None and code.tree.body else None
        if not lines:
            return None
    return None


def _chosen(found: list[Code], entry_point: str, reads_input: bool) -> Code:
    """The last that solves the problem; see `extract`."""
    rules: list[Callable[[Code], bool]] = [
        lambda code: bool(entry_point) and code.solves(entry_point),
        lambda code: bool(entry_point) and entry_point in code.declares,
        lambda code: reads_input and code.reads_input,
        lambda code: _is_whole(code) and not _is_helper(code, found),
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
    return code.has_definitions and len(code.declares) < len(code.tree.body)


def _is_helper(code: Code, found: list[Code]) -> bool:
    """Another block that defines something else needs what it defines."""
    own = _functions(code)
    return any(
        other.needs & own and not _functions(other) & own for other in found if _is_whole(other)
    )


def _joined(chosen: Code, found: list[Code]) -> Code:
    """With the blocks before it that define what it needs; or after it, where only those do."""
    parts, needs = [chosen], set(chosen.needs)
    others = [code for code in reversed(found) if code is not chosen]
    while True:
        giver = next(
            (c for c in others if needs & c.defines and not chosen.defines & _functions(c)), None
        )
        if giver is None:
            break
        others.remove(giver)
        parts.append(giver)
        needs = (needs | giver.needs) - giver.defines
    if len(parts) == 1:
        return chosen
    ordered = [code for code in found if code is not chosen and code in parts]
    source = "\n\n".join(code.source.strip("\n") for code in (*ordered, chosen))
    return read_code(source) or chosen


def _functions(code: Code) -> frozenset[str]:
    """What it defines beside imports and values: a block that defines the same again is a draft."""
    names = (str(getattr(node, "name", "")) for node in code.tree.body)
    return frozenset(name for name in names if name)


def _unread(text: str) -> str:
    """What is left of an answer in which nothing parses: its last Python block, or all of it."""
    blocks = blocks_of(text)
    own = [block for block in blocks if block.is_python] or blocks
    return own[-1].source if own else FENCE_LINE.sub("", text)
