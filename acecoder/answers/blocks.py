"""The code blocks of an answer, by CommonMark's rules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from markdown_it import MarkdownIt

PYTHON = frozenset({"", "python", "python2", "python3", "py", "py3", "ipython", "ipython3"})
MAX_CHARACTERS = 1_000_000
_TAGS = "think|thinking|thought|reasoning"
_OPEN = re.compile(rf"^[ \t]*<(?:{_TAGS})>", re.MULTILINE)
_CLOSE = re.compile(rf"(?<!['\"`])</(?:{_TAGS})>(?!['\".,;:!?)])")
"""A tag in quotation marks is program text."""
_NAME_OF_FENCE = re.compile(r"\A\s*(?:python3?|py)\n")
"""Where the answer began right behind the marks of a fence."""
_LANGUAGE = re.compile(r"\{?\s*\.?([\w+#.-]*)")
FENCE_LINE = re.compile(r"^[ \t]*(?:`{3,}|~{3,})[^`\n]*$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    source: str
    language: str
    """The first word after the fence, in lower case; empty for none."""
    first_line: int
    last_line: int
    """The lines of the answer it stands on, fences included; from 0, the last one not included."""

    @property
    def is_python(self) -> bool:
        return self.language in PYTHON


def tidied(answer: str) -> str:
    """The answer with plain line ends, without a byte order mark and without the model's thoughts,
    each fence on a line of its own."""
    text = answer[:MAX_CHARACTERS].removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    text = _NAME_OF_FENCE.sub("", _without_thoughts(text))
    return "\n".join(map(_unglued, text.split("\n"))) if "```py" in text else text


_GLUED = re.compile(r"`{3}(?:python|py)\w{0,8}\Z")


def _unglued(line: str) -> str:
    """A fence that opens at the end of a line of prose, on a line of its own."""
    whole = line.rstrip()
    start = max(len(whole) - 20, 0)
    found = _GLUED.search(whole, start)
    prose = whole[: found.start()] if found else ""
    if not found or "`" in prose or not re.search(r"[A-Za-z:]", prose):
        return line
    return f"{prose}\n{found.group()}"


def _without_thoughts(text: str) -> str:
    """Drafts in thoughts are no answers.

    A template may have opened the first thought for the model. One that does not end leaves nothing
    of what follows it. What lies between thoughts stays.
    """
    opens = [match.start() for match in _OPEN.finditer(text)]
    ends = list(_CLOSE.finditer(text))
    if ends and (not opens or ends[0].start() < opens[0]):
        opens.insert(0, 0)
    kept, at = [], 0
    for number, start in enumerate(opens):
        if start < at:
            continue
        kept.append(text[at:start])
        following = opens[number + 1] if number + 1 < len(opens) else len(text)
        within = [end for end in ends if start <= end.start() < following]
        if not within and _in_code(text, start):
            at = start
            continue
        at = within[-1].end() if within else len(text)
        if not within:
            break
        kept.append("\n")
    kept.append(text[at:])
    return "".join(kept)


def _in_code(text: str, position: int) -> bool:
    """Does a place stand within a block, as a text of the program may hold a tag?"""
    line = text.count("\n", 0, position)
    return any(block.first_line <= line < block.last_line for block in blocks_of(text))


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    """What finds fences, also in lists and quotations, and reads nothing else."""
    parser = MarkdownIt("zero").enable(["code", "fence", "list", "blockquote"])
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


def blocks_of(text: str) -> list[Block]:
    """All fenced blocks, in order; one that is not closed ends with the text."""
    if "```" not in text and "~~~" not in text:
        return []
    return list(_fenced_blocks(text))


@lru_cache(maxsize=4)
def _fenced_blocks(text: str) -> tuple[Block, ...]:
    found = []
    for token in _parser().parse(text):
        if token.type == "fence" and token.map is not None:
            match = _LANGUAGE.match(token.info.strip())
            language = match[1].lower() if match else ""
            found.append(Block(token.content, language, *token.map))
    return tuple(found)
