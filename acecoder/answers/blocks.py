"""The code blocks of an answer, by CommonMark's rules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from markdown_it import MarkdownIt

PYTHON = frozenset({"", "python", "python2", "python3", "py", "py3", "ipython", "ipython3"})
MAX_CHARACTERS = 1_000_000
_THOUGHT = re.compile(r"<(think|thinking|thought|reasoning)>")
_END_OF_THOUGHT = re.compile(
    r"^[ \t]*</(?:think|thinking|thought|reasoning)>|</(?:think|thinking|thought|reasoning)>[ \t]*$",
    re.MULTILINE,
)
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
    """The answer with plain line ends, without a byte order mark and without the model's thoughts."""
    text = answer[:MAX_CHARACTERS].removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return _NAME_OF_FENCE.sub("", _without_thoughts(text))


def _without_thoughts(text: str) -> str:
    """Drafts in thoughts are no answers. A template may have opened the thought for the model; one
    that was cut off leaves nothing."""
    opened = _THOUGHT.match(text.lstrip())
    ends = list(_END_OF_THOUGHT.finditer(text))
    if opened or (ends and not _THOUGHT.search(text[: ends[0].start()])):
        text = text[ends[0].end() :] if ends else ""
    return re.sub(
        r"^[ \t]*<(think|thinking|thought|reasoning)>.*?</\1>[ \t]*$", "", text, flags=re.M | re.S
    )


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
    found = []
    for token in _parser().parse(text):
        if token.type == "fence" and token.map is not None:
            match = _LANGUAGE.match(token.info.strip())
            language = match[1].lower() if match else ""
            found.append(Block(token.content, language, *token.map))
    return found
