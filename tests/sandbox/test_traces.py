"""What one program could leave for the next in its worker, and what could end the worker or the judge.

Found by an attacker. Pairs of programs in one worker: the first is right and leaves its answers,
the second computes nothing and takes them. Every channel is tried on every backend of this machine.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from acecoder.errors import SandboxUnavailable
from acecoder.sandbox.contract import Job, Limits, SandboxConfig
from acecoder.sandbox.opening import Sandbox, open_sandbox
from acecoder.schema import Outcome, StdinTest, Test

PRIMES = (
    (2, True),
    (9, False),
    (11, True),
    (15, False),
    (17, True),
    (1, False),
    (19, True),
    (21, False),
)
TESTS: tuple[Test, ...] = tuple(f"assert f({n}) == {prime}" for n, prime in PRIMES)
PRIME = "def prime(x): return x > 1 and all(x % i for i in range(2, int(x**.5)+1))\n"
TAKE = "n = -1\ndef f(x):\n    global n\n    n += 1\n    return bool(v >> n & 1)\n"
FRAMES = "import fcntl, os, sys, threading\nfr = sys._getframe()\nwhile 'answers' not in fr.f_locals: fr = fr.f_back\nfd, tests = fr.f_locals['answers'].fd, fr.f_locals['job']['tests']\n"
GIVE = (
    FRAMES + PRIME + "f = prime\nv = sum(eval(t['calls'][0]) << i for i, t in enumerate(tests))\n"
)
CHANNELS = {
    "exit status": (
        PRIME + """import os
answers, leave = [], os._exit
os._exit = lambda status: leave(sum(b << i for i, b in enumerate(answers)))
def f(x):
    answers.append(prime(x))
    return answers[-1]
""",
        """import gc, sys
fr, v = sys._getframe(), 0
while fr is not None:
    for value in fr.f_locals.values():
        if isinstance(value, dict) and 'status' in value: v = value['status'] >> 8 or value['status']
    fr = fr.f_back
for o in gc.get_objects():
    if isinstance(o, dict) and 'cpu_s' in o and 'status' in o: v = o['status'] >> 8 or o['status']
""" + TAKE),
    "signal of the pipe": (GIVE + "fcntl.fcntl(fd, 10, v & 63)\n", FRAMES + "v = fcntl.fcntl(fd, 11)\n" + TAKE),
    "owner of the pipe": (GIVE + "fcntl.fcntl(fd, 8, v)\n", FRAMES + "v = fcntl.fcntl(fd, 9)\n" + TAKE),
    "pid counter": (GIVE + """
while True:
    seen = []
    t = threading.Thread(target=lambda: seen.append(threading.get_native_id())); t.start(); t.join()
    if (seen[0] + 1) % 256 == v: break
""", "import os\nv = os.getpid() % 256\n" + TAKE),
    "inodes of pipes, in gVisor": (GIVE + """
while True:
    r, w = os.pipe()
    if os.fstat(r).st_ino % 256 == v or os.fstat(r).st_dev == 0: break
    os.close(r); os.close(w)
""", """import os
v = 0
for fd in range(3, 20):
    try: v = (os.fstat(fd).st_ino - 1) % 256
    except OSError: pass
""" + TAKE),
    "pipe size": (GIVE + "fcntl.fcntl(fd, 1031, 4096 * (v + 1))\n", FRAMES + "v = fcntl.fcntl(fd, 1032) // 4096 - 1\n" + TAKE),
    "flags of the pipe": (GIVE + "fcntl.fcntl(fd, 4, os.O_NONBLOCK if v & 1 else 0)\n", FRAMES + "v = 1 if fcntl.fcntl(fd, 3) & os.O_NONBLOCK else 0\n" + TAKE),
    "locks of a library": (GIVE + "lock = open(os.__file__)\nfcntl.flock(lock, fcntl.LOCK_EX)\n", FRAMES + """
try:
    fcntl.flock(open(os.__file__), fcntl.LOCK_EX | fcntl.LOCK_NB); v = 0
except OSError: v = 1
""" + TAKE),
}  # fmt: skip


@pytest.fixture(scope="module", params=["namespace", "gvisor"])
def backend(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    sandbox = open_sandbox(SandboxConfig(backend=request.param), num_workers=1)
    try:
        sandbox.__enter__()
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    yield sandbox
    sandbox.__exit__(None, None, None)


@pytest.mark.parametrize("channel", CHANNELS)
def test_nothing_that_a_right_program_leaves_helps_the_next(
    backend: Sandbox, channel: str, request: pytest.FixtureRequest
) -> None:
    if "inodes" in channel and request.node.callspec.params["backend"] == "namespace":
        pytest.skip("Linux counts them for the whole machine: a known limit (DESIGN.md)")
    gives, takes = CHANNELS[channel]
    programs = (("gives", gives), ("takes", takes), ("canary", PRIME + "f = prime"))
    judged = {r.key: r for r in backend.judge([Job("p", TESTS, programs)])}
    if channel not in (
        "pid counter",
        "inodes of pipes, in gVisor",
    ):  # how many programs a worker has run, its pid does tell
        alone = next(iter(backend.judge([Job("p", TESTS, (("takes", takes),))])))
        assert judged["takes"].outcomes == alone.outcomes, "it knows no more than by itself"
    assert Outcome.FAILED in judged["takes"].outcomes or Outcome.ERROR in judged["takes"].outcomes
    assert set(judged["canary"].outcomes) == {Outcome.PASSED}


KILLERS = {
    "a signal to PID 1 by its descriptor": """
