"""The trusted half of judging one program, the same for every backend.

Nothing is run here: `judge_program` is a generator that asks for trials (some tests of one program,
run in isolation) and is sent what the program answered. The backend that drives it may run trials
in this machine's namespaces or send them to a pod. Expected values never leave this folder.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from acecoder.sandbox.contract import Judged, Limits
from acecoder.sandbox.judge.asserts import Plan
from acecoder.sandbox.judge.calls import Call, judge_call
from acecoder.sandbox.judge.decoding import Frame, decode_all, read_frame
from acecoder.sandbox.judge.interpreter import CallRaised, holds
from acecoder.sandbox.judge.kinds.kind import Planned, Script
from acecoder.sandbox.judge.stdin import same_output
from acecoder.sandbox.judge.values import Malformed
from acecoder.sandbox.trials import Attempt, Trial
from acecoder.sandbox.worker.wire import OUT_OF_MEMORY, split_frames
from acecoder.schema import Outcome

MAX_REASON = 300
MAX_OUTPUT_BYTES = 32 << 20
ADDRESS = re.compile(r"0x[0-9a-f]{6,}")

Judging = Generator[Trial, list[Attempt], Judged]
"""Yields trials, is sent their attempts, returns the verdict."""


@dataclass
class _Tally:
    """Outcomes so far of one program."""

    outcomes: list[Outcome]
    weak: list[int]
    broken: list[int] = field(default_factory=list)
    cpu_s: float = 0.0
    wall_s: float = 0.0
    reason: str = ""
    kills: int = 0
    """Attempts that ended by a limit or a crash."""

    def exhausted(self, limits: Limits) -> bool:
        if limits.stop_at_failure and self.failed:
            return True
        return self.kills >= limits.max_timeouts or self.wall_s >= limits.total_wall_s

    failed: bool = False
    """Some test that is one has been run and has not passed."""
    answers: dict[int, bytes] = field(default_factory=dict)
    """What came for each test that every program is asked, as it came."""

    def take(self, index: int, this: Plan | Call, frame: bytes) -> None:
        """Record what one answer says of its test."""
        if isinstance(this, Call):
            self.record(index, *judge_call(this, frame))
        else:
            self.record(index, *judge_frame(this, read_frame(frame)))
        if not (isinstance(this, Call) and this.round):
            self.answers[index] = frame

    def behaviour(self) -> str:
        """The same for programs that answered alike."""
        found = hashlib.blake2b(digest_size=8)
        for index, answer in sorted(self.answers.items()):
            found.update(b"%d:%d:" % (index, len(answer)) + answer)
        return found.hexdigest()

    def record(self, index: int, outcome: Outcome, reason: str = "") -> None:
        self.outcomes[index] = outcome
        self.failed |= outcome is not Outcome.PASSED and index not in self.broken
        if outcome is not Outcome.PASSED and not self.reason:
            text = f"test {index}: {reason or outcome.value}"[:MAX_REASON]
            self.reason = text.encode("utf-8", "replace").decode()  # no lone surrogates


def judge_program(
    key: str,
    problem_id: str,
    tests: tuple[Planned, ...],
    program: str,
    limits: Limits,
    hash_seed: int = 0,
) -> Judging:
    """Hold one program against the tests of its problem."""
    tally = _Tally([Outcome.NOT_RUN] * len(tests), [])
    plain, weak, calls, scripts = _parts(tests, tally)
    # Apart: weak tests carry expected values into the program's process, where it could read them
    # for the others.
    for part in (plain, weak, *_rounds(calls)):
        while part and not tally.exhausted(limits):
            jobs = tuple(_job(this) for _, this in part)
            trial = _trial("calls", program, jobs, limits, hash_seed, tally)
            settled = 0
            for attempt in (yield trial):
                settled = _take_calls(attempt, part, limits, tally)
            part = part[settled:]
    if scripts and not tally.exhausted(limits):
        inputs = tuple({"input": test.input} for _, test in scripts)
        longest = max(len(test.output) for _, test in scripts)
        # Right output must fit, whatever the limit on answers.
        room = min(max(limits.answer_bytes, 2 * longest), MAX_OUTPUT_BYTES)
        wide = limits.model_copy(update={"answer_bytes": room})
        trial = _trial("stdin", program, inputs, wide, hash_seed, tally)
        for attempt in (yield trial):
            _take_script(attempt, scripts, tally)
    return Judged(
        key,
        problem_id,
        tuple(tally.outcomes),
        tuple(sorted(tally.weak)),
        round(tally.cpu_s, 6),
        round(tally.wall_s, 6),
        tally.reason,
        tuple(tally.broken),
        tally.behaviour(),
    )


def judge_twice(
    key: str, problem_id: str, tests: tuple[Planned, ...], program: str, limits: Limits
) -> Judging:
    """Judge under two hash seeds; a test that passes under one of them alone has not passed."""
    first = yield from judge_program(key, problem_id, tests, program, limits)
    if Outcome.PASSED not in first.outcomes:
        return first
    second = yield from judge_program(key, problem_id, tests, program, limits, hash_seed=1)
    outcomes = tuple(
        other if one is Outcome.PASSED else one
        for one, other in zip(first.outcomes, second.outcomes, strict=True)
    )
    flaky = [i for i, (a, b) in enumerate(zip(first.outcomes, outcomes, strict=True)) if a != b]
    reason = first.reason
    if flaky and not reason:
        reason = f"test {flaky[0]}: passes under one hash seed only ({second.reason})"[:MAX_REASON]
    return Judged(
        key,
        problem_id,
        outcomes,
        first.weak,
        round(first.cpu_s + second.cpu_s, 6),
        round(first.wall_s + second.wall_s, 6),
        reason,
        first.broken,
        first.behaviour,
    )


class _Parts(NamedTuple):
    """The tests by what they ask for, each with its index."""

    plain: list[tuple[int, Plan | Call]]
    weak: list[tuple[int, Plan | Call]]
    calls: list[tuple[int, Plan | Call]]
    scripts: list[tuple[int, Script]]


def _parts(tests: tuple[Planned, ...], tally: _Tally) -> _Parts:
    """The tests apart; those that are no tests are recorded as errors."""
    found = _Parts([], [], [], [])
    for index, this in enumerate(tests):
        if isinstance(this, Script):
            found.scripts.append((index, this))
        elif isinstance(this, Call):
            found.calls.append((index, this))
        elif this.broken:
            tally.broken.append(index)
            tally.record(index, Outcome.ERROR, f"the test is {this.broken}")
        elif this.weak_code:
            tally.weak.append(index)
            found.weak.append((index, this))
        else:
            found.plain.append((index, this))
    return found


def _rounds(calls: list[tuple[int, Plan | Call]]) -> list[list[tuple[int, Plan | Call]]]:
    numbers = sorted({this.round for _, this in calls if isinstance(this, Call)})
    return [
        [(i, this) for i, this in calls if isinstance(this, Call) and this.round == number]
        for number in numbers
    ]


def _trial(
    kind: str,
    program: str,
    tests: tuple[dict[str, Any], ...],
    limits: Limits,
    hash_seed: int,
    tally: _Tally,
) -> Trial:
    return Trial(
        kind=kind,
        programs=(program,),
        tests=tests,
        limits=limits,
        hash_seed=hash_seed,
        max_kills=1 if limits.stop_at_failure else limits.max_timeouts - tally.kills,
        max_wall_s=limits.total_wall_s - tally.wall_s,
    )


def _job(this: Plan | Call) -> dict[str, Any]:
    if isinstance(this, Call):
        return this.job()
    if this.weak_code:
        return {"code": this.weak_code}
    return {"calls": list(this.calls), "lazy": this.lazy}


def _take_calls(
    attempt: Attempt, part: list[tuple[int, Plan | Call]], limits: Limits, tally: _Tally
) -> int:
    """Record what one attempt says of the tests from its first on; how many of all are settled.

    Fewer than all, where its answers were as many as are kept at once: the rest is asked for again.
    """
    tally.cpu_s += attempt.cpu_s
    tally.wall_s += attempt.wall_s
    waiting = part[attempt.first :]
    frames = split_frames(attempt.answers, limits.answer_bytes, len(waiting) + 1)
    if not waiting:
        return len(part)
    if not frames:  # the import itself did not end
        outcome, reason = _interrupted(attempt)
        tally.record(waiting[0][0], outcome, f"while importing the program: {reason}")
        tally.kills += 1
        return len(part)
    error = _error_of(read_frame(frames[0]))
    if error:
        for index, _ in waiting:
            tally.record(index, *error)
        return len(part)
    for (index, this), frame in zip(waiting, frames[1:], strict=False):
        tally.take(index, this, frame)
    settled = len(frames) - 1
    if attempt.why == "finished" and 0 < settled < len(waiting):
        return attempt.first + settled
    if settled < len(waiting):
        tally.record(waiting[settled][0], *_interrupted(attempt))
    if attempt.why != "finished":
        tally.kills += 1
    return len(part)


ORDINARY_ERRORS = frozenset(
    {
        "ArithmeticError",
        "AssertionError",
        "AttributeError",
        "Exception",
        "IndexError",
        "KeyError",
        "LookupError",
        "NameError",
        "NotImplementedError",
        "OverflowError",
        "RuntimeError",
        "StopIteration",
        "SyntaxError",
        "IndentationError",
        "TabError",
        "TypeError",
        "UnboundLocalError",
        "UnicodeDecodeError",
        "UnicodeEncodeError",
        "ValueError",
        "ZeroDivisionError",
        "error",
        "AnswerTooLarge",
    }
)
"""What a program may end a test with in a shared process: it says nothing about the process, as
running out of memory or of stack would."""


def judge_frames(
    key: str, problem_id: str, plans: list[Plan], frames: list[bytes], cpu_s: float, wall_s: float
) -> Judged | None:
    """The verdict on one program of a batch; None where only a process of its own can tell."""
    if len(frames) != len(plans) + 1:
        return None
    imported, *answers = map(read_frame, frames)
    if any(each.error and each.error[0] not in ORDINARY_ERRORS for each in (imported, *answers)):
        return None
    tally = _Tally([Outcome.NOT_RUN] * len(plans), [])
    error = _error_of(imported)
    for index, (this, frame) in enumerate(zip(plans, answers, strict=True)):
        tally.record(index, *(error or judge_frame(this, frame)))
    tally.answers.update(enumerate(frames[1:]))
    return Judged(
        key,
        problem_id,
        tuple(tally.outcomes),
        (),
        round(cpu_s, 6),
        round(wall_s, 6),
        tally.reason,
        behaviour=tally.behaviour(),
    )


def _interrupted(ended: Attempt) -> tuple[Outcome, str]:
    if ended.why == "timeout":
        return Outcome.TIMEOUT, "over its time limit"
    # How, nobody is told: what one program ended with must not be known where the next is made.
    return Outcome.CRASHED, "its process ended (an exit, a signal, or out of memory)"


def _error_of(frame: Frame) -> tuple[Outcome, str] | None:
    if frame.error is None:
        return None
    return _raised(*frame.error)


def _raised(kind: str, text: str) -> tuple[Outcome, str]:
    if kind == "MemoryError":
        return Outcome.MEMORY, "out of memory"
    return (Outcome.FAILED if kind == "AssertionError" else Outcome.ERROR), f"{kind}: {text}"


def judge_frame(this: Plan, frame: Frame) -> tuple[Outcome, str]:
    """What one answer says of its test."""
    error = _error_of(frame)
    if error:
        return error
    if this.weak_code:
        return Outcome.PASSED, ""
    try:
        if frame.values is None or len(frame.values) != len(this.calls):
            raise Malformed("another number of answers than of calls")
        answers = decode_all(frame.values)
        assert this.condition is not None
        if holds(this.condition, answers):
            return Outcome.PASSED, ""
    except CallRaised as end:
        return _raised(end.kind, end.text)
    except (RecursionError, MemoryError):
        raise  # the judge's own fault, past all its bounds: no verdict
    except Exception as fault:
        return Outcome.ERROR, str(fault)[:MAX_REASON] or type(fault).__name__
    return Outcome.FAILED, f"{this.calls[0]} gave {_short(answers[0])}"


def _short(value: Any) -> str:
    try:
        return ADDRESS.sub("0x…", repr(value)[:120])
    except Exception:  # of numbers too long to be written, of counts that do not compare
        return f"a {type(value).__name__}"


def _take_script(attempt: Attempt, scripts: list[tuple[int, Script]], tally: _Tally) -> None:
    """Record what one run of the program as a script says of its input."""
    tally.cpu_s += attempt.cpu_s
    tally.wall_s += attempt.wall_s
    if attempt.first >= len(scripts):
        return
    index, test = scripts[attempt.first]
    tally.answers[index] = attempt.answers
    if attempt.why != "finished":
        tally.kills += 1
        tally.record(index, *_interrupted(attempt))
    elif attempt.status == OUT_OF_MEMORY:
        tally.record(index, Outcome.MEMORY, "out of memory")
    elif attempt.status:
        told = f" ({attempt.error})" if attempt.error else ""
        tally.record(index, Outcome.ERROR, f"exited with status {attempt.status}{told}")
    elif attempt.truncated:
        tally.record(index, Outcome.ERROR, "printed more than it may")
    elif same_output(attempt.answers, test.output, test.compare):
        tally.record(index, Outcome.PASSED)
    else:
        tally.record(index, Outcome.FAILED, f"printed {_short(attempt.answers[:100])}")
