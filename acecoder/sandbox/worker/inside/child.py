"""The process that becomes one program: it gives up everything, then reads what it will run.

Answers are data (`encoding`); expected values never come here. Whatever the program does to this
interpreter, it can only change its own answers.
"""

import _signal  # type: ignore[import-not-found]  # `signal` without its enums, which cost a fork
import ast
import atexit
import builtins
import gc
import json
import os
import resource
import sys
import types
from typing import Any

from .. import purity
from ..isolation import kernel, seccomp, system
from ..wire import ERROR_BYTES, LENGTH, OUT_OF_MEMORY, PROGRESS, Data
from . import calls, encoding
from .answers import Answers

ENVIRONMENT = {
    "HOME": "/tmp",
    "PATH": "",
    "LANG": "C.UTF-8",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
PROGRAM_FILE = "/tmp/program.py"
"""What `__file__` says; there is no such file."""
PRELOADED = (
    "bisect",
    "collections",
    "copy",
    "dataclasses",
    "datetime",
    "decimal",
    "enum",
    "fractions",
    "functools",
    "heapq",
    "itertools",
    "math",
    "operator",
    "random",
    "re",
    "statistics",
    "string",
    "threading",
    "typing",
)

FIXED_LIMITS = (
    (resource.RLIMIT_NOFILE, 64),
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_MEMLOCK, 0),
    (resource.RLIMIT_STACK, 8 << 20),
    (resource.RLIMIT_MSGQUEUE, 0),
)

UNSETTABLE_IN_GVISOR = frozenset((resource.RLIMIT_NPROC, resource.RLIMIT_MSGQUEUE))
"""gVisor's kernel refuses to set these; the filter allows no process and no message queue, and the
address space bounds the threads."""

MAX_INT_DIGITS = 50_000
"""Of an int that becomes a decimal text, as LiveCodeBench has it; Python's own limit is 4,300."""
REHEARSALS = 20
"""Enough for the interpreter to have specialised the code that every child runs."""

MAX_TOLD = 200
"""Characters of what an exception says."""
PYTESTS = "pytests.py"
_filter: "seccomp.OwnFilter | None" = None
_pytests: "types.CodeType | None" = None
_unsettable: frozenset[int] = frozenset()


def read_pytests() -> None:
    """Read what stands for pytest, while this file's folder is in sight; few programs need it."""
    global _pytests
    with open(os.path.join(os.path.dirname(__file__), PYTESTS), encoding="utf-8") as file:
        _pytests = compile(file.read(), PYTESTS, "exec")


def prepare() -> None:
    """What PID 1 does once, so that no program pays for it."""
    global _filter, _unsettable
    _filter = seccomp.OwnFilter()
    if not kernel.why_not_gvisor():
        _unsettable = UNSETTABLE_IN_GVISOR
    system.bound_capabilities()
    system.prctl(system.PR_SET_NO_NEW_PRIVS, 1)
    for which, value in FIXED_LIMITS:
        _lower_limit(which, value)
    os.environ.update(ENVIRONMENT)
    sys.path[:] = [
        path for path in sys.path if "worker" not in path and "site-packages" not in path
    ]
    sys.path.append("/packages")
    sys.dont_write_bytecode = True
    # What these do in a new child is not needed and dear: `random` would draw new entropy, and
    # `threading` make new locks, of which none is held here, where there is one thread.
    register, os.register_at_fork = os.register_at_fork, lambda **hooks: None
    try:
        for name in PRELOADED:
            __import__(name)
    finally:
        os.register_at_fork = register
    sys.modules["random"].seed(0)
    sys.set_int_max_str_digits(MAX_INT_DIGITS)
    # What `site` adds, which is not run here; scripts end themselves with them.
    builtins.exit = builtins.quit = sys.exit  # type: ignore[assignment]
    _rehearse()
    gc.collect()
    gc.freeze()


