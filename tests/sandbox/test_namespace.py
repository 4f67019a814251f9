"""The namespace sandbox: wrong programs get no credit, right ones pass, canaries stay right.

What is of this backend alone; attacks that all backends face are in test_conformance.py.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from acecoder.errors import SandboxUnavailable
from acecoder.sandbox.backends.requirements import remedy_of, why_unavailable
from acecoder.sandbox.conformance.programs import RIGHT
from acecoder.sandbox.contract import Job, Judged, Limits, SandboxConfig
from acecoder.sandbox.opening import Sandbox, open_sandbox
from acecoder.sandbox.trials import canary
from acecoder.sandbox.worker.outside.station import Station
from acecoder.schema import Outcome, StdinTest, Test, UnittestTest

pytestmark = pytest.mark.skipif(
    bool(why_unavailable()) and not os.environ.get("CI"),
    reason=f"no namespaces here: {why_unavailable()}",
)
CONFIG = SandboxConfig(limits=Limits(test_cpu_s=0.3, test_wall_s=1.5, setup_cpu_s=1.0))
TESTS: tuple[Test, ...] = tuple(f"assert f([{i}, 2, 3]) == [3, 2, {i}]" for i in range(4, 10))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    os.environ["ACECODER_TEST_SECRET"] = "hunter2"
    with open_sandbox(CONFIG, num_workers=2) as one:
        yield one


def judge(sandbox: Sandbox, program: str, tests: tuple[Test, ...] = TESTS) -> Judged:
    (result,) = sandbox.judge([Job("p", tests, (("k", program),))])
    return result


def all_pass(result: Judged) -> bool:
    return all(outcome is Outcome.PASSED for outcome in result.outcomes)


def test_one_bad_input_costs_one_test(sandbox: Sandbox) -> None:
    for act in ("while True: pass", "import os; os._exit(0)", "raise SystemExit", "1 / 0"):
        program = f"def f(x):\n    if x[0] == 6:\n        {act}\n    return x[::-1]\n"
        outcomes = judge(sandbox, program).outcomes
        assert [outcome is Outcome.PASSED for outcome in outcomes] == [True, True, False] + [
            True
        ] * 3


def test_outcomes_say_what_happened(sandbox: Sandbox) -> None:
    wanted = {
        "def f(x): return x": Outcome.FAILED,
        "def f(x): raise KeyError": Outcome.ERROR,
        "def f(x):\n    while True: pass": Outcome.TIMEOUT,
        "def f(x): return bytearray(3 << 30)": Outcome.MEMORY,
        "import os\ndef f(x): os.abort()": Outcome.CRASHED,
    }
    for program, outcome in wanted.items():
        result = judge(sandbox, program)
        assert result.outcomes[0] is outcome, result
        assert result.reason.startswith("test 0: ")
    looped = judge(sandbox, "def f(x):\n    while True: pass")
    assert looped.outcomes[CONFIG.limits.max_timeouts :] == (Outcome.NOT_RUN,) * 4


def test_scripts_are_judged_by_their_output(sandbox: Sandbox) -> None:
    tests = (
        StdinTest(kind="stdin", input="3 4\n", output="7\n"),
        StdinTest(kind="stdin", input="1 1\n", output="2"),
    )
    add = "a, b = map(int, input().split())\nprint(a + b)"
    assert all_pass(judge(sandbox, add, tests))
    assert judge(sandbox, "print(7)", tests).outcomes == (Outcome.PASSED, Outcome.FAILED)
    assert judge(sandbox, f"{add}\nraise SystemExit(1)", tests).outcomes[0] is Outcome.ERROR
    assert judge(sandbox, "while True: pass", tests).outcomes[0] is Outcome.TIMEOUT


def test_what_must_run_beside_the_program_is_marked_weak(sandbox: Sandbox) -> None:
    tests = (
        TESTS[0],
        UnittestTest(
            kind="unittest", code="def check(c):\n    assert c([1, 2]) == [2, 1]\ncheck(f)"
        ),
        "assert all(f([i]) == [i] for i in range(3))",
    )
    result = judge(sandbox, RIGHT, tests)
    assert all_pass(result)
    assert result.weak == (1, 2)


def test_answers_are_judged_as_they_come(sandbox: Sandbox) -> None:
    """Those of a process are bounded: beyond, it ends, and another answers the rest."""
    tests = tuple(f"assert len(f({i})) == {60_000 + i}" for i in range(400))
    result = judge(sandbox, "def f(i): return 'x' * (60_000 + i)", tests)
    assert all_pass(result), result
    wrong = judge(sandbox, "def f(i): return 'x' * (60_000 + i % 399)", tests)
    assert wrong.outcomes == (Outcome.PASSED,) * 399 + (Outcome.FAILED,)


def test_the_wall_time_of_all_tests_is_kept() -> None:
    limits = Limits(test_idle_s=5.0, test_wall_s=5.0, total_wall_s=1.5, max_timeouts=100)
    sleeper = "import time\ndef f(x):\n    time.sleep(1.0)\n    return x[::-1]\n"
    with open_sandbox(SandboxConfig(limits=limits), num_workers=1) as sandbox:
        result = judge(sandbox, sleeper)
    # On a busy machine it is taken again, with twice the time, in which two or three of six tests fit.
    passed = result.outcomes.count(Outcome.PASSED)
    assert passed in (1, 2, 3), result
    assert result.outcomes[passed] is Outcome.TIMEOUT
    assert set(result.outcomes[passed + 1 :]) == {Outcome.NOT_RUN}


def test_many_programs_are_each_judged_once_and_leave_no_process() -> None:
    jobs = [Job(f"p{i}", TESTS, (("a", RIGHT), ("b", "def f(x): return 0"))) for i in range(100)]
    before = set(_workers(os.getpid()))
    with open_sandbox(CONFIG, num_workers=2) as sandbox:
        results = list(sandbox.judge(iter(jobs)))
    assert sorted((r.problem_id, r.key) for r in results) == sorted(
        (f"p{i}", key) for i in range(100) for key in "ab"
    )
    assert all(all_pass(r) == (r.key == "a") for r in results)
    assert set(_workers(os.getpid())) <= before


def test_killing_workers_in_the_middle_changes_no_verdict() -> None:
    slow = "import time\ndef f(x):\n    time.sleep(0.01)\n    return x[::-1]\n"
    jobs = [Job(f"p{i}", TESTS, (("a", slow),)) for i in range(40)]
    with open_sandbox(CONFIG, num_workers=2) as sandbox:
        results = []
        for number, result in enumerate(sandbox.judge(jobs)):
            results.append(result)
            if number in (5, 15):
                subprocess.run(
                    ["pkill", "-9", "-P", str(os.getpid()), "-f", "sandbox/worker"], check=False
                )
    assert len(results) == 40
    assert all(all_pass(result) for result in results)


def test_killing_the_judge_leaves_no_process(tmp_path: Path) -> None:
    code = (
        "from acecoder.sandbox.contract import *; from acecoder.sandbox.opening import *\n"
        "loop = 'def f(x):\\n    while True: pass'\n"
        "limits = Limits(test_cpu_s=60, test_wall_s=60)\n"
        "with open_sandbox(SandboxConfig(limits=limits), num_workers=1) as s:\n"
        "    list(s.judge([Job('p', ('assert f(1) == 1',), (('k', loop),))]))\n"
    )
    judge_ = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": "."})
    try:
        workers = _wait_for(lambda: _workers(judge_.pid))
        assert workers
        # A helper that maps user ids is a child of the worker too, for a moment.
        programs = _wait_for(lambda: [p for s in _children(workers[0]) for p in _children(s)])
        assert programs
        supervisors = _children(workers[0])
    finally:
        judge_.kill()
        judge_.wait()
    everyone = [*workers, *supervisors, *programs]
    assert _wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in everyone))


def _children(pid: int) -> list[int]:
    done = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in done.stdout.split()]


def _workers(pid: int) -> list[int]:
    """Running workers among a process's children; a probe is none."""
    found = []
    for child in _children(pid):
        try:
            if b"programs_fd" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(child)
        except OSError:
            continue
    return found


