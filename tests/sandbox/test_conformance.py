"""One suite for every backend: attacks get no credit, oddities pass, canaries stay right.

`pytest tests/sandbox/test_conformance.py` runs it against the backends this machine offers and
prints a table. `ACECODER_TEST_POOL=URL` (and `ACECODER_TEST_POOL_TOKEN_FILE`) names a pool, such as
the one `make test-cluster` starts; without it the pool is the server in a gVisor of this machine.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator

import pytest

from acecoder.errors import SandboxUnavailable
from acecoder.sandbox.conformance import proof
from acecoder.sandbox.conformance.programs import ATTACKS, HOSTILE_TESTS, ODDITIES, RIGHT
from acecoder.sandbox.conformance.proof import LIMITS, TESTS
from acecoder.sandbox.contract import Job, Judged, PoolConfig, SandboxConfig
from acecoder.sandbox.opening import Sandbox, open_sandbox
from acecoder.schema import Outcome, StdinTest, Test, UnittestTest

TABLE: Counter[tuple[str, str, bool]] = Counter()


@pytest.fixture(scope="module", params=["namespace", "gvisor", "pool"])
def backend(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    os.environ["ACECODER_TEST_SECRET"] = "hunter2"
    pool = PoolConfig(
        url=os.environ.get("ACECODER_TEST_POOL", "http://127.0.0.1:1"),
        token_file=os.environ.get("ACECODER_TEST_POOL_TOKEN_FILE", ""),
        wait_s=20.0,
    )
    if request.param == "pool" and "ACECODER_TEST_POOL" not in os.environ:
        pytest.skip("no ACECODER_TEST_POOL")
    config = SandboxConfig(backend=request.param, limits=LIMITS, pool=pool)
    sandbox = open_sandbox(config, num_workers=2)
    try:
        sandbox.__enter__()
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    try:
        yield sandbox
    finally:
        sandbox.__exit__(None, None, None)


def judge(sandbox: Sandbox, programs: dict[str, str], tests: tuple[Test, ...]) -> dict[str, Judged]:
    return {r.key: r for r in sandbox.judge([Job("p", tests, tuple(programs.items()))])}


def all_pass(result: Judged) -> bool:
    return all(outcome is Outcome.PASSED for outcome in result.outcomes)


def note(request: pytest.FixtureRequest, kind: str, ok: bool) -> None:
    TABLE[str(request.node.callspec.params["backend"]), kind, ok] += 1


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_gets_no_credit_and_harms_nobody(
    backend: Sandbox, name: str, request: pytest.FixtureRequest
) -> None:
    finding = proof.attack(backend, name, ATTACKS[name])
    note(request, "attacks", finding.held)
    assert finding.held, finding


@pytest.mark.parametrize("name", ODDITIES)
def test_an_honest_oddity_passes(
    backend: Sandbox, name: str, request: pytest.FixtureRequest
) -> None:
    result = judge(backend, {name: ODDITIES[name]}, TESTS)[name]
    note(request, "oddities", all_pass(result))
    assert all_pass(result), result


@pytest.mark.parametrize("test", HOSTILE_TESTS)
def test_a_hostile_test_passes_nothing_and_harms_nobody(
    backend: Sandbox, test: str, request: pytest.FixtureRequest
) -> None:
    finding = proof.hostile_test(backend, test)
    note(request, "hostile tests", finding.held)
    assert finding.held, finding


def test_scripts_are_judged_by_their_output(backend: Sandbox) -> None:
    tests = (
        StdinTest(kind="stdin", input="3 4\n", output="7\n"),
        StdinTest(kind="stdin", input="1 1\n", output="2"),
    )
    add = "a, b = map(int, input().split())\nprint(a + b)"
    judged = judge(
        backend,
        {
            "right": add,
            "constant": "print(7)",
            "raises": f"{add}\nraise SystemExit(1)",
            "loops": "while True: pass",
            "floods": "while True: print('7' * 10**6)",
        },
        tests,
    )
    assert all_pass(judged["right"])
    assert judged["constant"].outcomes == (Outcome.PASSED, Outcome.FAILED)
    for name in ("raises", "loops", "floods"):
        assert Outcome.PASSED not in judged[name].outcomes


def test_a_unittest_file_is_run_beside_the_program_and_marked_weak(backend: Sandbox) -> None:
    code = (
        "import unittest\n"
        "class T(unittest.TestCase):\n"
        "    def test_f(self): self.assertEqual(f([1, 2]), [2, 1])\n"
        "result = unittest.TextTestRunner().run(unittest.TestLoader().loadTestsFromTestCase(T))\n"
        "assert result.wasSuccessful()\n"
    )
    tests = (TESTS[0], UnittestTest(kind="unittest", code=code))
    judged = judge(backend, {"right": RIGHT, "wrong": "def f(x): return x"}, tests)
    assert all_pass(judged["right"])
    assert judged["right"].weak == (1,)
    assert Outcome.PASSED not in judged["wrong"].outcomes


def test_workers_are_kept_from_program_to_program(backend: Sandbox) -> None:
    """One that is replaced starts at PID 1 again, and costs some programs' time (seen in pods)."""
    programs = {str(i): "import os\ndef f():\n    return os.getpid()" for i in range(120)}
    judged = judge(backend, programs, ("assert f() == 'pid'",))
    pids = [int(re.search(r"gave (\d+)", each.reason)[1]) for each in judged.values()]  # type: ignore[index]
    assert max(pids) >= 6


