"""The process that becomes one program: it gives up everything, then reads what it will run.

Answers are data (`encoding`); expected values never come here. Whatever the program does to this
interpreter, it can only change its own answers.
"""

import json
import os
import random
import resource
import signal
import struct
import sys
import threading
import types

from worker import encoding, seccomp, system

LENGTH = struct.Struct(">I")
ENVIRONMENT = {
    "HOME": "/tmp", "PATH": "", "LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
}  # fmt: skip
PRELOADED = (
    "bisect", "collections", "copy", "dataclasses", "datetime", "decimal", "enum", "fractions",
    "functools", "heapq", "itertools", "math", "operator", "random", "re", "statistics", "string",
    "typing",
)  # fmt: skip

_filter = b""


def prepare(settings: dict) -> None:
    """What PID 1 does once, so that no program pays for it."""
    global _filter
    _filter = seccomp.build()
    sys.path[:] = [
        path for path in sys.path if "worker" not in path and "site-packages" not in path
    ]
    sys.path.append("/packages")
    sys.dont_write_bytecode = True
    for name in PRELOADED:
        __import__(name)


def become_program(header: dict, settings: dict, ticks: int, uid: int) -> None:
    """Isolate, read the program, run its tests, exit. Never returns."""
    try:
        try:
            _close_all_but(ticks, settings["programs_fd"], settings["answers_fd"])
            _own_tmp(header["limits"])
            _limit(header["limits"])
            _drop_privileges(uid)
            os.environ.update(ENVIRONMENT)
            random.seed(0)
            seccomp.install(_filter)
        except BaseException as error:
            os.write(ticks, f"!{type(error).__name__}: {error}".encode()[:500])
            os._exit(1)
        os.write(ticks, b"A")
        size = LENGTH.unpack(_read(settings["programs_fd"], LENGTH.size))[0]
        job = json.loads(_read(settings["programs_fd"], size))
        os.close(settings["programs_fd"])
        run = _run_script if job["kind"] == "stdin" else _run_tests
        run(job, ticks, settings["answers_fd"], header["limits"]["answer_bytes"])
    finally:
        os._exit(1)


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


def _own_tmp(limits: dict) -> None:
    """A private tmpfs that vanishes with this process."""
    system.unshare(system.CLONE_NEWNS | system.CLONE_NEWIPC)
    flags = system.MS_NOSUID | system.MS_NODEV
    system.mount(
        "tmpfs", "/tmp", "tmpfs", flags, f"size={limits['file_bytes']},nr_inodes=1024,mode=1777"
    )
    os.chdir("/tmp")


def _limit(limits: dict) -> None:
    for which, value in (
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_NPROC, limits["threads"]),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_STACK, 8 << 20),
    ):
        resource.setrlimit(which, (value, value))


def _drop_privileges(uid: int) -> None:
    os.setsid()
    if uid:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    system.drop_capabilities()
    # A change of uid clears this; without it, dying parents would leave programs behind.
    system.prctl(system.PR_SET_PDEATHSIG, signal.SIGKILL)


def _run_tests(job: dict, ticks: int, answers: int, answer_bytes: int) -> None:
    """Import the program, then run each test's calls; one frame a test."""
    write, pack, encode, dumps = os.write, LENGTH.pack, encoding.encode, json.dumps

    def answer(frame: dict) -> None:
        text = dumps(frame).encode()
        if len(text) > answer_bytes:
            text = dumps({"error": ["AnswerTooLarge", f"more than {answer_bytes} bytes"]}).encode()
        data = pack(len(text)) + text
        while data:
            data = data[write(answers, data) :]
        write(ticks, b".")

    module = types.ModuleType("program")
    sys.modules["program"] = module
    namespace = module.__dict__
    try:
        exec(compile(job["program"], "<program>", "exec"), namespace)
    except BaseException as error:
        answer({"error": _describe(error)})
        return
    answer({"values": []})
    for test in job["tests"]:
        try:
            if "code" in test:
                exec(compile(test["code"], "<test>", "exec"), namespace)
                frame = {"values": []}
            else:
                frame = {"values": [encode(eval(source, namespace)) for source in test["calls"]]}
        except BaseException as error:
            frame = {"error": _describe(error)}
        answer(frame)


def _describe(error: BaseException) -> list:
    try:
        return [type(error).__name__[:80], str(error)[:200]]
    except BaseException:
        return [type(error).__name__[:80], ""]


def _run_script(job: dict, ticks: int, answers: int, answer_bytes: int) -> None:
    """Run the program as a script with `input` on stdin and stdout going to the trusted side."""
    with open("/tmp/.stdin", "w", encoding="utf-8") as handle:
        handle.write(job["tests"][0]["input"])
    stdin = os.open("/tmp/.stdin", os.O_RDONLY)
    os.unlink("/tmp/.stdin")
    os.dup2(stdin, 0)
    os.dup2(answers, 1)
    sys.stdin = open(0, encoding="utf-8", closefd=False)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    status = 0
    os.write(ticks, b".")
    try:
        exec(compile(job["program"], "<program>", "exec"), module.__dict__)
    except SystemExit as stop:
        status = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except MemoryError:
        status = 2
    except BaseException:
        status = 1
    threading._shutdown()  # as the interpreter does at its end: wait for threads that still print
    try:
        sys.stdout.flush()
    except ValueError:
        pass  # the program closed it, which flushed it
    os._exit(status & 0xFF)
