"""What a model answered to a synthesis prompt -> a question and tests, or why not.

The parser is forgiving about form: thoughts, drafts, fences within the question, JSON as models
write it (`json_repair`), headings and numbered lines. It is strict about content: a question is
text, a test is one assert statement that parses.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import json_repair

from acecoder.answers.blocks import FENCE_LINE, tidied
from acecoder.answers.names import most_called

MAX_CANDIDATES = 8
"""Places where an object may begin that are tried."""
MAX_REPAIRED, MAX_QUOTES = 20_000, 2_000
"""Characters, and quotation marks, of what is repaired."""
MIN_QUESTION_WORDS = 4


class Unusable(StrEnum):
    """Why an answer yields no problem."""

    EMPTY = "empty"
    """Nothing was said, or thoughts alone."""
    REFUSED = "refused"
    """The model said that it would not."""
    NO_JSON = "no_json"
    """Neither an object nor headings: nothing of the form that was asked for."""
    NO_QUESTION = "no_question"
    CUT_OFF = "cut_off"
    """The answer ended before enough tests were written."""
    TOO_FEW_TESTS = "too_few_tests"
    NO_ENTRY_POINT = "no_entry_point"
    """No name that is not Python's own is called by the tests."""


@dataclass(frozen=True)
class Imagined:
    """A question and its tests, as imagined; nothing has been run."""

    question: str
    tests: tuple[str, ...]
    entry_point: str
    num_bad_tests: int
    """Tests that were no assert statement, or said a second time."""


@dataclass(frozen=True)
class _Read:
    """What an answer says, before it is looked at."""

    question: object
    tests: list[str]
    whole: bool
    """It came to its end."""


def parse_answer(text: str, *, min_tests: int, truncated: bool = False) -> Imagined | Unusable:
    """Read one answer (METHOD, M3); `truncated` where the model was cut off."""
    told = tidied(text).strip()
    if not told:
        return Unusable.CUT_OFF if truncated and text.strip() else Unusable.EMPTY
    read = _from_object(told) or _from_lines(told)
    if read is None:
        return Unusable.REFUSED if _refuses(told) else Unusable.NO_JSON
    if not isinstance(read.question, str) or len(read.question.split()) < MIN_QUESTION_WORDS:
        return Unusable.NO_QUESTION
    tests = list(dict.fromkeys(test.strip() for test in read.tests if is_assert(test)))
    entry_point = most_called(tests)
    if len(tests) < min_tests:
        cut_off = truncated or not read.whole
        return Unusable.CUT_OFF if cut_off else Unusable.TOO_FEW_TESTS
    if not entry_point:
        return Unusable.NO_ENTRY_POINT
    return Imagined(read.question.strip(), tuple(tests), entry_point, len(read.tests) - len(tests))


def _from_object(text: str) -> _Read | None:
    """The last object in the answer that has a test; a draft may stand before it, a form behind it."""
    found = [read for read in map(_object_of, _candidates(text)) if read is not None]
    if not found:
        return None
    return max(enumerate(found), key=lambda pair: (*_worth(pair[1]), pair[0]))[1]


def _worth(read: _Read) -> tuple[bool, bool]:
    return any(map(is_assert, read.tests)), read.whole


def _candidates(text: str) -> Iterator[str]:
    """Texts that may be an object: from each brace that opens one with a key, up to the next."""
    twice = _ENCODED_TWICE.search(text)
    if twice:
        yield text[twice.start() :]
    starts = [match.start() for match in _OPENING.finditer(text)]
    starts = starts[:1] + starts[1:][-(MAX_CANDIDATES - 1) :]
    if starts:
        yield text[starts[0] :]
    for start, end in zip(starts, [*starts[1:], len(text)], strict=False):
        yield text[start:end]


_ENCODED_TWICE = re.compile(r'"\{\s*\\"(?:question|tests)')
_OPENING = re.compile(
    r"""\{\s*(?:(?:#|//)[^\n]*\n\s*)*\\?["'\u201c]?[A-Za-z_][\w ]*\\?["'\u201d]?\s*:"""
)
_STRAIGHT = str.maketrans("\u201c\u201d", '""')
QUESTIONS = ("question", "problem", "instruction", "exercise")
TESTS = ("tests", "test_cases", "testcases", "unit_tests", "asserts", "assertions")


def _object_of(text: str) -> _Read | None:
    """What the object at the start of a text says."""
    if _OPENING.match(text) and "\u201c" in text[:40]:
        text = text.translate(_STRAIGHT)
    data, whole = _strict(text)
    if data is None:
        data, whole = _repaired(_unfenced(text))
    if isinstance(data, str):
        data, whole = _strict(data)
    if isinstance(data, list):
        data = next((each for each in data if isinstance(each, dict)), None)
    if not isinstance(data, dict):
        return None
    named = {str(key).strip().lower(): value for key, value in data.items()}
    question = next((named[key] for key in QUESTIONS if key in named), None)
    tests = next((named[key] for key in TESTS if key in named), None)
    if isinstance(question, dict) or (question is None and tests is None):
        return None
    listed = _listed(tests)
    # A repaired object ends with a test that was torn, unless its closing quote is there.
    torn = not whole and not text.rstrip().rstrip(",").endswith(('"', "'"))
    return _Read(question, listed[:-1] if torn else listed, whole)