def _wait_for(condition):  # type: ignore[no-untyped-def]
    for _ in range(200):
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    return condition()


def test_an_ordinary_user_gets_the_same_isolation(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip(
            "only root can become another user; as an ordinary user the suite itself shows it"
        )
    probe = [
        "/usr/bin/python3",
        "-I",
        "-S",
        str(Path("acecoder/sandbox/worker").absolute()),
        "--probe",
    ]
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *probe]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("setpriv or /usr/bin/python3 is not installed")
    if "can't open file" in done.stderr:
        pytest.skip("the checkout is not readable for other users")
    assert (done.returncode, done.stdout) == (0, "")


def test_where_namespaces_are_refused_it_says_so_and_judges_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "acecoder.sandbox.backends.namespace.why_unavailable", lambda: "unshare: no"
    )
    with (
        pytest.raises(SandboxUnavailable, match=r"unshare: no[\s\S]*try: allow user namespaces"),
        open_sandbox(CONFIG, num_workers=1),
    ):
        pass


def test_what_a_program_sets_on_the_pipes_does_not_reach_the_next(sandbox: Sandbox) -> None:
    tests = (StdinTest(kind="stdin", input="", output="y" * 200_000),)
    with open_sandbox(CONFIG, num_workers=1) as one:
        meddle = "import fcntl\nfcntl.fcntl(1, 1031, 4096)\nfcntl.fcntl(1, 4, 2048)"
        judge(one, meddle, tests)
        assert all_pass(judge(one, "print('y' * 200000)", tests))


