"""Questions and tests in synthesis answers, as models give them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acecoder.synthesis.answers import Imagined, Unusable, parse_answer

F = "```"
QUESTION = "Write a function add_one(n) that returns n plus one."
TESTS = [f"assert add_one({i}) == {i + 1}" for i in range(6)]
LINES = "\n".join(TESTS)


def whole(question: object = QUESTION, tests: object = TESTS) -> str:
    return json.dumps({"question": question, "tests": tests})


def fenced(text: str, info: str = "json") -> str:
    return f"{F}{info}\n{text}\n{F}"


ESCAPED = whole().replace("plus one", "plus\\_one")
ANSWERS = {
    "JSON alone": whole(),
    "a fence": fenced(whole()),
    "prose around": f"Here you are:\n\n{fenced(whole())}\nGood luck!",
    "a fence without a name": fenced(whole(), ""),
    "a fence in the question": fenced(whole(f"{QUESTION}\n{F}python\nadd_one(1)  # 2\n{F}")),
    "a fence in the question, none outside": whole(f"{QUESTION}\n{F}\nadd_one(1)\n{F}"),
    "a fence in the question, written out": fenced(
        whole(f"{QUESTION}\n{F}\nadd_one(1)\n{F}").replace("\\n", "\n")
    ),
    "thoughts with a fence": f"<think>\n{fenced('def add_one(n): ...', 'python')}\n</think>\n{fenced(whole())}",
    "thoughts with a draft": f"<think>\n{whole('A draft of a question, no more.')}\n</think>\n{whole()}",
    "a draft block, then the final one": f"{fenced(whole('draft', []))}\nFinal:\n{fenced(whole())}",
    "a draft of it all": f"{fenced(whole('An earlier idea of a question.'))}\nBetter:\n{fenced(whole())}",
    "braces in prose": f"For {{this}} code and {{'that': 1}}:\n{whole()}",
    "single quotes": str({"question": QUESTION, "tests": TESTS}),
    "trailing commas": whole().replace("]}", ",],}"),
    "comments": whole().replace('"tests"', '// the tests\n"tests"'),
    "a comment first": "{\n// here\n" + whole()[1:],
    "an invalid escape": ESCAPED,
    "line breaks in texts": whole().replace("plus one", "plus\none"),
    "not closed": whole()[:-2],
    "cut off in a seventh test": whole(tests=[*TESTS, "assert add_one(6) == 7"])[:-12],
    "encoded twice": json.dumps(whole()),
    "encoded twice in a fence": fenced(json.dumps(whole())),
    "a list around it": f"[{whole()}]",
    "tests as one text": whole(tests=LINES),
    "tests as a fenced text": whole(tests=f"{F}python\n{LINES}\n{F}"),
    "tests with numbers": whole(tests=[f"{i}. {test}" for i, test in enumerate(TESTS, 1)]),
    "tests as objects": whole(tests=[{"input": "1", "test": test} for test in TESTS]),
    "tests by name": whole(tests={f"test_{i}": test for i, test in enumerate(TESTS)}),
    "other names in capitals": json.dumps({"Question": QUESTION, "Tests": TESTS}),
    "a problem": json.dumps({"problem": QUESTION, "tests": TESTS}),
    "other keys first": json.dumps({"title": "One", "level": 1, "question": QUESTION, "tests": TESTS}),
    "tests called test_cases": json.dumps({"question": QUESTION, "test_cases": TESTS}),
    "tags in the question": whole(f"{QUESTION} It keeps <think> and </think>."),
    "nested": json.dumps({"exercise": {"question": QUESTION, "tests": TESTS}}),
    "an empty form behind": f"{fenced(whole())}As asked: {whole('...', ['...'])}",
    "bare keys": whole().replace('"question"', "question").replace('"tests"', "tests"),
    "curly quotation marks": "{“question”: “" + QUESTION + "”, “tests”: [" + ", ".join(f"“{t}”" for t in TESTS) + "]}",
    "tests encoded twice": whole(tests=json.dumps(TESTS)),
    "numbered headings": f"## 1. Question\n{QUESTION}\n## 2. Tests\n{LINES}",
    "Windows line ends": f"Here:\r\n{F}json\r\n{whole()}\r\n{F}\r\n",
    "a byte order mark": f"\ufeff{whole()}",
    "plain lines": f"Question: {QUESTION}\nTests:\n{LINES}",
    "plain lines without a heading of tests": f"Question: {QUESTION}\n{LINES}",
    "bold headings": f"**Question:** {QUESTION}\n\n**Tests:**\n{LINES}",
    "bold headings, colon outside": f"**Question**: {QUESTION}\n\n**Tests**:\n{LINES}",
    "Markdown headings": f"### Question\n{QUESTION}\n\n### Tests\n{fenced(LINES, 'python')}",
    "numbered tests": "\n".join([f"Question: {QUESTION}", "Tests:", *(f"{i}. {t}" for i, t in enumerate(TESTS, 1))]),
    "tests in backticks": "\n".join([f"Question: {QUESTION}", "Tests:", *(f"- `{t}`" for t in TESTS)]),
    "test cases": f"## Problem\n{QUESTION}\n\n## Test cases\n{fenced(LINES, 'python')}\nDone.",
    "prose, then headings": f"Sure, inspired by this code:\n\n**Question:** {QUESTION}\n**Tests:**\n{LINES}",
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_the_question_and_its_tests_are_read(name: str) -> None:
    read = parse_answer(ANSWERS[name], min_tests=5)
    assert isinstance(read, Imagined), read
    assert read.question.split()[:3] == QUESTION.split()[:3]
    assert [test.replace(" ", "") for test in read.tests] == [t.replace(" ", "") for t in TESTS]
    assert read.entry_point == "add_one"


def test_what_is_said_twice_or_is_no_test_is_counted() -> None:
    read = parse_answer(whole(tests=[*TESTS, TESTS[0], "add_one(1)", 7]), min_tests=5)
    assert isinstance(read, Imagined)
    assert read.tests == tuple(TESTS) and read.num_bad_tests == 2


def test_a_statement_of_several_lines_is_one_test() -> None:
    read = parse_answer(whole(tests=[*TESTS, "assert add_one(\n    9\n) == 10"]), min_tests=7)
    assert isinstance(read, Imagined)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", Unusable.EMPTY),
        ("  \n", Unusable.EMPTY),
        ("<think>\nI would ask for", Unusable.EMPTY),
        ("I'm sorry, but I can't help with that.", Unusable.REFUSED),
        ("I cannot do that.", Unusable.REFUSED),
        ("The code adds two numbers.", Unusable.NO_JSON),
        ("{1: 2}", Unusable.NO_JSON),
        (whole(None), Unusable.NO_QUESTION),
        (whole("Short."), Unusable.NO_QUESTION),
        (whole(["A", "list", "of", "words"]), Unusable.NO_QUESTION),
        (json.dumps({"tests": TESTS}), Unusable.NO_QUESTION),
        (whole(tests=TESTS[:4]), Unusable.TOO_FEW_TESTS),
        (whole(tests=None), Unusable.TOO_FEW_TESTS),
        (whole(tests=3), Unusable.TOO_FEW_TESTS),
        (whole(tests=["add_one(1) == 2"] * 6), Unusable.TOO_FEW_TESTS),
        (whole(tests=[{"input": i, "output": i + 1} for i in range(6)]), Unusable.TOO_FEW_TESTS),
        (whole()[: whole().index("add_one(3)")], Unusable.CUT_OFF),
        (whole()[:40], Unusable.CUT_OFF),
        (whole(tests=[f"assert {i} == {i}" for i in range(6)]), Unusable.NO_ENTRY_POINT),
        (f"Question: {QUESTION}", Unusable.TOO_FEW_TESTS),
        (LINES, Unusable.NO_QUESTION),
    ],
)
def test_an_unusable_answer_is_lost_under_its_true_reason(text: str, why: Unusable) -> None:
    assert parse_answer(text, min_tests=5) is why


def test_a_cut_off_answer_keeps_its_whole_tests() -> None:
    text = whole()
    read = parse_answer(text[: text.index("add_one(5)") + 3], min_tests=5)
    assert isinstance(read, Imagined)
    assert read.tests == tuple(TESTS[:5])
    lines = f"Question: {QUESTION}\nTests:\n{LINES[:70]}"
    assert parse_answer(lines, min_tests=5, truncated=True) is Unusable.CUT_OFF


@pytest.mark.parametrize(
    "text",
    [
        '{"question": "x", "tests": [' + '"assert f(1) == "a", ' * 4000,
        "{'" * 20_000,
        '{"question": "' + QUESTION + '", "tests": [' + "".join(f'"{t}", ' for t in TESTS) * 900,
    ],
    ids=["unescaped quotes", "braces", "long and cut off"],
)
def test_a_long_answer_is_read_in_steps_that_its_length_bounds(text: str) -> None:
    assert len(text) > 20_000
    read = parse_answer(text, min_tests=5)
    assert isinstance(read, Imagined) == ("add_one" in text)


@given(st.text(max_size=400))
def test_no_answer_breaks_the_parser(text: str) -> None:
    parse_answer(text, min_tests=1)
    parse_answer(f'{{"question": "{text}", "tests": [{text}', min_tests=1)