import fcntl, os, time
r, w = os.pipe()
fcntl.fcntl(r, fcntl.F_SETOWN, 1)
fcntl.fcntl(r, 10, 9)
fcntl.fcntl(r, fcntl.F_SETFL, os.O_NONBLOCK | 0o20000)
os.write(w, b"x")
time.sleep(0.2)
""",
    "the zygote": "import os, signal\nfor pid in range(1, os.getpid()): os.kill(pid, signal.SIGKILL)",
    "its parent's limits": "import resource, os\nresource.prlimit(os.getppid(), resource.RLIMIT_CPU, (0, 0))",
}


@pytest.mark.parametrize("killer", KILLERS)
def test_a_program_cannot_end_its_worker(backend: Sandbox, killer: str) -> None:
    right = "def f(x):\n    return 1"
    jobs = [Job(f"p{i}", ("assert f(1) == 1",), (("right", right),)) for i in range(4)]
    jobs.insert(
        2, Job("evil", ("assert f(1) == 1",), (("evil", KILLERS[killer] + "\ndef f(x): return 0"),))
    )
    judged = {r.problem_id: r.outcomes for r in backend.judge(jobs)}
    assert judged.pop("evil") != (Outcome.PASSED,)
    assert set(judged.values()) == {(Outcome.PASSED,)}
    assert len(judged) == 4


def test_forged_answers_cost_the_judge_no_minutes(backend: Sandbox) -> None:
    forge = (
        FRAMES
        + """
import json, struct
def f(x):
    items = [i * (2**61 - 1) for i in range(1, 10500)]
    data = json.dumps({"values": [items]}, separators=(",", ":")).encode()
    for i in range(20): os.write(fd, struct.pack('>I', len(data)) + data)
    os._exit(0)
"""
    )
    empty = FRAMES + "while True: os.write(fd, bytes(1 << 16))\n"
    tests: tuple[Test, ...] = tuple(f"assert len(set(f({i}))) == 3" for i in range(20))
    started_s = time.process_time()
    judged = list(backend.judge([Job("p", tests, (("forge", forge), ("empty", empty)))]))
    assert time.process_time() - started_s < 4
    assert not [r for r in judged if Outcome.PASSED in r.outcomes]


SCRIPTS = {
    "exit": "print(int(input()) + 1); exit()",
    "quit": "print(int(input()) + 1)\nquit(0)",
    "os._exit": "import os, sys\nprint(int(input()) + 1); sys.stdout.flush(); os._exit(0)",
    "atexit": "import atexit, io, sys\nout = io.StringIO()\natexit.register(lambda: sys.__stdout__.write(out.getvalue()))\nout.write(str(int(input()) + 1))",
    "__stdout__": "import sys\nsys.__stdout__.write(str(int(sys.__stdin__.readline()) + 1))",
    "fdopen, never closed": "import os\nout = os.fdopen(1, 'w')\nout.write(str(int(input()) + 1))",
    "__file__": "import os\nos.path.abspath(__file__)\nprint(int(input()) + 1)",
    "thread": "import threading\nt = threading.Thread(target=lambda: print(int(input()) + 1))\nt.start()",
    "sys.exit": "import sys\ndef main():\n    print(int(input()) + 1)\n    sys.exit(0)\nif __name__ == '__main__':\n    main()",
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_end_as_scripts_do(backend: Sandbox, name: str) -> None:
    test = StdinTest(kind="stdin", input="41\n", output="42\n")
    (judged,) = backend.judge([Job("p", (test,), (("k", SCRIPTS[name]),))])
    assert judged.outcomes == (Outcome.PASSED,), judged.reason


def test_a_script_may_print_as_much_as_is_expected(backend: Sandbox) -> None:
    lines = "".join(f"{i}\n" for i in range(200_000))
    test = StdinTest(kind="stdin", input="200000\n", output=lines)
    program = "print(*range(int(input())), sep='\\n')"
    (judged,) = backend.judge([Job("p", (test,), (("k", program),))])
    assert judged.outcomes == (Outcome.PASSED,), judged.reason


def test_a_script_that_exits_with_an_error_or_dies_has_not_passed(backend: Sandbox) -> None:
    test = StdinTest(kind="stdin", input="41\n", output="42\n")
    ends = (
        "import sys; sys.exit(3)",
        "raise ValueError",
        "import os; os._exit(1)",
        "import os; os.kill(os.getpid(), 9)",
    )
    programs = tuple((end, f"print(42, flush=True)\n{end}") for end in ends)
    judged = list(backend.judge([Job("p", (test,), programs)]))
    assert [r.key for r in judged if r.outcomes == (Outcome.PASSED,)] == []


def test_a_binding_of_builtins_makes_a_program_impure() -> None:
    """With `import operator as __builtins__`, every name would mean something else."""
    reach = """
