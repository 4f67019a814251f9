"""What a model answered to a synthesis prompt -> a question and tests, or why not.

The parser is forgiving about form (fences, a cut-off list, trailing commas), strict about
content: a question is text, a test is one assert statement that parses.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from enum import StrEnum

from acecoder.answers.names import most_called

REPAIR_LIMIT = 4_000


class Unusable(StrEnum):
    """Why an answer yields no problem."""

    NO_JSON = "no_json"
    NO_QUESTION = "no_question"
    TOO_FEW_TESTS = "too_few_tests"
    NO_ENTRY_POINT = "no_entry_point"


@dataclass(frozen=True)
class Imagined:
    """A question and its tests, as imagined; nothing has been run."""

    question: str
    tests: tuple[str, ...]
    entry_point: str
    num_bad_tests: int
    """Tests that were no assert statement, or said a second time."""


def parse_answer(text: str, *, min_tests: int) -> Imagined | Unusable:
    """Read one answer (METHOD, M3)."""
    data = parse_lines(text) if text.startswith("Question:") else parse_incomplete_json(text)
    if data is None:
        return Unusable.NO_JSON
    question, raw = data.get("question"), data.get("tests")
    if not isinstance(question, str) or len(question.split()) < 4:
        return Unusable.NO_QUESTION
    candidates = raw if isinstance(raw, list) else []
    tests = list(
        dict.fromkeys(t.strip() for t in candidates if isinstance(t, str) and is_assert(t))
    )
    entry_point = most_called(tests)
    if len(tests) < min_tests:
        return Unusable.TOO_FEW_TESTS
    if not entry_point:
        return Unusable.NO_ENTRY_POINT
    return Imagined(question.strip(), tuple(tests), entry_point, len(candidates) - len(tests))


def parse_lines(text: str) -> dict[str, object]:
    """An answer in plain lines: `Question: ...`, then asserts, one per line."""
    lines = text.removeprefix("Question:").splitlines()
    first = next((i for i, line in enumerate(lines) if is_form(line)), len(lines))
    tests = [line.strip().removeprefix("- ") for line in lines[first:] if "assert" in line]
    return {"question": " ".join(" ".join(lines[:first]).split()), "tests": tests}


def is_form(line: str) -> bool:
    """Does the part after the question begin here?"""
    return bool(re.match(r"\s*(-\s*)?(Tests?\b.*:|assert\b|```)", line))


def parse_incomplete_json(text: str) -> dict[str, object] | None:
    """The JSON object in an answer; one that was cut off is closed after its last whole item."""
    body = (
        re.sub(r"\A.*?```(?:json)?\s*", "", text, count=1, flags=re.DOTALL)
        if "```" in text
        else text
    )
    body = body.split("```")[0].strip()
    start = body.find("{")
    if start < 0:
        return None
    body = body[start:]
    for end in range(len(body), max(0, len(body) - REPAIR_LIMIT), -1):
        if body[end - 1] not in '}]"':
            continue
        for closing in ("", "}", "]}"):
            data = _object(body[:end] + closing)
            if data is not None:
                return data
    return None


def _object(text: str) -> dict[str, object] | None:
    try:
        data = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def is_assert(test: str) -> bool:
    """Is the text exactly one assert statement?"""
    try:
        body = ast.parse(test.strip()).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return len(body) == 1 and isinstance(body[0], ast.Assert)
