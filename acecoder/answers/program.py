"""The program in an answer: which block it is, what completes it, where it ends (METHOD, M5)."""

from __future__ import annotations

import re
import textwrap
from itertools import islice

from acecoder.answers.blocks import FENCE_LINE, Block, blocks_of, tidied
from acecoder.answers.choosing import choose, joined
from acecoder.answers.cutting import without_demonstration
from acecoder.answers.names import Code, read_code

_INDENT_OF_FENCE = re.compile(r"^[ \t]+(?=`{3}|~{3})", re.MULTILINE)
MAX_TRIES = 12
"""Guesses of where code begins or ends, each of which parses it again."""
MAX_FENCES = 5
"""Fences that may stand in a docstring."""
MAX_PIECES = 200
"""The last ones of an answer that are looked at."""
_CODE_LINE = re.compile(r"^(?:def|class|async def|import|from|@)\b|^@", re.MULTILINE)


def extract(answer: str, *, entry_point: str = "", reads_input: bool | None = None) -> str:
    """The program in an answer, which may or may not begin inside a fence; empty for none.

    The block that defines the entry point is it, the last of several; without one the last that
    defines something, else the last that parses. Blocks that define what it lacks are put before
    it, later ones that correct a part of it behind it. `reads_input` says whether the tests write to
    its standard input; None: what the program looks like. Such a program is left as it is; of others,
    tests and demonstrations are cut off.
    """
    text = tidied(answer)
    name = entry_point.partition(".")[0].partition("(")[0].strip()
    found = _codes(text)[-MAX_PIECES:]
    solid = [code for code in found if code.does_something] or found
    if not solid:
        return _ended(_unread(text))
    chosen = choose(solid, name, reads_input)
    whole = joined(chosen, found, name, reads_input is not False and chosen.reads_input)
    scripted = whole.reads_input if reads_input is None else reads_input
    return _ended(whole.source if scripted else without_demonstration(whole, name))


def _ended(source: str) -> str:
    return source.strip("\n") + "\n" if source.strip() else ""


def _codes(text: str) -> list[Code]:
    """All pieces of Python in the answer, in order."""
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
    """The code before a fence, which is the one that ends it where the answer began inside; and the
    rest. The fences before it may stand in a docstring."""
    for fence in islice(FENCE_LINE.finditer(text), MAX_FENCES):
        head = text[: fence.start()]
        code = (
            None if head.lstrip()[:1] in ("~", "`") else read_code(head)
        )  # `~~~x` is an expression
        if code is not None and code.does_something:
            closes = not fence.group().strip().strip("`~")
            return [code], text[fence.end() if closes else fence.start() :]
    return [], text


def _fenced(text: str) -> list[Code]:
    """The blocks that are Python; those that are marked as something else only if there are no others."""
    blocks = blocks_of(text)
    own = [block for block in blocks if block.is_python]
    others = [block for block in blocks if not block.is_python]
    return _parsed(text, own) or _parsed(text, others)


def _parsed(text: str, blocks: list[Block], *, within: bool = False) -> list[Code]:
    found: list[Code] = []
    tries = MAX_TRIES
    past = 0
    for block in blocks:
        if block.first_line < past:
            continue  # a part of the one before
        source = _NAME_LINE.sub("", block.source)
        code = read_code(source) or read_code(textwrap.dedent(source))
        if code is None and tries > 0:
            tries -= 1
            code, past = _beyond_its_fence(text, block)
            if code is None and not within and _OPENED_WITHIN.search(source):
                # A block that holds blocks, or one that was never closed.
                found += _parsed(source, blocks_of(source), within=True)
                continue
            code = code or _before_glued_fence(source) or _cut_back(source)
        if code is not None and code.tree.body:
            found.append(code)
    return found


_NAME_LINE = re.compile(r"\A\s*(?:python3?|py)[ \t]*\n", re.IGNORECASE)
_OPENED_WITHIN = re.compile(r"^[ \t]*`{3,}[ \t]*\w", re.MULTILINE)
_GLUED_CLOSE = re.compile(r"(?<=\S)[ \t]*(?:`{3}|~{3})[ \t]*$", re.MULTILINE)


def _before_glued_fence(source: str) -> Code | None:
    """Up to a closing fence that stands at the end of the last line of code."""
    glued = _GLUED_CLOSE.search(source)
    return read_code(source[: glued.start()]) if glued else None


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
        if tries == MAX_FENCES:
            break
    return None, 0


def _bare(text: str) -> Code | None:
    """Code without a fence, with prose around it: from a line that code begins with, or a paragraph."""
    starts = [match.start() for match in islice(_CODE_LINE.finditer(text), MAX_TRIES)]
    paragraphs = [match.end() for match in islice(_PARAGRAPH.finditer(text), MAX_TRIES)]
    for start in (*starts, *paragraphs):
        code = _cut_back(text[start:])
        if code is not None and code.does_something:
            return code
    return None


_PARAGRAPH = re.compile(r"\n[ \t]*\n")


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


def _unread(text: str) -> str:
    """What is left of an answer in which nothing parses: its last Python block, or all of it."""
    blocks = blocks_of(text)
    own = [block for block in blocks if block.is_python] or blocks
    return own[-1].source if own else FENCE_LINE.sub("", text)
