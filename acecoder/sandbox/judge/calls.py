"""Calls with arguments: what is expected of them, said by the test or by the problem's reference.

The reference is a program like any other and runs in the sandbox. Its answers stay in the judge, as
the frames that came: a program whose frame has the same bytes has answered the same.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from acecoder.sandbox.contract import REFERENCE_FACTOR, REFERENCE_PATIENCE, Job, Limits
from acecoder.sandbox.judge.decoding import Frame, decode, read_frame
from acecoder.sandbox.judge.oracles import FLOAT_TOLERANCE, are_floats, is_right
from acecoder.sandbox.judge.references import Answered, References
from acecoder.sandbox.judge.values import Malformed
from acecoder.sandbox.trials import Attempt, Trial
from acecoder.sandbox.worker import arguments as wire_arguments
from acecoder.sandbox.worker.canonical import digest_of
from acecoder.sandbox.worker.wire import split_frames
from acecoder.schema import Outcome

CPU_KEY = b', "cpu_s": '
MAX_CPU_S = 600.0
"""Of what a reference may say that a call took it."""
ANSWERED = (b'{"values": ', b'{"digest": ')
NOT_REFLEXIVE = (b"nan", b"NaN", b'"opaque"', b'"iterator"', b'"sub"', b'"array"')
"""In a frame: it may hold a value that is not equal to itself."""
ROUNDS_CPU_S = (0.02, 0.2)
"""What the calls of a round cost the reference in all, the last round apart: a few times what
another process for the program costs."""
FLOAT_BEGINNINGS = (
    b'{"values": [{"t": "float"',
    b'{"values": [{"t": "scalar"',
    b'{"values": [{"t": "array"',
    b'{"values": [[{"t": "float"',
    b'{"values": [[{"t": "scalar"',
    b'{"values": [{"t": "tuple", "v": [{"t": "float"',
    b'{"values": [{"t": "tuple", "v": [{"t": "scalar"',
)


@dataclass(frozen=True)
class Expected:
    """What is expected of a call."""

    frame: bytes = b""
    """As the reference answered it; empty where the test says the value."""
    given: tuple[Any, ...] = ()
    """The value, where the test says it."""

    @cached_property
    def parsed(self) -> Frame:
        """The frame, read."""
        return read_frame(self.frame)

    @cached_property
    def value(self) -> Any:
        """The expected value. Raises Malformed where it is too large and only its digest is known."""
        if self.given:
            return self.given[0]
        if self.parsed.values is None or len(self.parsed.values) != 1:
            raise Malformed("the reference's answer is too large")
        return decode(self.parsed.values[0])

    @cached_property
    def is_reflexive(self) -> bool:
        """Is a frame with the same bytes the same answer?"""
        return bool(self.frame) and not any(part in self.frame for part in NOT_REFLEXIVE)


@dataclass(frozen=True)
class Call:
    """How a call with arguments is judged."""

    entry_point: str
    arguments: str
    oracle: str
    tolerance: float
    expected: Expected | None = None
    """None until the reference has answered."""
    cpu_s: float = 0.0
    """CPU seconds the call may take; 0 for the limit of all tests."""
    round: int = 0
    """Calls of a later round cost more; they may wait for what those before them say."""

    def job(self, *, timed: bool = False) -> dict[str, Any]:
        """As data for the worker; `timed`: the answer tells the CPU time it took."""
        test = {"calls": [self.entry_point], "lazy": False, "arguments": self.arguments}
        return {**test, "cpu_s": self.cpu_s, **({"timed": True} if timed else {})}


@dataclass
class Resolved:
    """The calls of one job with what is expected of them, found out once for all of its programs."""

    calls: dict[int, Call | str] | None = None
    """By test index; a text says why nothing is known. None before the first program."""


def answered(
    job: Job, calls: dict[int, Call], limits: Limits, references: References
) -> Generator[Trial, list[Attempt], dict[int, Call | str]]:
    """The calls with what is expected of them; a text says why nothing is known.

    The reference is asked where a call does not say it. Yields trials, is sent their attempts.
    """
    found: dict[int, Call | str] = {i: call for i, call in calls.items() if call.expected}
    asked = {i: call for i, call in calls.items() if not call.expected}
    if not job.reference:
        why = "without an expected value, and its problem has no reference"
        return found | dict.fromkeys(asked, why)
    if not asked:
        return found
    key = references.key(job)
    frames = references.get(key, asked)
    if frames is None:
        frames = yield from _frames(job.reference, asked, _patient(limits))
        references.put(key, frames)
    costs_s: dict[int, float] = {}
    for index, frame in frames.items():
        if isinstance(frame, str):
            found[index] = frame
        else:
            frame, costs_s[index] = _without_time(frame)
            found[index] = _resolved(asked[index], frame, costs_s[index], limits)
    found = _with_tolerance(found)
    return _in_rounds(found, costs_s, job.num_base_tests) if limits.stop_at_failure else found


def _frames(
    reference: str, calls: dict[int, Call], limits: Limits
) -> Generator[Trial, list[Attempt], Answered]:
    """What the reference answers to each call; a text where it does not."""
    found: Answered = {}
    waiting, kills = list(calls.items()), 0
    while waiting:
        if kills >= limits.max_timeouts:
            why = "not asked of its reference, which did not end on the inputs before"
            return found | {index: why for index, _ in waiting}
        jobs = tuple(call.job(timed=True) for _, call in waiting)
        (attempt, *_) = yield Trial("calls", (reference,), jobs, limits, 1, limits.total_wall_s)
        frames = split_frames(attempt.answers, limits.answer_bytes, len(waiting) + 1)
        error = read_frame(frames[0]).error if frames else ("it does not end", attempt.why)
        if error or (attempt.why == "finished" and len(frames) < 2):
            why = f"of a reference that cannot be imported: {': '.join(error or ())}"
            return found | {index: why for index, _ in waiting}
        found |= {index: f for (index, _), f in zip(waiting, frames[1:], strict=False)}
        waiting = waiting[len(frames) - 1 :]
        if attempt.why != "finished" and waiting:
            kills += 1
            index, _ = waiting.pop(0)
            found[index] = f"not answered by its reference ({attempt.why})"
    return found


def _with_tolerance(calls: dict[int, Call | str]) -> dict[int, Call | str]:
    """EvalPlus: from the first answer of floats on, every answer is compared within a tolerance."""
    found, tolerance = dict(calls), 0.0
    for index, call in sorted(calls.items()):
        if isinstance(call, Call) and call.oracle == "equal_or_close" and not call.tolerance:
            tolerance = tolerance or (FLOAT_TOLERANCE if _has_floats(call) else 0.0)
            found[index] = replace(call, tolerance=tolerance)
    return found


def _in_rounds(
    calls: dict[int, Call | str], costs_s: dict[int, float], num_base_tests: int
) -> dict[int, Call | str]:
    """The cheap calls, and all of the base, in the first round; what costs much in the last."""
    found, total_s = dict(calls), 0.0
    for index in sorted(costs_s, key=lambda index: costs_s[index]):
        total_s += costs_s[index]
        call = calls[index]
        if index >= num_base_tests and isinstance(call, Call):
            found[index] = replace(call, round=sum(total_s > most for most in ROUNDS_CPU_S))
    return found


def _without_time(frame: bytes) -> tuple[bytes, float]:
    """A timed frame as it would be otherwise, and the CPU seconds it tells."""
    before, key, told = frame.rpartition(CPU_KEY)
    if not key:
        return frame, 0.0
    try:
        return before + b"}", min(max(0.0, float(told[:-1])), MAX_CPU_S)
    except ValueError:
        return frame, 0.0


def _resolved(call: Call, frame: bytes, cpu_s: float, limits: Limits) -> Call | str:
    if not frame.startswith(ANSWERED):
        error = read_frame(frame).error or ("no answer", "")
        return f"answered with {': '.join(error)} by its reference"
    limit_s = max(limits.test_cpu_s, REFERENCE_FACTOR * cpu_s)
    return replace(call, expected=Expected(frame), cpu_s=limit_s)


def _has_floats(call: Call) -> bool:
    assert call.expected is not None
    return call.expected.frame.startswith(FLOAT_BEGINNINGS) and are_floats(call.expected.value)


def _patient(limits: Limits) -> Limits:
    names = ("setup_cpu_s", "test_cpu_s", "test_wall_s", "test_idle_s", "total_wall_s")
    return limits.model_copy(
        update={name: min(REFERENCE_PATIENCE * getattr(limits, name), 3600.0) for name in names}
    )


def judge_call(this: Call, frame: bytes) -> tuple[Outcome, str]:
    """What one answer says of its call."""
    expected = this.expected
    assert expected is not None
    if frame == expected.frame and expected.is_reflexive and this.oracle.startswith("equal"):
        return Outcome.PASSED, ""
    answer = read_frame(frame)
    if answer.error:
        kind, text = answer.error
        if kind == "MemoryError":
            return Outcome.MEMORY, "out of memory"
        return (Outcome.FAILED if kind == "AssertionError" else Outcome.ERROR), f"{kind}: {text}"
    try:
        if answer.digest or expected.parsed.digest:
            right = _digest(answer) == _digest(expected.parsed) != ""
        else:
            values = answer.values or []
            if len(values) != 1:
                raise Malformed("another number of answers than of calls")
            value = decode(values[0])
            right = is_right(
                this.oracle,
                lambda: wire_arguments.read(this.arguments),
                value,
                expected.value,
                this.tolerance,
            )
    except (RecursionError, MemoryError):
        raise
    except Exception as fault:
        return Outcome.FAILED, f"{_called(this)}: {fault or type(fault).__name__}"
    return (
        (Outcome.PASSED, "") if right else (Outcome.FAILED, f"{_called(this)} gave another answer")
    )


def _digest(frame: Frame) -> str:
    """Of an answer too large to be sent, or of one that was."""
    if frame.digest or not frame.values:
        return frame.digest
    return digest_of(decode(frame.values[0])) or ""


def _called(this: Call) -> str:
    shown = this.arguments[1:-1]
    return f"{this.entry_point}({shown[:80]}{'…' if len(shown) > 80 else ''})"