def test_weak_tests_do_not_tell_the_others_answers(sandbox: Sandbox) -> None:
    spy = (
        "import sys, re\n"
        "frame = sys._getframe()\n"
        "while frame and 'job' not in frame.f_locals: frame = frame.f_back\n"
        "found = re.findall(r'== (\\d+)', str(frame.f_locals['job']))\n"
        "def f(x): return int(found[0]) if found else None\n"
    )
    weak = UnittestTest(kind="unittest", code="assert f(3) == 42")
    result = judge(sandbox, spy, ("assert f(3) == 42", weak))
    assert result.outcomes[0] is not Outcome.PASSED
    assert result.weak == (1,)


def test_a_test_that_rewrites_the_program_helps_only_itself(sandbox: Sandbox) -> None:
    tests = ("assert globals().update(f=lambda x: 42) is None", "assert f(3) == 42")
    result = judge(sandbox, "def f(x): return x", tests)
    assert result.outcomes[1] is not Outcome.PASSED
    assert 0 in result.weak


@pytest.mark.parametrize(
    ("test", "program"),
    [
        ("assert list(f([1, 2])) == [2, 1]", "def f(x): return reversed(x)"),
        ("assert sorted(f({'a': 1}).items()) == [('a', 1)]", "def f(x): return x"),
        ("assert list(map(str, f([1]))) == ['1']", "def f(x): return x"),
        ("assert sorted(f(1), key=len) == ['a', 'bb']", "def f(x): return ['bb', 'a']"),
        ("assert f(3) == range(3)", "def f(x): return range(x)"),
        ("  assert sum(f(i) for i in (1, 2)) == 3", "def f(x): return x"),
    ],
)
def test_usual_shapes_of_asserts_are_judged_right(
    sandbox: Sandbox, test: str, program: str
) -> None:
    assert all_pass(judge(sandbox, program, (test,)))


def test_hash_order_is_the_same_in_every_worker() -> None:
    program = "def f(x): return [hash(str(x)) % 1000003]"
    seen = set()
    for _ in range(2):
        with open_sandbox(CONFIG, num_workers=1) as one:
            seen.add(judge(one, program, ("assert f(1) == 0",)).reason)
    assert len(seen) == 1


@pytest.mark.parametrize(
    "test",
    [
        "assert f(0x" + "f" * 5000 + ") == 1",
        "assert round(f(1), -10**7) == 0",
        "assert len(sum([range(100000)] * 1000, [])) == f(1)",
    ],
)
def test_a_test_against_the_judge_itself_is_contained(sandbox: Sandbox, test: str) -> None:
    result = judge(sandbox, "def f(x): return 0", (test, "assert f(1) == 0"))
    assert result.outcomes[0] is not Outcome.PASSED
    assert result.outcomes[1] is Outcome.PASSED


def test_a_sleeper_is_killed_long_before_the_wall_limit_and_a_short_sleep_is_not() -> None:
    long = "import time\ndef f(x):\n    time.sleep(1e6)\n"
    short = "import time\ndef f(x):\n    time.sleep(0.3)\n    return x[::-1]\n"
    config = SandboxConfig(limits=Limits(test_wall_s=1000, total_wall_s=1000, max_timeouts=1))
    with open_sandbox(config, num_workers=2) as one:
        job = Job("p", TESTS[:2], (("long", long), ("short", short)))
        judged = {result.key: result for result in one.judge([job])}
    assert judged["long"].outcomes == (Outcome.TIMEOUT, Outcome.NOT_RUN)
    assert all_pass(judged["short"])


def test_a_package_that_lies_under_tmp_is_shown_all_the_same(tmp_path: Path) -> None:
    """As all do of a checkout there; programs have a /tmp of their own."""
    package = tmp_path / "under_tmp"
    package.mkdir()
    (package / "__init__.py").write_text("VALUE = 42\n")
    station = Station([str(package)])
    trial = {
        **canary(Limits()).wire(),
        "program": "import under_tmp, os\ndef f(x): return [under_tmp.VALUE, os.listdir('/tmp')]\n",
    }
    try:
        (attempt,) = station.run(trial)
    finally:
        station.close()
    assert b"[[42, []]]" in attempt["answers"]


def test_the_remedy_is_that_of_the_fault() -> None:
    assert "install Python elsewhere" in remedy_of("Python lies under /tmp (/tmp/py), which ...")
    assert "apparmor" in remedy_of("Operation not permitted")