def _rehearse() -> None:
    """Run a small program as a child will, so that caches and specialised code are there before
    the fork: each child would make them on pages it must copy first."""
    program = "def f(x):\n    return [x, (str(x),), {x: 0.5}]\nclass C:\n    pass\n"
    job = {
        "kind": "calls",
        "program": program,
        "tests": [{"calls": ["f(1)"], "lazy": False}, {"calls": ["g()"], "lazy": False}],
    }
    text = json.dumps(job).encode()
    sink = os.open("/dev/null", os.O_WRONLY)
    reader, writer = os.pipe()
    for _ in range(REHEARSALS):
        _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
        system.rehearse()
        os.write(writer, LENGTH.pack(len(text)) + text)
        job = _read_job(reader)
        answers = Answers(sink, bytearray(PROGRESS.size + ERROR_BYTES), 1 << 16)
        _run_tests(job, answers, {})
        answers.hold = True
        _run_tests({**job, "kind": "batch"}, answers, {})
    for fd in (sink, reader, writer):
        os.close(fd)
    del sys.modules["program"]


def become_program(settings: Data, progress: Any, alive: int) -> None:
    """Isolate, read the program, run its tests, exit. Never returns."""
    try:
        try:
            _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
            header = _read_job(settings["programs_fd"])
            os.chdir("/tmp")
            _close_all_but(alive, settings["programs_fd"], settings["answers_fd"])
            _limit(header["limits"])
            # Its pid is the next one (see the supervisor), so no two programs share a uid.
            _drop_privileges(1 + os.getpid() % 60_000 if settings["many_uids"] else 0)
            sys.modules["threading"].main_thread()._set_native_id()
            assert _filter is not None
            _filter.install()
        except BaseException as error:
            os.write(alive, f"!{type(error).__name__}: {error}".encode()[:500])
            os._exit(1)
        os.write(alive, b"A")
        answers = Answers(settings["answers_fd"], progress, header["limits"]["answer_bytes"])
        codes: dict[str, types.CodeType] = {}
        for left in reversed(range(header["num_programs"])):
            job = _read_job(settings["programs_fd"])
            if not left:
                os.close(settings["programs_fd"])
            if job["kind"] == "stdin":
                _run_script(job, answers)
            else:
                answers.hold = job["kind"] == "batch"
                _run_tests(job, answers, codes)
            del job
    finally:
        os._exit(1)


def _read_job(fd: int) -> Data:
    size = LENGTH.unpack(_read(fd, LENGTH.size))[0]
    job: Data = json.loads(_read(fd, size))
    return job


def _read(fd: int, size: int) -> bytes:
    parts = []
    while size:
        part = os.read(fd, size)
        if not part:
            os._exit(1)
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _close_all_but(*keep: int) -> None:
    """stdin, stdout and stderr become /dev/null, every other descriptor is closed."""
    null = os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    last = 3
    for fd in sorted(keep):
        os.closerange(last, fd)
        last = fd + 1
    os.closerange(last, 4096)


def _limit(limits: Data) -> None:
    for which, value in (
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_NPROC, limits["threads"]),
    ):
        _lower_limit(which, value)


def _lower_limit(which: int, value: int) -> None:
    if which in _unsettable:
        return
    hard = resource.getrlimit(which)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (value, value))


def _drop_privileges(uid: int) -> None:
    os.setsid()
    if uid:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    system.drop_capabilities()
    # A change of uid clears this; without it, dying parents would leave programs behind.
    system.prctl(system.PR_SET_PDEATHSIG, _signal.SIGKILL)


def _run_tests(job: Data, answers: Answers, codes: dict[str, types.CodeType]) -> None:
    """Import the program, then run each test's calls; one frame per test."""
    module = types.ModuleType("program")
    module.__file__ = PROGRAM_FILE
    sys.modules["program"] = module
    namespace = module.__dict__
    tests = job["tests"]
    try:
        program = job["program"]
        if job["kind"] == "batch":
            program = _pure(program)
        exec(compile(program, "<program>", "exec"), namespace)
    except BaseException as error:
        for _ in range(len(tests) + 1):
            answers.put({"error": _describe(error)})
    else:
        answers.put({"values": []})
        for test in tests:
            answers.put(_frame(test, namespace, codes, answers.max_bytes))
            if answers.is_full():
                answers.end_early(len(tests) + 1)
                break
    if answers.hold:
        answers.flush()
        # What it kept would be missing to the next of the batch.
        namespace.clear()
        gc.collect()


