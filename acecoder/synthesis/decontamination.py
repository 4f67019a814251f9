"""Does a text come from a benchmark? Decided by shared runs of words, as open-r1 and others do.

Not covered: paraphrases, translations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from acecoder.schema import Problem

WORD = re.compile(r"\w+")


def shingles(text: str, size: int) -> set[tuple[str, ...]]:
    """All runs of `size` words of a text, lower case; shorter texts are one run of all words."""
    words = WORD.findall(text.lower())
    if len(words) <= size:
        return {tuple(words)} if words else set()
    return {tuple(words[i : i + size]) for i in range(len(words) - size + 1)}


class Decontaminator:
    """Remembers the runs of words of protected texts."""

    def __init__(self, protected: Iterable[str], *, size: int) -> None:
        self._size = size
        self._known: set[tuple[str, ...]] = set()
        for text in protected:
            self._known |= shingles(text, size)

    def parted(self, problems: Iterable[Problem]) -> tuple[list[Problem], list[Problem]]:
        """The problems whose questions share nothing with a protected text, and the others."""
        parts: tuple[list[Problem], list[Problem]] = ([], [])
        for problem in problems:
            parts[self.contaminates(problem.question)].append(problem)
        return parts

    def contaminates(self, text: str) -> bool:
        """Does the text share a run of words with a protected one?"""
        return not self._known.isdisjoint(shingles(text, self._size))
