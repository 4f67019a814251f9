"""The namespace sandbox: wrong programs get no credit, right ones pass, canaries stay right.

The full attack suite is a later issue's; here every promise that judging rests on is attacked once.
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
from acecoder.sandbox.contract import Job, Judged, Limits, SandboxConfig
from acecoder.sandbox.local import LocalSandbox
from acecoder.sandbox.namespace import namespace_sandbox
from acecoder.sandbox.requirements import why_unavailable
from acecoder.schema import Outcome, StdinTest, Test, UnittestTest

pytestmark = pytest.mark.skipif(
    bool(why_unavailable()) and not os.environ.get("CI"),
    reason=f"no namespaces here: {why_unavailable()}",
)
CONFIG = SandboxConfig(limits=Limits(test_cpu_s=0.3, test_wall_s=1.5, setup_cpu_s=1.0))
TESTS: tuple[Test, ...] = tuple(f"assert f([{i}, 2, 3]) == [3, 2, {i}]" for i in range(4, 10))
RIGHT = "def f(x):\n    return x[::-1]\n"

FORGE = """
import json, os, struct, sys
def f(x):
    frame = sys._getframe()
    while 'answers' not in frame.f_locals: frame = frame.f_back
    data = json.dumps({frame}).encode()
    os.write(frame.f_locals['answers'], struct.pack('>I', len(data)) + data)
    os._exit(0)