VALUES = """
import collections, dataclasses, enum
import numpy as np
P = collections.namedtuple("P", "x y")
@dataclasses.dataclass
class D:
    x: int
class E(enum.IntEnum):
    A = 1
nan = float("nan")
def f(k):
    return {"int64": np.int64(3), "float32": np.float32(0.1), "bool_": np.bool_(True),
            "array": np.array([1, 2]), "Counter": collections.Counter("aab"), "namedtuple": P(1, 2),
            "enum": E.A, "dataclass": D(1), "nan": nan, "nans": [nan], "iterator": iter([1, 2])}[k]
"""
DECIDED = {
    "assert f('int64') == 3": True,
    "assert f('float32') == 0.1": True,
    "assert f('bool_') == True": True,
    "assert f('array') == [1, 2]": False,
    "assert np.array_equal(f('array') * 2, [2, 4])": True,
    "assert type(f('Counter')) is dict": False,
    "assert f('enum') is not None and str(f('enum')) == '1'": True,
    "assert f('Counter') == {'a': 2, 'b': 1}": True,
    "assert f('namedtuple') == (1, 2)": True,
    "assert f('enum') == 1": True,
    "assert f('dataclass') == D(1)": True,
    "assert f('dataclass').x == 1": True,
    "assert f('dataclass') != f('dataclass')": False,
    "assert f('nan') == float('nan')": False,
    "assert f('nan') != f('nan')": True,
    "assert f('nans') == [float('nan')]": False,
    "assert f('iterator') == [1, 2]": False,
    "assert list(f('iterator')) == [1, 2]": True,
}


def test_values_count_as_the_design_says(backend: Sandbox) -> None:
    """The sandbox's README, "How values compare"."""
    tests = tuple(DECIDED)
    result = judge(backend, {"values": VALUES}, tests)["values"]
    found = {t: o is Outcome.PASSED for t, o in zip(DECIDED, result.outcomes, strict=True)}
    assert found == DECIDED
    assert [tests[i] for i in result.weak] == ["assert f('dataclass') == D(1)"]


def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    """Last: what was seen, for a person to read."""
    with capsys.disabled():
        print()
        for backend, kind in sorted({(b, k) for b, k, _ in TABLE}):
            held, broke = TABLE[backend, kind, True], TABLE[backend, kind, False]
            print(f"{backend:10} {kind:14} {held:4} held {broke:4} broke")
