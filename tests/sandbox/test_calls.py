"""Calls with arguments: judged by a value or by a reference, in the sandbox, as Python would."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from acecoder.sandbox.backends.requirements import why_unavailable
from acecoder.sandbox.contract import Job, Judged, Limits, SandboxConfig
from acecoder.sandbox.opening import Sandbox, open_sandbox
from acecoder.sandbox.worker import arguments
from acecoder.schema import CallTest, Outcome

pytestmark = pytest.mark.skipif(
    bool(why_unavailable()) and not os.environ.get("CI"),
    reason=f"no namespaces here: {why_unavailable()}",
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with open_sandbox(SandboxConfig(), num_workers=2) as one:
        yield one


def call(*given: object, **named: object) -> CallTest:
    return CallTest.model_validate({"kind": "call", "arguments": arguments.written(given), **named})


def judge(
    sandbox: Sandbox, tests: tuple[CallTest, ...], reference: str, *programs: str, limits: str = ""
) -> list[Judged]:
    keyed = tuple((str(i), text) for i, text in enumerate(programs))
    job = Job("p", tests, keyed, "f", reference, limits, num_base_tests=1)
    return sorted(sandbox.judge([job]), key=lambda judged: judged.key)


def passed(judged: Judged) -> list[bool]:
    return [outcome is Outcome.PASSED for outcome in judged.outcomes]


def test_the_reference_says_what_is_expected(sandbox: Sandbox) -> None:
    tests = (call([3, 1, 2]), call([]), call([2, 2]))
    right, wrong, none = judge(
        sandbox, tests, "f = sorted", "def f(x): x.sort(); return x", "def f(x): return x", "f = 1"
    )
    assert passed(right) == [True] * 3
    assert passed(wrong) == [False, True, True]
    assert passed(none) == [False] * 3


def test_a_value_of_the_test_needs_no_reference(sandbox: Sandbox) -> None:
    expected = {"expected": arguments.written([(1, 2)])}
    tests = (call(1, **expected), call(1, oracle="equal_as_list", expected="[[1, 2]]"))
    right, other = judge(sandbox, tests, "", "def f(x): return 1, 2", "def f(x): return [1, 2]")
    assert passed(right) == [True, True]
    assert passed(other) == [False, True]


def test_arguments_of_any_plain_type_arrive_as_they_are(sandbox: Sandbox) -> None:
    given = ((1, [2, {3}]), {"a": (1,), 2: None}, 1 + 2j, b"\0", 10**5000, frozenset({1.5}), "é")
    literal = (
        "((1, [2, {3}]), {'a': (1,), 2: None}, 1 + 2j, b'\\0', 10**5000, frozenset({1.5}), 'é')"
    )
    is_given = f"def f(*given): return given == {literal} and [*map(type, given)] == [*map(type, {literal})]"
    (judged,) = judge(sandbox, (call(*given),), "def f(*given): return True", is_given)
    assert passed(judged) == [True]


@pytest.mark.parametrize(
    ("oracle", "answer", "right"),
    [
        ("equal", "[0.1 + 0.2]", False),
        ("equal_or_close", "[0.1 + 0.2]", True),
        ("equal_or_close", "(0.1 + 0.2,)", False),
        ("equal_or_close", "[0.31]", False),
        ("equal_or_close", "[float('nan')]", False),
        ("same_items", "(0.3, 0.3)", True),
        ("is_something", "object()", True),
        ("is_something", "None", False),
        ("anything", "None", True),
        ("equal_or_zero", "0", True),
    ],
)
def test_oracles(sandbox: Sandbox, oracle: str, answer: str, right: bool) -> None:
    tests = (call(1, oracle=oracle),)
    (judged,) = judge(sandbox, tests, "def f(x): return [0.3]", f"def f(x): return {answer}")
    assert passed(judged) == [right]


def test_lying_objects_get_no_credit(sandbox: Sandbox) -> None:
    liar = "class L(list):\n    def __eq__(self, other): return True\n    __hash__ = None\n"
    opaque = "class L:\n    def __eq__(self, other): return True\n    def __init__(self, x): pass\n"
    tests = (call(1), call(2, oracle="equal_or_close"), call(3, oracle="same_items"))
    for lies in (liar, opaque):
        (judged,) = judge(sandbox, tests, "def f(x): return [x]", f"{lies}def f(x): return L([7])")
        assert passed(judged) == [False] * 3


def test_answers_too_large_to_be_sent_are_compared_all_the_same(sandbox: Sandbox) -> None:
    tests = (call(3), call(400_000), call(1_000_000))
    reference = "def f(n): return [i if i % 2 else i / 2 for i in range(n)]"
    same, last, shorter, text = judge(
        sandbox,
        tests,
        reference,
        "def f(n): return [i if i % 2 else i // 2 for i in range(n)]",
        "def f(n): return [i if i % 2 else i / 2 for i in range(n - 1)] + [-1]",
        "def f(n): return [i if i % 2 else i / 2 for i in range(min(n, 100))]",
        "def f(n): return str([i if i % 2 else i / 2 for i in range(n)])",
    )
    assert passed(same) == [True] * 3
    assert passed(last) == passed(text) == [False] * 3
    assert passed(shorter) == [True, False, False]


def test_a_program_cannot_send_a_digest_it_has_not_computed(sandbox: Sandbox) -> None:
    """The frame is the program's to forge; what is expected never comes near it."""
    forged = (
        "class L(list):\n    def __len__(self): return 10**9\n"
        "import sys\ndef f(n): return L([0] * n)"
    )
    (judged,) = judge(sandbox, (call(500_000),), "def f(n): return [1] * n", forged)
    assert passed(judged) == [False]