"""

ATTACKS = {
    "exit at import": "import sys\nsys.exit(0)",
    "hard exit at import": "import os\nos._exit(0)",
    "exit in f": "import sys\ndef f(x): sys.exit(0)",
    "hard exit in f": "import os\ndef f(x): os._exit(0)",
    "always equal": "class E:\n    def __eq__(self, o): return True\n    __hash__ = None\ndef f(x): return E()",
    "list that lies": "class L(list):\n    def __eq__(self, o): return True\ndef f(x): return L([0])",
    "class lies": "class E:\n    __class__ = list\n    def __eq__(self, o): return True\ndef f(x): return E()",
    "builtins replaced": "import builtins\nbuiltins.exec = builtins.eval = lambda *a: None\ndef f(x): return 0",
    "json replaced": "import sys, json\njson.dumps = lambda v: '{\"values\": [[3, 2, 4]]}'\ndef f(x): return 0",
    "forged frames": (
        "import os, struct\n"
        "for fd in range(3, 64):\n"
        "    for data in (b'{\"values\": []}', b'{\"values\": [true]}', b'.' * 50):\n"
        "        try: os.write(fd, struct.pack('>I', len(data)) + data)\n"
        "        except OSError: pass\n"
        "def f(x): return 0"
    ),
    "answers in frames": (
        "import sys, gc\n"
        "def f(x):\n"
        "    for o in gc.get_objects():\n"
        "        if isinstance(o, list) and o == x[::-1] and o is not x: return o\n"
        "    frame = sys._getframe()\n"
        "    while frame:\n"
        "        for v in list(frame.f_locals.values()):\n"
        "            if v == [3, 2, x[0]]: return v\n"
        "        frame = frame.f_back\n"
    ),
    "endless loop": "def f(x):\n    while True: pass",
    "loop that eats signals": (
        "import signal\n"
        "for n in range(1, 64):\n"
        "    try: signal.signal(n, signal.SIG_IGN)\n"
        "    except (OSError, ValueError): pass\n"
        "def f(x):\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass"
    ),
    "sleeps for ever": "import time\ndef f(x): time.sleep(1e6)",
    "loop in C": "def f(x): sum(range(10**12)); return x[::-1]",
    "two gigabytes": "def f(x):\n    b = bytearray(2 << 30)\n    return x[::-1]",
    "fills the disk": "def f(x):\n    open('/tmp/x', 'wb').write(bytes(64 << 20))\n    return x[::-1]",
    "forks": "import os\ndef f(x):\n    os.fork()\n    return x[::-1]",
    "starts a process": "import subprocess\ndef f(x):\n    subprocess.run(['/bin/sh'])\n    return x[::-1]",
    "kills PID 1": "import os\ndef f(x):\n    os.kill(os.getppid(), 9)\n    raise SystemExit",
    "kills all": "import os\ndef f(x):\n    os.kill(-1, 9)\n    raise SystemExit",
    "network": "import socket\ndef f(x):\n    socket.socket()\n    return x[::-1]",
    "host file": "def f(x):\n    open('/etc/passwd').read()\n    return x[::-1]",
    "the checkout": f"def f(x):\n    open({str(Path(__file__))!r}).read()\n    return x[::-1]",
    "proc": "import os\ndef f(x):\n    os.listdir('/proc/1')\n    return x[::-1]",
    "secret": "import os\ndef f(x):\n    os.environ['ACECODER_TEST_SECRET']\n    return x[::-1]",
    "secret in memory": (
        "import ctypes\n"
        "environ = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), 'environ')\n"
        "found = []\n"
        "i = 0\n"
        "while environ and environ[i]: found.append(environ[i]); i += 1\n"
        "def f(x):\n"
        "    assert any(b'SECRET' in e for e in found)\n    return x[::-1]"
    ),
    "what the last one left": "import os\ndef f(x):\n    assert os.listdir('/tmp')\n    return x[::-1]",
    "writes to the packages": "def f(x):\n    open('/packages/x', 'w')\n    return x[::-1]",
    "ptrace": "import ctypes\ndef f(x):\n    assert ctypes.CDLL(None).ptrace(16, 1, 0, 0) == 0\n    return x[::-1]",
    "new namespace": "import ctypes\ndef f(x):\n    assert ctypes.CDLL(None).unshare(0x10000000) == 0\n    return x[::-1]",
    "compile bomb": "x = (" + "('a'*4096)+" * 2000 + "'')\n" * 1 + "def f(x): return 0",
    "deep repr": "def f(x):\n    a = []\n    for _ in range(100000): a = [a]\n    return a",
    "huge answer": "def f(x): return ['x' * 1000] * 5000",
    "surrogates": "def f(x): return '\\ud800' * 10",
    "exception that lies": (
        "class E(Exception):\n    def __str__(self): raise SystemExit\ndef f(x): raise E()"
    ),
    "thread that stays": (
        "import threading\n"
        "def g():\n    while True: pass\n"
        "threading.Thread(target=g).start()\n"
        "def f(x): return 0"
    ),
    "syntax error": "def f(x:",
    "real-time signal": "import os\ndef f(x): os.kill(os.getpid(), 40)",
    "forged unhashable tag": FORGE.format(frame={"values": [{"t": [], "v": 0}]}),
    "forged set of collisions": FORGE.format(
        frame={"values": [{"t": "set", "v": [{"t": "int", "v": hex(i * (2**61 - 1))} for i in range(9000)]}]}
    ),
    "endless range": "def f(x): return range(10**13)",
    "endless generator": "import itertools\ndef f(x): return (i for i in itertools.count())",
    "surrogate in an error": "def f(x): raise ValueError('\\ud800')",
    "device touched": "import os\ndef f(x):\n    os.utime('/dev/null')\n    return x[::-1]",
    "null byte": "def f(x): return 0\x00",
}  # fmt: skip

ODDITIES = {
    "plain": RIGHT,
    "numpy": "import numpy as np\ndef f(x): return np.array(x)[::-1]",
    "numpy scalars": "import numpy as np\ndef f(x): return [np.int64(v) for v in x[::-1]]",
    "prints a lot": "def f(x):\n    print('x' * 1_000_000)\n    return x[::-1]",
    "threads": (
        "import threading\ndef f(x):\n    out = []\n"
        "    t = threading.Thread(target=lambda: out.extend(x[::-1]))\n    t.start(); t.join()\n    return out"
    ),
    "deep recursion": "def f(x, n=0): return x[::-1] if n > 900 else f(x, n + 1)",
    "dataclass inside": (
        "from dataclasses import dataclass\n@dataclass\nclass P:\n    v: list\n"
        "def f(x): return P(x[::-1]).v"
    ),
    "generator": "def g(x):\n    yield from reversed(x)\ndef f(x): return list(g(x))",
    "own tmp": (
        "import tempfile\ndef f(x):\n    with tempfile.TemporaryFile('w+') as h:\n"
        "        h.write('x'); h.seek(0); assert h.read() == 'x'\n    return x[::-1]"
    ),
    "asyncio": "import asyncio\nasync def g(x): return x[::-1]\ndef f(x): return asyncio.run(g(x))",
    "main guard": RIGHT + "if __name__ == '__main__':\n    raise SystemExit(3)",
    "mutates its argument": "def f(x):\n    x.reverse()\n    return x",
    "bool for int": "def f(x): return [v if v != 1 else True for v in x[::-1]]",
}  # fmt: skip


@pytest.fixture(scope="module")
def sandbox() -> Iterator[LocalSandbox]:
    os.environ["ACECODER_TEST_SECRET"] = "hunter2"
    with namespace_sandbox(CONFIG, num_workers=2) as one:
        yield one


def judge(sandbox: LocalSandbox, program: str, tests: tuple[Test, ...] = TESTS) -> Judged:
    (result,) = sandbox.judge([Job("p", tests, (("k", program),))])
    return result


def all_pass(result: Judged) -> bool:
    return all(outcome is Outcome.PASSED for outcome in result.outcomes)


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_gets_no_credit_and_harms_nobody(sandbox: LocalSandbox, name: str) -> None:
    result = judge(sandbox, ATTACKS[name])
    assert Outcome.PASSED not in result.outcomes, result
    canaries = [Job("c", TESTS, tuple((str(i), RIGHT) for i in range(3)))]
    assert all(all_pass(canary) for canary in sandbox.judge(canaries))


@pytest.mark.parametrize("name", ODDITIES)
def test_an_honest_oddity_passes(sandbox: LocalSandbox, name: str) -> None:
    result = judge(sandbox, ODDITIES[name])
    assert all_pass(result), result


HOSTILE_TESTS = [
    "assert __import__('os').system('touch /tmp/x') == 0",
    "assert [0 for _ in iter(int, 1)]",
    "assert (lambda f: f(f))(lambda f: f(f))",
    "assert f(open('/etc/passwd').read()) == 1",
    "assert bytearray(3 << 30)",
    "assert f.__globals__.update(f=1) or 1 == 2",
    "while True: pass",
    "import os; os._exit(0)",
    "assert f(__import__('time').sleep(99))",
    "assert exit()",
    "raise SystemExit(0)",
    "assert f([1]) == 10 ** 10 ** 10",
]


@pytest.mark.parametrize("test", HOSTILE_TESTS)
def test_a_hostile_test_passes_nothing_and_harms_nobody(sandbox: LocalSandbox, test: str) -> None:
    result = judge(sandbox, RIGHT, (test, TESTS[0]))
    assert result.outcomes[0] is not Outcome.PASSED
    assert all_pass(judge(sandbox, RIGHT))


def test_one_bad_input_costs_one_test(sandbox: LocalSandbox) -> None:
    for act in ("while True: pass", "import os; os._exit(0)", "raise SystemExit", "1 / 0"):
        program = f"def f(x):\n    if x[0] == 6:\n        {act}\n    return x[::-1]\n"
        outcomes = judge(sandbox, program).outcomes
        assert [outcome is Outcome.PASSED for outcome in outcomes] == [True, True, False] + [
            True
        ] * 3


def test_outcomes_say_what_happened(sandbox: LocalSandbox) -> None:
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


def test_scripts_are_judged_by_their_output(sandbox: LocalSandbox) -> None:
    tests = (StdinTest(kind="stdin", input="3 4\n", output="7\n"),
             StdinTest(kind="stdin", input="1 1\n", output="2"))  # fmt: skip
    add = "a, b = map(int, input().split())\nprint(a + b)"
    assert all_pass(judge(sandbox, add, tests))
    assert judge(sandbox, "print(7)", tests).outcomes == (Outcome.PASSED, Outcome.FAILED)
    assert judge(sandbox, f"{add}\nraise SystemExit(1)", tests).outcomes[0] is Outcome.ERROR
    assert judge(sandbox, "while True: pass", tests).outcomes[0] is Outcome.TIMEOUT


def test_what_must_run_beside_the_program_is_marked_weak(sandbox: LocalSandbox) -> None:
    tests = (TESTS[0], UnittestTest(kind="unittest", code="def check(c):\n    assert c([1, 2]) == [2, 1]\ncheck(f)"),
             "assert all(f([i]) == [i] for i in range(3))")  # fmt: skip
    result = judge(sandbox, RIGHT, tests)
    assert all_pass(result)
    assert result.weak == (1, 2)


def test_many_programs_are_each_judged_once_and_leave_no_process() -> None:
    jobs = [Job(f"p{i}", TESTS, (("a", RIGHT), ("b", "def f(x): return 0"))) for i in range(100)]
    before = set(_workers(os.getpid()))
    with namespace_sandbox(CONFIG, num_workers=2) as sandbox:
        results = list(sandbox.judge(iter(jobs)))
    assert sorted((r.problem_id, r.key) for r in results) == sorted(
        (f"p{i}", key) for i in range(100) for key in "ab"
    )
    assert all(all_pass(r) == (r.key == "a") for r in results)
    assert set(_workers(os.getpid())) <= before


def test_killing_workers_in_the_middle_changes_no_verdict() -> None:
    slow = "import time\ndef f(x):\n    time.sleep(0.01)\n    return x[::-1]\n"
    jobs = [Job(f"p{i}", TESTS, (("a", slow),)) for i in range(40)]
    with namespace_sandbox(CONFIG, num_workers=2) as sandbox:
        results = []
        for number, result in enumerate(sandbox.judge(jobs)):
            results.append(result)
            if number in (5, 15):
                subprocess.run(["pkill", "-9", "-P", str(os.getpid()), "-f", "sandbox/worker"],
                               check=False)  # fmt: skip
    assert len(results) == 40
    assert all(all_pass(result) for result in results)


def test_killing_the_judge_leaves_no_process(tmp_path: Path) -> None:
    code = (
        "from acecoder.sandbox.contract import *; from acecoder.sandbox.namespace import *\n"
        "loop = 'def f(x):\\n    while True: pass'\n"
        "limits = Limits(test_cpu_s=60, test_wall_s=60)\n"
        "with namespace_sandbox(SandboxConfig(limits=limits), num_workers=1) as s:\n"
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
    monkeypatch.setattr("acecoder.sandbox.namespace.why_unavailable", lambda: "unshare: no")
    with (
        pytest.raises(SandboxUnavailable, match=r"unshare: no[\s\S]*try: allow user namespaces"),
        namespace_sandbox(CONFIG, num_workers=1),
    ):
        pass


def test_what_a_program_sets_on_the_pipes_does_not_reach_the_next(
    sandbox: LocalSandbox,
) -> None:
    tests = (StdinTest(kind="stdin", input="", output="y" * 200_000),)
    with namespace_sandbox(CONFIG, num_workers=1) as one:
        meddle = "import fcntl\nfcntl.fcntl(1, 1031, 4096)\nfcntl.fcntl(1, 4, 2048)"
        judge(one, meddle, tests)
        assert all_pass(judge(one, "print('y' * 200000)", tests))


def test_weak_tests_do_not_tell_the_others_answers(sandbox: LocalSandbox) -> None:
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


def test_a_test_that_rewrites_the_program_helps_only_itself(sandbox: LocalSandbox) -> None:
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
    sandbox: LocalSandbox, test: str, program: str
) -> None:
    assert all_pass(judge(sandbox, program, (test,)))


def test_hash_order_is_the_same_in_every_worker() -> None:
    program = "def f(x): return [hash(str(x)) % 1000003]"
    seen = set()
    for _ in range(2):
        with namespace_sandbox(CONFIG, num_workers=1) as one:
            seen.add(judge(one, program, ("assert f(1) == 0",)).reason)
    assert len(seen) == 1


@pytest.mark.parametrize(
    "test",
    [
        "assert f(0x" + "f" * 5000 + ") == 1", "assert round(f(1), -10**7) == 0",
        "assert len(sum([range(100000)] * 1000, [])) == f(1)",
    ],
)  # fmt: skip
def test_a_test_against_the_judge_itself_is_contained(sandbox: LocalSandbox, test: str) -> None:
    result = judge(sandbox, "def f(x): return 0", (test, "assert f(1) == 0"))
    assert result.outcomes[0] is not Outcome.PASSED
    assert result.outcomes[1] is Outcome.PASSED
