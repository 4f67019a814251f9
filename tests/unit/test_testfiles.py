"""Tests that are files: what they define is called, what they assert is counted."""

from __future__ import annotations

import pytest

from acecoder.sandbox.judge.asserts import plan


@pytest.mark.parametrize(
    "code",
    [
        "class T(unittest.TestCase):\n    def test_it(self): self.assertEqual(f(1), 2)",
        "class B(unittest.TestCase):\n    pass\nclass T(B):\n    def test_it(self): self.assertEqual(f(1), 2)",
        "def test_it():\n    assert f(1) == 2",
        "def test_it():\n    assert f(1) == 2\ntest_it()",
        "class TestF:\n    def test_it(self): assert f(1) == 2",
        "def check(g):\n    assert g(1) == 2\ncheck(f)",
        "def check(g):\n    assert g(1) == 2\ndef main():\n    check(f)\nmain()",
        "def test_it():\n    assert f(1) == 2\ndef never():\n    test_it()",
        "try:\n    f(1)\nexcept ValueError:\n    pass\nelse:\n    raise AssertionError",
    ],
)
def test_what_a_test_file_defines_is_run(code: str) -> None:
    def wrong(n: int) -> int:
        return n

    source = plan(f"import unittest\n{code}").weak_code
    with pytest.raises(AssertionError):
        exec(source, {"f": wrong})
    if "raise" not in code:
        exec(source, {"f": lambda n: n + 1})


def test_tests_that_are_all_skipped_pass_nothing() -> None:
    source = plan(
        "import unittest\n@unittest.skip('x')\nclass T(unittest.TestCase):\n"
        "    def test_it(self): self.assertEqual(f(1), 2)"
    ).weak_code
    with pytest.raises(AssertionError, match="nothing was tested"):
        exec(source, {"f": lambda n: n + 1})


@pytest.mark.parametrize(
    "code",
    [
        "f(1)",
        "x = f(1)\ny = x",
        "def test_it():\n    f(1)",
        "def check(f):\n    assert f(1) == 2",
        "def test_it(mocker):\n    assert f(1) == 2",
        "import random\nrandom.seed(0)\ndef check(): assert f(1) == 2",
        "def it():\n    assert f(1) == 2\ndef run(): it()",
        "class T(" + "+".join("a" * 3000) + "):\n    def test_it(self): self.assertEqual(f(1), 2)",
        "assert f(1) == 2\n" * 7000,
        "import os\nLIMIT = 3\nclass Holder:\n    def check(self): assert f(1) == 2",
    ],
)
def test_a_test_file_that_asserts_nothing_is_broken(code: str) -> None:
    assert plan(code).broken


@pytest.mark.parametrize(
    "code",
    [
        "def test_f():\n    for a, b in [([1, 2], [2, 1])]:\n        yield a\n        assert f(a) == b",
        "class T(unittest.TestCase):\n    async def test_a(self):\n        self.assertEqual(f(1), 2)",
        "class T(unittest.TestCase):\n    def test_a(self):\n        yield\n        self.assertEqual(f(1), 2)",
        "class TestF:\n    def test_a(self):\n        yield\n        assert f(1) == 2",
        "def check(c):\n    assert c(1) == 2\nx = check",
        "async def test_c():\n    assert False\nimport asyncio\nx = [test_c]",
        "def test_a():\n    try:\n        assert f(1) == 2\n    except AssertionError:\n        print()",
        "import sys\nif sys.version_info < (3,): raise RuntimeError('old')\ndef test_f():\n    yield 1\n    assert f(1) == 2",
        "def test_f():\n    try: raise ValueError\n    except ValueError: pass\n    return\n    assert f(1) == 2",
    ],
)
def test_a_file_that_comes_to_its_end_without_an_assertion_passes_nothing(code: str) -> None:
    source = plan(f"import unittest\n{code}").weak_code
    with pytest.raises(AssertionError):
        exec(source, {"f": lambda n: n})


@pytest.mark.parametrize(
    "front",
    ["from __future__ import annotations\n", "'A file.'\nfrom __future__ import annotations\n"],
)
def test_what_must_stand_in_front_stays_there(front: str) -> None:
    source = plan(f"{front}import unittest\ndef test_f():\n    assert f(1) == 2").weak_code
    exec(compile(source, "<test>", "exec"), {"f": lambda n: n + 1})


def test_a_file_too_deep_to_be_written_out_again_is_run_as_it_is() -> None:
    source = plan("x = 1\nassert f(" + "+".join(["0"] * 900) + "+ 1) == 2").weak_code
    exec(source, {"f": lambda n: n + 1})
    with pytest.raises(AssertionError):
        exec(source, {"f": lambda n: n})


@pytest.mark.parametrize(
    "code",
    [
        "def check(c):\n    assert c(1) == 2\nif __name__ == '__main__':\n    check(f)\n    unittest.main()",
        "async def test_b():\n    assert f(1) == 2",
        "def test_f():\n    try:\n        g(1)\n        assert False\n    except ValueError:\n        assert f(1) == 2",
        "class T(unittest.IsolatedAsyncioTestCase):\n    async def test_a(self):\n        self.assertEqual(f(1), 2)",
        "class T(unittest.TestCase):\n    def test_a(self):\n        if f(1) != 2: self.fail('no')",
        "class T(unittest.TestCase):\n    def test_a(self):\n        for i in (1, 2):\n            if f(i) != i + 1:\n                self.fail('no')",
        "class T(unittest.TestCase):\n    def test_a(self):\n        try:\n            r = f(1)\n        except Exception: self.fail()\n        else:\n            if r != 2: self.fail()",
        "class T(unittest.TestCase):\n    def test_a(self):\n        return self.assertEqual(f(1), 2)",
        "class T(unittest.TestCase):\n    def test_a(self):\n        [self.assertEqual(f(i), i + 1) for i in range(3)]",
        "class T(unittest.TestCase):\n    def test_a(self):\n        check = lambda a, b: self.assertEqual(a, b)\n        check(f(1), 2)",
        "class T(unittest.TestCase):\n    def test_a(self):\n        f(1) == 2 or self.fail()",
        "class T(unittest.TestCase):\n    def test_a(self):\n        eq = self.assertEqual\n        eq(f(1), 2)",
        "class TestA:\n    def setup_method(self):\n        self.x = 1\n    def test_a(self):\n        assert f(self.x) == 2",
        "class T(unittest.TestCase):\n    def test_a(self):\n        with self.assertRaises(ValueError):\n            g(1)\n        with self.subTest(1):\n            self.assertEqual(f(1), 2)",
    ],
)
def test_unusual_files_are_run_too(code: str) -> None:
    def g(n: int) -> int:
        raise ValueError

    source = plan(f"import unittest\n{code}").weak_code
    exec(source, {"f": lambda n: n + 1, "g": g})
    with pytest.raises(AssertionError):
        exec(source, {"f": lambda n: n, "g": g})
