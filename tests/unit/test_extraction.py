"""The program in an answer, as models give them: a table, and rules for every text."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acecoder.answers.program import extract
from acecoder.rendering import extract_program
from acecoder.schema import Problem

F = "```"
GOOD = "def f(n):\n    return n + 1\n"
JSON = '{"n": 5}\n'
SIGNATURE = 'def f(n):\n    """Add one."""\n'
LISTED = "```python\ndef f(n):\n    return n + 1\n```".replace("\n", "\n   ")
DRAFT = "def f(n):\n    return n\n"


def fenced(code: str, info: str = "python", fence: str = F) -> str:
    """`code`, in which ¶ stands for a line break, in a fence."""
    return f"{fence}{info}\n{code}{fence}\n".replace("¶", "\n")


ANSWERS = {
    "a fence": fenced(GOOD),
    "no fence": GOOD,
    "prose around a fence": f"Sure, here it is:\n\n{fenced(GOOD)}\nIt adds one.",
    "begun inside a fence": f"{GOOD}{F}\nThis adds one.",
    "begun inside, nothing after": GOOD.rstrip(),
    "begun inside, then a usage block": f"{GOOD}{F}\nUse it:\n{fenced('print(f(1))¶')}",
    "begun inside, then a correction": f"{DRAFT}{F}\nThat is off by one:\n{fenced(GOOD)}",
    "not closed": f"{F}python\n{GOOD}",
    "cut off in a second function": f"{F}python\n{GOOD}\ndef g(n):\n    return [n for",
    "cut off in a print": f"{F}python\n{GOOD}\nprint(f(1",
    "thoughts with a draft": f"<think>\nDraft:\n{fenced(DRAFT)}no.\n</think>\n{fenced(GOOD)}",
    "thoughts opened by the template": f"Let me see.\n{fenced(DRAFT)}No.\n</think>\n\n{fenced(GOOD)}",
    "thoughts on one line": f"<think>add one</think>\n{fenced(GOOD)}",
    "thinking by another name": f"<thinking>\n{fenced(DRAFT)}\n</thinking>\n{fenced(GOOD)}",
    "a thought in the middle": f"First:\n<think>\n{fenced(DRAFT)}</think>\n{fenced(GOOD)}",
    "a thought, then bare code": f"<think>\nhm\n</think>\n{GOOD}",
    "a text that ends a thought in the program": fenced(
        "def f(n):\n    s = '</think>'\n    return n + len(s) - 7\n"
    ),
    "a shell block first": f"{fenced('pip install numpy¶', 'bash')}\n{fenced(GOOD)}",
    "a shell block without a name": f"{fenced('pip install numpy¶', '')}\n{fenced(GOOD)}",
    "sample data first": f"For\n{fenced('5¶', '')}\nthe answer is 6:\n{fenced(GOOD)}",
    "sample data after": f"{fenced(GOOD)}\nFor 5 it gives\n{fenced('6¶', '')}",
    "JSON first": f"{fenced(JSON, 'json')}{fenced(GOOD)}",
    "a list that is Python first": f"{fenced('[1, 2, 3]¶', '')}{fenced(GOOD)}",
    "a signature first": f"{fenced('def f(n): ...¶')}{fenced(GOOD)}",
    "a signature with a docstring first": f"{fenced(SIGNATURE)}{fenced(GOOD)}",
    "a signature that raises first": f"{fenced('def f(n):¶    raise NotImplementedError¶')}{fenced(GOOD)}",
    "a signature after": f"{fenced(GOOD)}The signature is\n{fenced('def f(n):¶    pass¶')}",
    "a correction below": f"{fenced(DRAFT)}That is off by one:\n{fenced(GOOD)}",
    "two corrections": f"{fenced(DRAFT)}No.\n{fenced(DRAFT)}Still no.\n{fenced(GOOD)}",
    "a usage block below": f"{fenced(GOOD)}Use it:\n{fenced('print(f(1))¶')}",
    "a usage block with values": f"{fenced(GOOD)}Use it:\n{fenced('x = 3¶print(f(x))¶')}",
    "asserts below": f"{fenced(GOOD)}Tests:\n{fenced('assert f(1) == 2¶assert f(2) == 3¶')}",
    "a session below": f"{fenced(GOOD)}{fenced('>>> f(1)¶2¶')}",
    "helper and main apart": f"{fenced('def add(a, b):¶    return a + b¶')}and\n{fenced('def f(n):¶    return add(n, 1)¶')}",
    "main, then its helper": f"{fenced('def f(n):¶    return add(n, 1)¶')}and\n{fenced('def add(a, b):¶    return a + b¶')}",
    "imports apart": f"{fenced('import math¶')}then\n{fenced('def f(n):¶    return math.floor(n) + 1¶')}",
    "a constant apart": f"{fenced('ONE = 1¶')}{fenced('def f(n):¶    return n + ONE¶')}",
    "three that complete each other": f"{fenced('import operator¶')}{fenced('def add(a, b):¶    return operator.add(a, b)¶')}{fenced('def f(n):¶    return add(n, 1)¶')}",
    "a helper twice": f"{fenced('def add(a, b):¶    return a¶')}{fenced('def add(a, b):¶    return a + b¶')}{fenced('def f(n):¶    return add(n, 1)¶')}",
    "prose that begins with from": f"To get the answer\nfrom the number, add one.\n\n{fenced(GOOD)}",
    "prose that begins with import": f"import is not needed here\n\n{fenced(GOOD)}",
    "prose before bare code": f"Here it is:\n\n{GOOD}",
    "prose after bare code": f"{GOOD}\nThis adds one to n.",
    "prose on both sides of bare code": f"Sure!\n\n{GOOD}\nHope this helps, and works.",
    "python3": fenced(GOOD, "python3"),
    "py": fenced(GOOD, "py"),
    "Python in capitals": fenced(GOOD, "PYTHON"),
    "a title": fenced(GOOD, 'python title="a.py"'),
    "a file name": fenced(GOOD, "python:main.py"),
    "braces": fenced(GOOD, "{.python}"),
    "braces and a number": fenced(GOOD, "{.python .numberLines}"),
    "a space before the name": fenced(GOOD, " python"),
    "marked as text": fenced(GOOD, "text"),
    "marked as C by mistake": fenced(GOOD, "c"),
    "Windows line ends": fenced(GOOD).replace("\n", "\r\n"),
    "old line ends": fenced(GOOD).replace("\n", "\r"),
    "a byte order mark": f"\ufeff{fenced(GOOD)}",
    "tildes": fenced(GOOD, fence="~~~"),
    "four backticks": fenced(GOOD, fence="````"),
    "an indented fence": "\n".join(f"  {line}" for line in fenced(GOOD).splitlines()),
    "a fence in a list": f"1. Define it:\n\n   {LISTED}\n\n2. Done.",
    "a fence in a quotation": "\n".join(f"> {line}" for line in fenced(GOOD).splitlines()),
    "an indented program": fenced("    def f(n):\n        return n + 1\n"),
    "a fence in a docstring": fenced(
        f'def f(n):\n    """Add one.\n\n    {F}\n    f(1)\n    {F}\n    """\n    return n + 1\n'
    ),
    "a fence at the margin of a docstring": fenced(
        f'def f(n):\n    """Add one.\n\n{F}\nf(1)\n{F}\n    """\n    return n + 1\n'
    ),
    "a fence in a text": fenced(f"def f(n):\n    s = '{F}python'\n    return n + len(s) - 8\n"),
    "a comment # Test above a function": fenced(
        "def g(n):\n    return n\n\n# Test whether n is odd, then add\ndef f(n):\n    return g(n) + 1\n"
    ),
    "a main guard in the middle": fenced(
        "def f(n):\n    return g(n)\n\nif __name__ == '__main__':\n    print(f(1))\n\ndef g(n):\n    return n + 1\n"
    ),
    "an assert in the middle": fenced(
        "def g(n):\n    return n + 1\nassert g(1) == 2\ndef f(n):\n    return g(n)\n"
    ),
    "asserts that fail": fenced(f"{GOOD}\nassert f(1) == 3\n"),
    "an assert within": fenced("def f(n):\n    assert n is not None\n    return n + 1\n"),
    "a test case": fenced(
        f"import unittest\n{GOOD}\nclass T(unittest.TestCase):\n    def test_a(self):\n        self.fail()\n\nif __name__ == '__main__':\n    unittest.main()\n"
    ),
    "a test function that is called": fenced(f"{GOOD}\ndef test_f():\n    assert f(1) == 9\n\ntest_f()\n"),
    "a loop of prints": fenced(f"{GOOD}\nfor i in range(3):\n    print(f(i))\n"),
    "a method": fenced("class Solution:\n    def f(self, n):\n        return n + 1\nf = Solution().f\n"),
    "an async helper": fenced(f"async def g():\n    pass\n{GOOD}"),
    "a lambda": fenced("f = lambda n: n + 1\n"),
    "a decorator": fenced("from functools import lru_cache\n@lru_cache\ndef f(n):\n    return n + 1\n"),
    "another function last": f"{fenced(GOOD)}A variant with a default:\n{fenced('def f_by(n, by=1):¶    return n + by¶')}",
    "a tag on a line of its own": fenced(f"python\n{GOOD}", ""),
    "a fence glued to the last line": f"{F}python\n{GOOD.rstrip()}{F}\nThat is all.\n",
    "a fence glued to prose": f"Here: {F}python\n{GOOD}{F}\n",
    "a block of Markdown that holds it": f"{F}markdown\nHere:\n{fenced(GOOD)}",
    "a longer block of Markdown": f"````md\nHere:\n{fenced(GOOD)}````\n",
    "below a fence that is not closed": f"{F}\nAdd one.\n\n{fenced(GOOD)}",
    "a main that uses it below": f"{fenced(GOOD)}\n{fenced('def main():¶    print(f(1))¶¶main()¶')}",
    "star imports apart": f"{fenced('from operator import *¶')}{fenced('def f(n):¶    return add(n, 1)¶')}",
    "a helper corrected below": f"{fenced('def add(a, b):¶    return a¶¶def f(n):¶    return add(n, 1)¶')}Fix:\n{fenced('def add(a, b):¶    return a + b¶')}",
    "a main corrected below": f"{fenced('def add(a, b):¶    return a + b¶def f(n):¶    return n¶')}{fenced('def f(n):¶    return add(n, 1)¶')}",
    "a helper below with the signature": f"{fenced('def f(n):¶    return add(n, 1)¶')}{fenced('def add(a, b):¶    return a + b¶def f(n): ...¶')}",
    "a future in the second block": f"{fenced('def add(a, b):¶    return a + b¶')}{fenced('from __future__ import annotations¶def f(n):¶    return add(n, 1)¶')}",
    "begun inside, with a fence in a docstring": f'def f(n):\n  """A\n\n  {F}\n  f(1)\n  {F}\n  """\n  return n + 1\n{F}\nDone.',
    "a named fence in a docstring": fenced(f'def f(n):\n  """A\n\n  {F}python\n  f(1)\n  {F}\n  """\n  return n + 1\n'),
    "a print beside what is needed": fenced("def f(n): return n + STEP\nSTEP = 1; print(f(1))\n"),
    "a test that is called": fenced(f"{GOOD}\ndef test():\n    assert f(1) == 3\n\ntest()\n"),
    "a word below bare code": f"{GOOD}\nDone\n",
    "a note below bare code": f"{GOOD}\nComplexity: constant\n",
    "a thought that ends before code": f"Let me see: f(1) is 2.</think>{GOOD}",
    "a thought that ends before a fence": f"<think>\n{fenced(DRAFT)}so.</think>{fenced(GOOD)}",
    "a thought below that does not end": f"{fenced(GOOD)}\n<think>\nWait:\n{fenced(DRAFT)}",
    "two thoughts": f"<think>a</think>\nText.\n<think>\n{fenced(DRAFT)}</think>\n{fenced(GOOD)}",
    "a thought about the tags": f"<think>\n{fenced('x = 1 # </think>¶')}{fenced(DRAFT)}</think>\n{fenced(GOOD)}",
    "tags in the program's texts": fenced(f'TAG = "<think>"\nEND = "</think>"\n{GOOD}'),
    "a demonstration that reads": fenced(f"{GOOD}\nn = int(input())\nprint(f(n))\n"),
    "a header": f"# Solution\n\n{fenced(GOOD)}\n## Complexity\nO(1)",
    "bold and code in prose": f"**Solution** with `f`:\n{fenced(GOOD)}",
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_the_right_program_is_taken(name: str) -> None:
    program = extract(ANSWERS[name], entry_point="f", reads_input=False)
    names: dict[str, object] = {}
    exec(program, names)
    assert names["f"](1) == 2, program  # type: ignore[operator]


GIVEN_ALONE = {"another function last", "a demonstration that reads"}
"""What nobody can tell without knowing the entry point."""


@pytest.mark.parametrize("name", sorted(ANSWERS.keys() - GIVEN_ALONE))
def test_it_is_taken_where_the_entry_point_is_not_known(name: str) -> None:
    names: dict[str, object] = {}
    exec(extract(ANSWERS[name]), names)
    assert names["f"](1) == 2  # type: ignore[operator]


SCRIPTS = {
    "print at the top": "n = int(input())\nprint(n + 1)\n",
    "a main guard": "def main():\n    n = int(input())\n    print(n + 1)\n\nif __name__ == '__main__':\n    main()\n",
    "comments like tests": "# Testing: 1 gives 2\nn = int(input())\nm = n + 1\n# Example: 5 gives 6\nprint(m)\n",
    "sys.stdin": "import sys\nfor line in sys.stdin:\n    print(int(line) + 1)\n",
    "open(0)": "n = int(open(0).read())\nassert n\nprint(n + 1)\n",
    "stdin by its name": "from sys import stdin, stdout\nstdout.write(str(int(stdin.readline()) + 1))\n",
    "unittest in its name": "import unittest.mock\nprint(int(input()) + 1)\n",
}


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("known", [True, None])
@pytest.mark.parametrize(
    "form", ["{}", f"{F}python\n{{}}{F}", f"Reads n:\n{F}\n{{}}{F}\nFor 5:\n{F}\n6\n{F}"]
)
def test_a_program_that_reads_and_prints_is_left_as_it_is(
    name: str, known: bool, form: str
) -> None:
    assert extract(form.format(SCRIPTS[name]), reads_input=known) == SCRIPTS[name]


def test_a_script_and_its_helper_are_joined() -> None:
    answer = f"{fenced('def one(n):¶    return n + 1¶')}and\n{fenced('print(one(int(input())))¶')}"
    assert extract(answer, reads_input=True) == (
        "def one(n):\n    return n + 1\n\nprint(one(int(input())))\n"
    )


def test_a_main_guard_that_gives_a_name_its_value_stays() -> None:
    code = "def f(n):\n    return n + STEP\n\nif __name__ == '__main__':\n    STEP = 1\n"
    assert extract(fenced(code), entry_point="f", reads_input=False) == code


@pytest.mark.parametrize("known", [True, None])
@pytest.mark.parametrize(
    "answer",
    [
        f"{fenced('def add(a, b):¶    return a + b¶print(add(1, 1))¶')}{fenced('print(add(int(input()), 1))¶')}",
        f"Read n:\n\n{SCRIPTS['print at the top']}",
        f"{fenced('def solve():¶    print(int(input()) + 1)¶')}Then\n{fenced('solve()¶')}",
    ],
)
def test_a_script_in_parts_reads_and_prints(answer: str, known: bool | None) -> None:
    printed = io.StringIO()
    program = extract(answer, reads_input=known)
    with contextlib.redirect_stdout(printed):
        exec(program, {"input": lambda: "1"})
    assert printed.getvalue() == "2\n", program


@pytest.mark.parametrize(
    ("answer", "program"),
    [
        ("", ""),
        ("  \n", ""),
        ("<think>\nI would", ""),
        (f"<think>\n{fenced(DRAFT)}", ""),
        ("I cannot do that.", "I cannot do that.\n"),
        (fenced("def f(:\n"), "def f(:\n"),
        (f"{F}python\n{F}\n", ""),
    ],
)
def test_what_holds_no_program_makes_none_up(answer: str, program: str) -> None:
    assert extract(answer) == program


def test_the_problem_says_what_is_looked_for() -> None:
    tests = ("assert f(1) == 2", "assert f(2) == 3")
    problem = Problem(id="p", question="q", tests=tests)
    assert extract_program(ANSWERS["another function last"], problem) == GOOD
    io = Problem.model_validate(
        {"id": "p", "question": "q", "tests": [{"kind": "stdin", "input": "1", "output": "2"}]}
    )
    assert extract_program(fenced("print(2)\n"), io) == "print(2)\n"


@given(st.text(max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    extract(text)
    extract(fenced(text), entry_point="f")


def programs() -> Iterator[str]:
    for answer in ANSWERS.values():
        yield extract(answer, entry_point="f", reads_input=False)
    yield from SCRIPTS.values()


def test_a_program_that_was_taken_is_taken_again() -> None:
    for program in programs():
        assert extract(program, entry_point="f") == program
        assert extract(fenced(program, fence="`" * 5), entry_point="f") == program


@pytest.mark.parametrize(
    "text",
    [
        "`" * 10**6,
        fenced("x = 1\n") * 10_000,
        f"{F}\n" * 100_000,
        "- " * 200_000,
        ">" * 300_000,
        fenced("(" * 100_000),
        "def f(:\n" * 100_000,
        fenced("def f(:\n") * 20_000,
        "x" * 10**6 + F + "py",
        f"a {F}py b " * 100_000,
    ],
    ids=[
        "backticks",
        "blocks",
        "fences",
        "lists",
        "quotations",
        "nesting",
        "bad lines",
        "bad blocks",
        "a line",
        "inline",
    ],
)
def test_the_time_is_linear_in_the_answer(text: str) -> None:
    """Ten times as long: no more than some fifteen times the steps of Python."""
    with contextlib.redirect_stderr(io.StringIO()):
        short, long = (_steps(text[: len(text) // part]) for part in (20, 2))
    assert long < 16 * short + 10_000


def _steps(text: str) -> int:
    import sys

    count = 0

    def step(*_: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(step)
    try:
        extract(text)
    finally:
        sys.setprofile(None)
    return count
