"""Tests that are scripts' input and output, and test files, held against programs in the sandbox."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import get_args

import pytest

from acecoder.sandbox.backends.requirements import why_unavailable
from acecoder.sandbox.conformance.programs import RIGHT
from acecoder.sandbox.contract import Job, Judged, Limits, SandboxConfig
from acecoder.sandbox.judge.stdin import same_output
from acecoder.sandbox.opening import Sandbox, open_sandbox
from acecoder.schema import Comparison, Outcome, StdinTest, Test, UnittestTest

pytestmark = pytest.mark.skipif(
    bool(why_unavailable()) and not os.environ.get("CI"),
    reason=f"no namespaces here: {why_unavailable()}",
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with open_sandbox(SandboxConfig(limits=Limits(test_cpu_s=2.0)), num_workers=2) as one:
        yield one


def judge(sandbox: Sandbox, program: str, tests: tuple[Test, ...]) -> Judged:
    (result,) = sandbox.judge([Job("p", tests, (("k", program),), "f")])
    return result


def all_pass(result: Judged) -> bool:
    return set(result.outcomes) == {Outcome.PASSED}


def test_a_script_that_raises_says_what(sandbox: Sandbox) -> None:
    tests = (StdinTest(kind="stdin", input="x\n", output="1\n"),)
    result = judge(sandbox, "print(int(input()))", tests)
    assert result.outcomes == (Outcome.ERROR,)
    assert "ValueError: invalid literal for int()" in result.reason


@pytest.mark.parametrize(
    ("printed", "expected", "rules"),
    [
        ("0.30000000000000004", "0.3", {"numbers"}),
        ("2.5", "2.50", {"numbers", "decimals"}),
        ("1e3", "1000.0", {"numbers", "decimals"}),
        ("7 ", "7", {"numbers", "lines", "decimals"}),
        (" 7", "7", {"numbers", "decimals"}),
        ("nan", "NaN", set()),
        ("sNaN", "1", set()),
        ("1", "sNaN", set()),
        ("a 1", "a 1.0", {"numbers"}),
        ("7\n\n", "7", {"numbers", "lines", "decimals"}),
        ("7", "7\n", {"numbers", "lines", "exact", "decimals"}),
        ("7", "7.0", {"numbers", "decimals"}),
        ("7", "8", set()),
        ("0.3001", "0.3", set()),
        ("1 2", "12", set()),
        ("1  2.0", "1 2.0", {"numbers", "decimals"}),
        ("nan", "1.0", set()),
        ("1_0.0", "10.0", {"decimals"}),
        ("10000001", "10000000", set()),
    ],
)
def test_printed_texts_compare_by_a_rule_of_ones_own(
    printed: str, expected: str, rules: set[str]
) -> None:
    assert rules == {
        rule for rule in get_args(Comparison) if same_output(printed.encode(), expected, rule)
    }


def test_an_integer_of_many_digits_may_be_printed(sandbox: Sandbox) -> None:
    """As LiveCodeBench has it; Python's own limit is 4,300 digits."""
    tests = (StdinTest(kind="stdin", input="5000\n", output="1" + "0" * 5000),)
    assert all_pass(judge(sandbox, "print(10 ** int(input()))", tests))


PYTEST_FILES = {
    "imports the solution": "from solution import f\ndef test_a():\n    assert f([1, 2]) == [2, 1]\n",
    "imports it by its module": "import solution\ndef test_a():\n    assert solution.f([1, 2]) == [2, 1]\n",
    "imports it from anywhere": "from my.own.place import f\ndef test_a():\n    assert f([1]) == [1]\n",
    "parametrize": "import pytest\nfrom solution import f\n"
    "@pytest.mark.parametrize('given, wanted', [([1, 2], [2, 1]), pytest.param([], [], id='none')])\n"
    "def test_a(given, wanted):\n    assert f(given) == wanted\n",
    "parametrize of a class": "import pytest\n@pytest.mark.parametrize('n', [1, 2])\n"
    "class TestF:\n    def test_a(self, n):\n        assert f([n, 0]) == [0, n]\n",
    "raises": "import pytest\ndef test_a():\n    with pytest.raises(TypeError, match='not subscriptable') as e:\n        f(3)\n    assert e.type is TypeError\n",
    "approx": "import pytest\ndef test_a():\n    assert f([0.1 + 0.2]) == pytest.approx([0.3])\n",
    "fixtures": "import pytest\n@pytest.fixture\ndef base():\n    yield [1, 2]\n"
    "@pytest.fixture(params=[3, 4])\ndef more(request, base):\n    return [*base, request.param]\n"
    "def test_a(more, tmp_path, monkeypatch):\n    assert f(more) == more[::-1] and tmp_path.is_dir()\n",
    "setup_method": "class TestF:\n    def setup_method(self):\n        self.x = [1, 2]\n    def test_a(self):\n        assert f(self.x) == [2, 1]\n",
}


@pytest.mark.parametrize("name", PYTEST_FILES)
def test_files_of_pytests_style_are_run(sandbox: Sandbox, name: str) -> None:
    tests = (UnittestTest(kind="unittest", code=PYTEST_FILES[name]),)
    (right,) = sandbox.judge([Job("p", tests, (("k", RIGHT),), "f")])
    assert all_pass(right), right
    assert right.weak == (0,)
    (wrong,) = sandbox.judge([Job("p", tests, (("k", "def f(x): return [9]"),), "f")])
    assert wrong.outcomes == (Outcome.FAILED,), wrong