def _repaired(text: str) -> tuple[Any, bool]:
    """What JSON was meant, and whether it came to its end.

    The library's time grows with the square of the quotation marks: longer texts are only closed.
    """
    if len(text) <= MAX_REPAIRED and text.count('"') + text.count("'") <= MAX_QUOTES:
        return json_repair.loads(text), _is_whole(text)
    end = len(text)
    for _ in range(MAX_CANDIDATES):
        end = text.rfind('",', 0, end)
        data, _whole = _strict(f"{text[: end + 1]}]}}") if end > 0 else (None, False)
        if data is not None:
            return data, False
    return None, False


def _is_whole(text: str) -> bool:
    """Does an object that is no JSON come to its end?"""
    return "}" in text.rstrip("`~ \n")[-40:] or text.rstrip().endswith("]")


def _strict(text: str) -> tuple[Any, bool]:
    """The JSON at the start of a text, and True; or None."""
    try:
        return json.JSONDecoder(strict=False).raw_decode(text.strip())[0], True
    except (ValueError, RecursionError):
        return None, False


def _unfenced(text: str) -> str:
    """Without the fence that ends the block it stood in, and what follows."""
    closing = [
        match for match in FENCE_LINE.finditer(text) if not match.group().strip().strip("`~")
    ]
    for match in reversed(closing):
        if text[: match.start()].rstrip().endswith(("}", "]")):
            return text[: match.start()]
    return text


def _listed(tests: object) -> list[str]:
    """Tests as a list, a text of several lines, or objects that hold one each."""
    if isinstance(tests, str) and tests.lstrip().startswith("["):
        tests = _strict(tests)[0] or tests
    if isinstance(tests, str):
        return _asserts_in(tests)
    if isinstance(tests, dict):
        tests = list(tests.values())
    if not isinstance(tests, list):
        return []
    found: list[str] = []
    for test in tests:
        if isinstance(test, dict):
            test = next((v for v in test.values() if isinstance(v, str) and "assert" in v), "")
        if isinstance(test, str):
            found += [test] if is_assert(test) else _asserts_in(test) or [test]
    return found


_BEFORE_TEST = re.compile(r"^\s*(?:[-*+]|\(?\d+[.):]|`)*\s*`*")


def _asserts_in(text: str) -> list[str]:
    """The assert statements in a text: as Python, else line by line, whatever stands before them."""
    try:
        body = ast.parse(text.strip()).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        body = []
    if any(isinstance(node, ast.Assert) for node in body):
        return [ast.unparse(node) for node in body if isinstance(node, ast.Assert)]
    lines = (_BEFORE_TEST.sub("", line).strip().rstrip("`").strip() for line in text.splitlines())
    return [line for line in lines if line.startswith("assert")]


_HEADING = r"^[\s#>*_-]*(?:\d+[.)]\s*)?(?:{})\b[^\n:]*?(?::[\s*_]*|[*_\s]*$)"
_QUESTION = re.compile(_HEADING.format("question|problem|exercise|task"), re.I | re.M)
_TESTS = re.compile(_HEADING.format(r"(?:unit )?tests?(?: cases?)?|assert(?:ion)?s"), re.I | re.M)
_FIRST_ASSERT = re.compile(r"^[\s`*+-]*(?:\d+[.):])?[\s`]*assert\b", re.M)


def _from_lines(text: str) -> _Read | None:
    """An answer under headings: a question, then asserts, one per line."""
    question = _QUESTION.search(text)
    start = question.end() if question else 0
    first = _FIRST_ASSERT.search(text, start)
    if first is None and question is None:
        return None
    end = first.start() if first else len(text)
    headings = [match for match in _TESTS.finditer(text, start, end)]
    asked = text[start : headings[-1].start() if headings else end]
    asked = (
        re.split(r"^\s*(?:`{3,}|~{3,})", asked, maxsplit=1, flags=re.M)[0]
        if not headings
        else asked
    )
    tests = _asserts_in(FENCE_LINE.sub("", text[end:])) if first else []
    if question is None and not tests:
        return None
    return _Read(" ".join(asked.split()), tests, whole=True)


_REFUSALS = re.compile(
    r"^(?:I'?m sorry|Sorry|I apologi[sz]e|I can(?:no|')t|I cannot|I am (?:not able|unable)|I'?m (?:not able|unable)|As an AI)",
    re.I,
)


def _refuses(text: str) -> bool:
    return _REFUSALS.match(text) is not None


def is_assert(test: str) -> bool:
    """Is the text exactly one assert statement?"""
    try:
        body = ast.parse(test.strip()).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return len(body) == 1 and isinstance(body[0], ast.Assert)