def _frame(
    test: Data, namespace: Data, codes: dict[str, types.CodeType], max_bytes: int
) -> "Data | str":
    """The answer to one test: all calls are made before any value is read, as Python would."""
    try:
        if "code" in test:
            if "pytest" in test["code"]:
                _show_pytest()
            exec(compile(test["code"], "<test>", "exec"), namespace)
            return {"values": []}
        if "arguments" in test:
            function = eval(_code(test["calls"][0], codes), namespace)
            return calls.answer(function, test, max_bytes)
        if test["lazy"]:
            return {"values": _each(test["calls"], namespace, codes)}
        values = [eval(_code(call, codes), namespace) for call in test["calls"]]
        return {"values": encoding.encode_all(values)}
    except BaseException as error:
        return {"error": _describe(error)}


def _show_pytest() -> None:
    """Let a test file import what stands for pytest."""
    if "_acecoder_pytest" not in sys.modules:
        module = types.ModuleType("pytest")
        sys.modules["pytest"] = sys.modules["_acecoder_pytest"] = module
        assert _pytests is not None
        exec(_pytests, module.__dict__)


def _each(calls: list[str], namespace: Data, codes: dict[str, types.CodeType]) -> list[object]:
    """The calls of a test that may not need all of them: an error takes its value's place."""
    values, raised = [], {}
    for index, call in enumerate(calls):
        try:
            values.append(eval(_code(call, codes), namespace))
        except BaseException as error:
            raised[index] = {"t": "raised", "v": _describe(error)}
            values.append(None)
    return [raised.get(index, each) for index, each in enumerate(encoding.encode_all(values))]


class Impure(Exception):
    """Must be run in a process of its own."""


def _pure(program: str) -> ast.Module:
    if len(program) > purity.MAX_CHARACTERS:
        raise Impure("long")
    tree = ast.parse(program, "<program>")
    reason = purity.why_impure(tree)
    if reason:
        raise Impure(reason)
    return tree


def _code(call: str, codes: dict[str, types.CodeType]) -> types.CodeType:
    """The compiled call; the programs of a batch share their tests."""
    if call not in codes:
        codes[call] = compile(call, "<test>", "eval")
    return codes[call]


def _describe(error: BaseException) -> list[str]:
    try:
        text = str(error)
        if len(text) > MAX_TOLD:  # its end says as much as its beginning
            text = f"{text[: MAX_TOLD // 2]} ... {text[5 - MAX_TOLD // 2 :]}"
        return [type(error).__name__[:80], text]
    except BaseException:
        return [type(error).__name__[:80], ""]


def _run_script(job: Data, answers: Answers) -> None:
    """Run the program as a script with `input` on stdin and stdout going to the trusted side."""
    with open("/tmp/.stdin", "w", encoding="utf-8") as handle:
        handle.write(job["tests"][0]["input"])
    stdin = os.open("/tmp/.stdin", os.O_RDONLY)
    os.unlink("/tmp/.stdin")
    os.dup2(stdin, 0)
    os.dup2(answers.fd, 1)
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)  # type: ignore[misc]
    sys.stdout = sys.__stdout__ = open(1, "w", encoding="utf-8", closefd=False)  # type: ignore[misc]
    module = types.ModuleType("__main__")
    module.__file__ = PROGRAM_FILE
    sys.modules["__main__"] = module
    leave = os._exit

    def end(status: int, error: bytes = b"") -> None:
        answers.advance(status, error)
        leave(0)

    # What ends itself so has ended all the same.
    os._exit = lambda status: end(status & 0xFF)  # type: ignore[assignment,return-value]
    status, told = 0, b""
    answers.advance()
    try:
        exec(compile(job["program"], "<program>", "exec"), module.__dict__)
    except SystemExit as stop:
        status = stop.code & 0xFF if isinstance(stop.code, int) else int(stop.code is not None)
    except MemoryError:
        status = OUT_OF_MEMORY
    except BaseException as error:
        status = 1
        told = ": ".join(_describe(error)).encode("utf-8", "replace")[:ERROR_BYTES]
    # As the interpreter does at its end: wait for threads that still print, run what was asked
    # for, let files that nobody closed be written.
    sys.modules["threading"]._shutdown()
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
    except ValueError:
        pass  # the program closed it, which flushed it
    module.__dict__.clear()
    gc.collect()
    end(status, told)