def test_a_call_may_take_four_times_what_its_reference_takes(sandbox: Sandbox) -> None:
    spin = "import time\ndef f(s):\n    end = time.process_time() + s * {}\n    while time.process_time() < end: pass\n    return s\n"
    tests = (call(0.0), call(0.6), call(0.01))
    slower, too_slow = judge(sandbox, tests, spin.format(1), spin.format(2), spin.format(60))
    assert passed(slower) == [True] * 3
    assert too_slow.outcomes == (Outcome.PASSED, Outcome.TIMEOUT, Outcome.TIMEOUT)


def test_a_test_whose_reference_raises_is_broken_and_the_others_count(sandbox: Sandbox) -> None:
    tests = (call(1), call(0), call(2, oracle="no such rule"))
    (judged,) = judge(sandbox, tests, "def f(x): return 1 / x", "def f(x): return 1 / x")
    assert passed(judged) == [True, False, False]
    assert judged.broken == (1, 2)
    assert "ZeroDivisionError" in sandbox.findings.broken["p", 1]
    assert "no such rule" in sandbox.findings.broken["p", 2]


def test_a_reference_that_did_not_answer_is_asked_again_and_not_without_end(tmp_path: Path) -> None:
    loops = "def f(x):\n    while x: pass\n    return x"
    limits = Limits(test_cpu_s=0.05, test_idle_s=0.05, max_timeouts=2)
    job = Job("p", (call(0), *map(call, range(1, 40))), (("k", "def f(x): return x"),), "f", loops)
    with open_sandbox(SandboxConfig(limits=limits), num_workers=1, references=tmp_path) as sandbox:
        (judged,) = sandbox.judge([job])
    assert passed(judged)[0]
    assert judged.broken == tuple(range(1, 40))
    assert "did not end on the inputs before" in sandbox.findings.broken["p", 39]
    assert list(tmp_path.iterdir()) == []


def test_a_reference_that_cannot_be_imported_breaks_every_test(sandbox: Sandbox) -> None:
    (judged,) = judge(sandbox, (call(1), call(2)), "def f(x) return 1", "def f(x): return 1")
    assert judged.broken == (0, 1)
    (judged,) = judge(sandbox, (call(1),), "", "def f(x): return 1")
    assert judged.broken == (0,)


def test_what_is_dear_is_not_run_once_a_test_has_failed(sandbox: Sandbox) -> None:
    spin = "import time\ndef f(s):\n    end = time.process_time() + s\n    while time.process_time() < end: pass\n"
    tests = (call(0.3), call(0.0), call(0.4), call(0.001))
    right, wrong = judge(
        sandbox, tests, f"{spin}    return s", f"{spin}    return s", f"{spin}    return s or 1",
        limits="evalplus",
    )  # fmt: skip
    assert passed(right) == [True] * 4
    assert wrong.outcomes == (Outcome.PASSED, Outcome.FAILED, Outcome.NOT_RUN, Outcome.PASSED)


def test_one_timeout_is_enough_where_a_failure_is(sandbox: Sandbox) -> None:
    loops = "def f(x):\n    while x: pass\n    return x"
    tests = (call(0), call(1), call(2), call(0.0))
    (judged,) = judge(sandbox, tests, "def f(x): return x", loops, limits="evalplus")
    assert judged.outcomes == (Outcome.PASSED, Outcome.TIMEOUT, Outcome.NOT_RUN, Outcome.NOT_RUN)
    (judged,) = judge(sandbox, tests, "def f(x): return x", loops)
    assert judged.outcomes == (Outcome.PASSED, Outcome.TIMEOUT, Outcome.TIMEOUT, Outcome.NOT_RUN)


def test_programs_that_answer_alike_have_one_behaviour(sandbox: Sandbox) -> None:
    tests = (call(1), call(2))
    one, same, other, ends = judge(
        sandbox, tests, "def f(x): return x", "def f(x): return x + 1", "f = (1).__add__",
        "def f(x): return x", "import os\ndef f(x): os._exit(0)",
    )  # fmt: skip
    assert one.behaviour == same.behaviour
    assert len({one.behaviour, other.behaviour, ends.behaviour}) == 3


def test_a_reference_is_run_once_for_all_runs(tmp_path: Path) -> None:
    """Its answers are kept; other tests, another reference or other limits ask it again."""
    right = "def f(x): return x + 1"

    def run(job: Job) -> list[bool]:
        with open_sandbox(SandboxConfig(), num_workers=1, references=tmp_path / "kept") as sandbox:
            (judged,) = sandbox.judge([job])
        return passed(judged)

    job = Job("p", (call(1), call(2)), (("k", right),), "f", right)
    assert run(job) == [True, True]
    (file,) = (tmp_path / "kept").iterdir()
    # What is kept is believed, which shows that the reference is not asked again.
    kept = gzip.decompress(file.read_bytes()).replace(b"[2]", b"[7]")
    file.write_bytes(gzip.compress(kept))
    assert run(job) == [False, True]
    whole = gzip.compress(kept)
    for torn in (b"torn", whole[:-9], whole[:20] + b"\0" + whole[21:], gzip.compress(b"[[0, 1]]"),
                 gzip.compress(b'[[0, "{}"]]')):  # fmt: skip
        file.write_bytes(torn)
        assert run(job) == [True, True]
    for other in (
        replace(job, tests=(call(1), call(3))),
        replace(job, reference=f"{right}\n"),
        replace(job, limits="evalplus"),
    ):
        before = len(list((tmp_path / "kept").iterdir()))
        assert run(other) == [True, True]
        assert len(list((tmp_path / "kept").iterdir())) == before + 1