import operator as __builtins__
from functools import cache
if 0:
    attrgetter = 1
def get(o, name): return attrgetter(name)(o)
gc = get(cache, "__globals__")["__builtins__"]["__import__"]("gc")
sibling = None
for o in get(gc, "get_objects")():
    try:
        if get(o, "__name__") == "f" and get(o, "__module__") == "program": sibling = o
    except: pass
def f(x): return sibling(x)
"""
    binders = (
        "import math as __builtins__",
        "from math import pi as __builtins__",
        "def __builtins__(): pass",
        "def g(__builtins__): pass",
        "try:\n    pass\nexcept ValueError as __builtins__:\n    pass",
        "def g():\n    global __builtins__",
    )
    right = PRIME + "def f(x):\n    return prime(x)"
    programs = (("right", right), ("reach", reach), *((b, f"{b}\n{right}") for b in binders))
    config = SandboxConfig(batch_size=16, audit_share=0.0, limits=Limits())
    try:
        with open_sandbox(config, num_workers=1) as sandbox:
            judged = {r.key: r for r in sandbox.judge([Job("p", TESTS, programs)])}
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    assert sandbox.audit.batched == 1, "the right one alone"
    assert Outcome.PASSED not in judged["reach"].outcomes


def test_no_other_processs_clock_is_told(backend: Sandbox) -> None:
    """The supervisor's CPU time could be spent by one program and read by the next."""
    clocks = "import time\ndef f(pid): return time.clock_gettime((~pid << 3) | 2)"
    tests: tuple[Test, ...] = ("assert f(1) >= 0", "assert f(2) >= 0")
    (judged,) = backend.judge([Job("p", tests, (("k", clocks),))])
    assert Outcome.PASSED not in judged.outcomes
    own = "import time\ndef f(n): return time.process_time() >= 0 and time.thread_time() >= 0 and time.monotonic() > 0"
    (judged,) = backend.judge([Job("p", ("assert f(1)",), (("k", own),))])
    assert judged.outcomes == (Outcome.PASSED,)


def test_each_program_has_a_new_tmp(backend: Sandbox) -> None:
    """One that looks untouched would tell by its age how long the program before has run."""
    slow = "import time\ndef f(n):\n    time.sleep(0.6)\n    return 0"
    age = "import os, time\ndef f(n): return time.time() - os.stat('/tmp').st_ctime < 0.5"
    jobs = [Job("p", ("assert f(1)",), (("slow", slow), ("age", age)))]
    judged = {r.key: r.outcomes for r in backend.judge(jobs)}
    assert judged["age"] == (Outcome.PASSED,)


def test_a_late_program_is_not_told_that_its_time_is_over(backend: Sandbox) -> None:
    late = (
        FRAMES
        + """
import time
def f(n):
    alive = [fd for fd in range(3, 20) if fd != fr.f_locals['answers'].fd]
    while True:
        for fd in alive:
            try: os.write(fd, b"x")
            except BrokenPipeError: return 1
            except OSError: pass
"""
    )
    (judged,) = backend.judge([Job("p", ("assert f(1) == 1",), (("k", late),))])
    assert judged.outcomes != (Outcome.PASSED,)


def test_what_one_of_a_batch_keeps_is_not_missing_to_the_next() -> None:
    hog = "keep = [0] * 60_000_000\ndef f(x): return x"
    right = "def f(x):\n    try:\n        return len([0] * 60_000_000) - 60_000_000 + x\n    except:\n        return -1"
    # Half a gigabyte of zeros takes a slow machine more CPU time than a test has by default.
    config = SandboxConfig(
        batch_size=8, audit_share=0.0, limits=Limits(setup_cpu_s=10, test_cpu_s=10)
    )
    try:
        with open_sandbox(config, num_workers=1) as sandbox:
            judged = list(
                sandbox.judge([Job("p", ("assert f(3) == 3",), (("hog", hog), ("right", right)))])
            )
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    assert {r.outcomes for r in judged} == {(Outcome.PASSED,)}
