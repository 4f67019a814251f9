"""No test and no answer exhausts the judge: texts and answers that would."""

from __future__ import annotations

import time
from collections import deque
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy
import pytest

from acecoder.sandbox.judge.asserts import plan
from acecoder.sandbox.judge.budget import OverBudget
from acecoder.sandbox.judge.decoding import decode
from acecoder.sandbox.judge.interpreter import holds
from acecoder.sandbox.judge.values import Malformed, OrderedSet


@pytest.mark.parametrize(
    "test",
    [
        "assert f() == 10 ** 10 ** 10",
        "assert f(0) == max([2**49999]+[Decimal(1)]*999)",
        "assert [f(0)" + ",sorted(range(99999))" * 50 + "] == 1",
        "assert [f(0)" + ",pow(3,2**3100-1,2**3100-1)" * 50 + "] == 1",
        "assert f() == bytes(10**9)",
        "assert f() == 'x'.encode('idna')",
        "assert f() == sum([[1] * 99] * 9999, [])",
        "assert f() == Decimal('1.1') ** Decimal('9' * 4000)",
        "assert f() == 1 << 10**9",
        "assert [f()" + ", {'a': 1}" * 9_000 + "] == 1",
        "assert [f()" + ", -2" * 22_000 + "] == 1",
        "assert f() == 'ab'.replace('a', 'x' * 10**6)",
        "assert f() == 'a' * 10 ** 9",
        "assert f() == [0] * 99999999999",
        "assert len(range(10 ** 12)) == f()",
        "assert f() == '%1000000000d' % 1",
    ],
)
def test_a_test_written_to_exhaust_the_judge_is_run_within_the_programs_limits(test: str) -> None:
    started_s = time.process_time()
    assert plan(test).weak_code
    assert time.process_time() - started_s < 5


@pytest.mark.parametrize(
    ("test", "answers"),
    [
        ("assert [[f()] * 9**4] * 9**4 == []", [1]),
        (
            "assert f() == [" + "list(f()),".replace("f", "f") * 700 + "]",
            [1] + [[0] * 20_000] * 700,
        ),
        ("assert " + "*".join(["f()"] * 60) + " == 0", [7**33333] * 60),
        ("assert f() ** f() == 0", [10**10] * 2),
        ("assert f() ** f(1) == 0", [10, Fraction(10**8)]),
        ("assert f() * f(1) == 0", [deque([0]), 3 * 10**8]),
        ("assert Fraction(f()) == 1", ["1e999999999"]),
        ("assert Decimal(f()) != 5", [1 << 10**6]),
        ("assert max(f()) == 2", [[(1 << 400_000) - 1] + [Decimal(1)] * 2000]),
        ("assert f() in [Decimal(1), Decimal(2)]", [(1 << 400_000) - 1]),
        ("assert f() ** f(1) == 1", [Decimal("1." + "0" * 4990 + "1"), Decimal("9" * 4990)]),
        ("assert sum(f(), []) == []", [iter([[1] * 9] * 9_999)]),
        ("assert sum(f()) == 1", [[Fraction(1, 3**2000 + i) for i in range(50)]]),
        ("assert f() % 3 == ''", ["%99999d"]),
        ("assert sorted(f(), key=str) == 1", [numpy.zeros((30_000, 1))]),
        ("assert np.array_equal(np.array(f()), f(1))", [["x" * 9_000] + ["a"] * 3_000, [1]]),
        ("assert f() == f(1)", [numpy.array(["a"] * 3_000), ["x" * 9_000] + ["a"] * 2_999]),
        ("assert f() + f(1) == 1", [numpy.array(["a"] * 3_000), "x" * 9_000]),
        ("assert f() // f(1) == 1", [1 << 10**7, 1 << 5 * 10**6]),
        ("assert f() + f(1) == 1", [numpy.zeros((2000, 1)), numpy.zeros((1, 2000))]),
        ("assert (f() == f(1)).all()", [numpy.zeros((2000, 1)), numpy.zeros((1, 2000))]),
    ],
)
def test_answers_that_would_exhaust_the_judge_are_an_error_and_no_weak_test(
    test: str, answers: list[Any]
) -> None:
    """A program must not be able to choose that its tests are judged beside it."""
    read = plan(test)
    assert read.condition is not None
    started_s = time.process_time()
    with pytest.raises(OverBudget):
        holds(read.condition, answers)
    assert time.process_time() - started_s < 5


def test_hashes_that_collide_are_found_out() -> None:
    forged = [i * (2**61 - 1) for i in range(1, 10_500)]
    read = plan("assert len(set(f())) == 3")
    assert read.condition is not None
    assert holds(read.condition, [forged]) is False
    for method in ("union", "issubset", "symmetric_difference"):  # they make a set of what they get
        read = plan(f"assert f().{method}(f(1)) == 3")
        assert read.condition is not None
        assert holds(read.condition, [OrderedSet([1]), forged]) is False
    for kind in ("set", "dict"):
        items = [[i, 0] for i in forged] if kind == "dict" else forged
        with pytest.raises(Malformed, match="collide"):
            decode({"t": kind, "v": items})
    assert len(decode({"t": "set", "v": list(range(20_000))})) == 20_000
