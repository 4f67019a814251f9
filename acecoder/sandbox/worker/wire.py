"""What goes in and out of a worker: trials, bodies, frames and attempts, said once for both sides.

A **trial** is plain JSON data: some tests of one program (or, `batch`, of several):

    kind       calls, stdin or batch
    program    its text; for a batch `programs`, several texts
    tests      calls: {"calls": [source, ...], "lazy": may a call that raises not be needed} or
               {"code": source}, or {"calls": [the entry point], "arguments": text (`arguments`),
               "cpu_s": its own limit or 0, "timed": must the answer tell its CPU time};
               stdin: {"input": text}
    limits     see `contract.Limits`
    max_kills, max_wall_s   when to give up; hash_seed

Its result is a list of **attempts**: {first, why, status, answers, truncated, cpu_s, wall_s, error,
starved}. A program that is killed on one test is tried again from the next test on.
"""

import base64
import json
import struct
from typing import Any

Data = dict[str, Any]
"""Plain JSON data: a trial, a test, limits, a message."""
LENGTH = struct.Struct(">I")
"""The size of a body or a frame, before it."""
PROGRESS = struct.Struct("=QddQ")
"""On the page that a program shares with the supervisor: the phase begun, the CPU and wall clock it
began at, and what a script ended with."""
ERROR_BYTES = 300
"""Of what a script says that it raised, behind `PROGRESS` on the page."""
MAX_ANSWERS_BYTES = 16 << 20
"""Of one process's answers to calls: then it ends, and the tests that are left are asked for again."""
OUT_OF_MEMORY = 256
"""What a script that ran out of memory has in the place of an exit status."""
CANARY_PROGRAM = "def f(x):\n    return x + 1\n"
CANARY_TESTS = ({"calls": ["f(41)"], "lazy": False},)
CANARY_ANSWER = b"[42]"
"""What any whole worker answers to the canary, among other bytes."""


HASH_SEEDS = (0, 1)
KINDS = ("calls", "stdin", "batch")
LIMITS = {
    "setup_cpu_s": 3600.0,
    "test_cpu_s": 3600.0,
    "test_wall_s": 3600.0,
    "test_idle_s": 3600.0,
    "total_wall_s": 86_400.0,
    "memory_bytes": 1 << 40,
    "file_bytes": 1 << 36,
    "threads": 4096,
    "answer_bytes": 64 << 20,
}
"""The most that makes sense of each."""


def check_trial(trial: Data) -> None:
    """Raises: ValueError, KeyError or TypeError where it is none."""
    if trial["kind"] not in KINDS or trial["hash_seed"] not in HASH_SEEDS:
        raise ValueError("an unknown kind of trial or hash seed")
    limits = trial["limits"]
    for name, most in LIMITS.items():
        value = limits[name]
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= most:
            raise ValueError(f"{name}: {str(value)[:40]}")
    if not 0 < trial["max_wall_s"] <= 86_400.0 or not 1 <= trial["max_kills"] <= 1_000_000_000:
        raise ValueError("max_wall_s or max_kills")
    programs = trial["programs"] if trial["kind"] == "batch" else [trial["program"]]
    if not all(isinstance(program, str) for program in programs) or not programs:
        raise TypeError("a program is a text")
    tests = trial["tests"]
    if not isinstance(tests, list) or not tests:
        raise TypeError("tests are a list")
    for test in tests:
        _check_test(test, trial["kind"])


def _check_test(test: Data, kind: str) -> None:
    calls = test.get("calls", [])
    texts = [test.get("code", ""), test.get("arguments", ""), *calls]
    if kind == "stdin":
        texts = [test["input"]]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("a test is of texts")
    if calls and not isinstance(test["lazy"], bool):
        raise TypeError("lazy is yes or no")
    limit_s = test.get("cpu_s", 0.0)
    if isinstance(limit_s, bool) or not isinstance(limit_s, (int, float)):
        raise TypeError("cpu_s is a number")
    if not 0 <= limit_s <= LIMITS["test_cpu_s"]:
        raise ValueError(f"cpu_s: {str(limit_s)[:40]}")


def encode_body(body: Data) -> bytes:
    """A program and its tests as the child reads them: a length, then JSON."""
    text = json.dumps(body).encode("utf-8", "surrogatepass")
    return LENGTH.pack(len(text)) + text


def split_frames(data: bytes, max_bytes: int, most: int) -> list[bytes]:
    """At most so many frames, whole ones only: a length, then as many bytes; what follows a torn or
    too large one is dropped (an honest child sends none)."""
    frames: list[bytes] = []
    at = 0
    while at + LENGTH.size <= len(data) and len(frames) < most:
        size = LENGTH.unpack_from(data, at)[0]
        at += LENGTH.size
        if at + size > len(data) or size > max_bytes:
            break
        frames.append(data[at : at + size])
        at += size
    return frames


def to_wire(attempts: list[Data]) -> list[Data]:
    """Attempts as JSON data: answers are bytes that a hostile program chose."""
    return [
        {**attempt, "answers": base64.b64encode(attempt["answers"]).decode()}
        for attempt in attempts
    ]


def from_wire(attempts: list[Data]) -> list[Data]:
    """The inverse of `to_wire`. Raises: ValueError, KeyError or TypeError on what it never wrote."""
    return [
        {**attempt, "answers": base64.b64decode(attempt["answers"], validate=True)}
        for attempt in attempts
    ]
