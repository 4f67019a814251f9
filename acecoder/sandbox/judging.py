"""The trusted half of judging one program, the same for every backend.

A backend gives `Attempts`: run these tests of this program once, in isolation, and hand back the
frames it wrote and how it ended. Here frames become outcomes, and a program that was killed in
the middle is tried again from the next test on.
"""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass
from typing import Any, Protocol

from acecoder.sandbox.asserts import Plan, holds, plan
from acecoder.sandbox.contract import Judged, Limits
from acecoder.sandbox.decoding import Malformed, decode, parse_frame
from acecoder.schema import Outcome, StdinTest, Test, UnittestTest

MAX_REASON = 300
ADDRESS = re.compile(r"0x[0-9a-f]{6,}")


@dataclass(frozen=True)
class Ended:
    """How one attempt ended."""

    frames: list[bytes]
    """What the child wrote: the import's frame, then one a test; untrusted."""
    output: bytes
    """For a script: its standard output."""
    truncated: bool
    """It wrote more than it may; the rest was thrown away."""
    why: str
    """`finished`, `timeout` or `died`."""
    status: int
    """The child's wait status."""
    cpu_s: float
    wall_s: float


class Attempts(Protocol):
    """A worker that runs one program at a time."""

    def attempt(self, body: dict[str, Any], num_tests: int) -> Ended: ...


@dataclass
class _Tally:
    """Outcomes so far of one program."""

    outcomes: list[Outcome]
    weak: list[int]
    cpu_s: float = 0.0
    wall_s: float = 0.0
    reason: str = ""
    kills: int = 0
    """Attempts that ended by a limit or a crash."""

    def exhausted(self, limits: Limits) -> bool:
        return self.kills >= limits.max_timeouts or self.wall_s >= limits.total_wall_s

    def record(self, index: int, outcome: Outcome, reason: str = "") -> None:
        self.outcomes[index] = outcome
        if outcome is not Outcome.PASSED and not self.reason:
            text = f"test {index}: {reason or outcome.value}"[:MAX_REASON]
            self.reason = text.encode("utf-8", "replace").decode()  # no lone surrogates


def judge_program(
    worker: Attempts,
    key: str,
    problem_id: str,
    tests: tuple[Test, ...],
    program: str,
    limits: Limits,
) -> Judged:
    """Hold one program against the tests of its problem."""
    tally = _Tally([Outcome.NOT_RUN] * len(tests), [])
    scripts = [index for index, test in enumerate(tests) if isinstance(test, StdinTest)]
    _judge_calls(worker, tests, program, limits, tally)
    _judge_scripts(worker, tests, scripts, program, limits, tally)
    return Judged(
        key, problem_id, tuple(tally.outcomes), tuple(sorted(tally.weak)),
        round(tally.cpu_s, 6), round(tally.wall_s, 6), tally.reason,
    )  # fmt: skip


def _judge_calls(
    worker: Attempts, tests: tuple[Test, ...], program: str, limits: Limits, tally: _Tally
) -> None:
    waiting: list[tuple[int, Plan]] = []
    for index, test in enumerate(tests):
        if isinstance(test, StdinTest):
            continue
        this = Plan(weak_code=test.code) if isinstance(test, UnittestTest) else plan(test)
        if this.broken:
            tally.record(index, Outcome.ERROR, f"the test is {this.broken}")
            continue
        if this.weak_code:
            tally.weak.append(index)
        waiting.append((index, this))
    # Apart: weak tests carry expected values into the program's process, where it could read them
    # for the others.
    for part in (
        [w for w in waiting if not w[1].weak_code],
        [w for w in waiting if w[1].weak_code],
    ):
        _judge_part(worker, part, program, limits, tally)


def _judge_part(
    worker: Attempts, waiting: list[tuple[int, Plan]], program: str, limits: Limits, tally: _Tally
) -> None:
    while waiting and not tally.exhausted(limits):
        body = {"kind": "calls", "program": program, "tests": [_job(this) for _, this in waiting]}
        ended = worker.attempt(body, len(waiting))
        tally.cpu_s += ended.cpu_s
        tally.wall_s += ended.wall_s
        judged = _judge_frames(ended, waiting, tally)
        waiting = waiting[judged:]
        if ended.why == "finished" or judged == 0:
            return
        tally.kills += 1


def _job(this: Plan) -> dict[str, Any]:
    return {"code": this.weak_code} if this.weak_code else {"calls": list(this.calls)}


def _judge_frames(ended: Ended, waiting: list[tuple[int, Plan]], tally: _Tally) -> int:
    """Record what this attempt says; the number of tests it settled (0: no more to learn)."""
    frames = ended.frames[: len(waiting) + 1]
    if not frames:  # the import itself did not end
        outcome, reason = _interrupted(ended)
        tally.record(waiting[0][0], outcome, f"while importing the program: {reason}")
        return 0
    error = _error_of(frames[0])
    if error:
        for index, _ in waiting:
            tally.record(index, *error)
        return 0
    for (index, this), frame in zip(waiting, frames[1:], strict=False):
        tally.record(index, *_judge_frame(this, frame))
    settled = len(frames) - 1
    if settled < len(waiting):
        tally.record(waiting[settled][0], *_interrupted(ended))
        settled += 1
    return settled


def _interrupted(ended: Ended) -> tuple[Outcome, str]:
    if ended.why == "timeout":
        return Outcome.TIMEOUT, "over its time limit"
    if ended.status & 0x7F:
        return Outcome.CRASHED, f"killed by {_signal_name(ended.status & 0x7F)}"
    return Outcome.CRASHED, f"exited with status {ended.status >> 8}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal has no name
        return f"signal {number}"


def _error_of(frame: bytes) -> tuple[Outcome, str] | None:
    try:
        error = parse_frame(frame).get("error")
    except Malformed as fault:
        return Outcome.ERROR, str(fault)
    if not isinstance(error, list) or len(error) != 2:
        return None
    kind, text = str(error[0]), str(error[1])
    if kind == "MemoryError":
        return Outcome.MEMORY, "out of memory"
    return (Outcome.FAILED if kind == "AssertionError" else Outcome.ERROR), f"{kind}: {text}"


def _judge_frame(this: Plan, frame: bytes) -> tuple[Outcome, str]:
    error = _error_of(frame)
    if error:
        return error
    if this.weak_code:
        return Outcome.PASSED, ""
    try:
        values = parse_frame(frame).get("values")
        if not isinstance(values, list) or len(values) != len(this.calls):
            raise Malformed("another number of answers than of calls")
        answers = [decode(value) for value in values]
        assert this.condition is not None
        if holds(this.condition, answers):
            return Outcome.PASSED, ""
    except Exception as fault:
        return Outcome.ERROR, str(fault)[:MAX_REASON] or type(fault).__name__
    return Outcome.FAILED, f"{this.calls[0]} gave {_short(answers[0])}"


def _short(value: Any) -> str:
    try:
        return ADDRESS.sub("0x…", repr(value)[:120])
    except (ValueError, RecursionError):
        return f"a {type(value).__name__}"


def _judge_scripts(
    worker: Attempts, tests: tuple[Test, ...], scripts: list[int], program: str, limits: Limits,
    tally: _Tally,
) -> None:  # fmt: skip
    for index in scripts:
        if tally.exhausted(limits):
            return
        test = tests[index]
        assert isinstance(test, StdinTest)
        body = {"kind": "stdin", "program": program, "tests": [{"input": test.input}]}
        ended = worker.attempt(body, 1)
        tally.cpu_s += ended.cpu_s
        tally.wall_s += ended.wall_s
        if ended.why == "timeout" or ended.status & 0x7F:
            tally.kills += 1
            tally.record(index, *_interrupted(ended))
        elif ended.status:
            outcome = Outcome.MEMORY if ended.status >> 8 == 2 else Outcome.ERROR
            tally.record(index, outcome, f"exited with status {ended.status >> 8}")
        elif ended.truncated:
            tally.record(index, Outcome.ERROR, "printed more than it may")
        elif _same_output(ended.output, test.output):
            tally.record(index, Outcome.PASSED)
        else:
            tally.record(index, Outcome.FAILED, f"printed {_short(ended.output[:100])}")


def _same_output(output: bytes, expected: str) -> bool:
    """Equal line by line, but for white space at the ends of lines and of the text."""
    lines = output.decode(errors="replace").rstrip().split("\n")
    wanted = expected.rstrip().split("\n")
    return [line.rstrip() for line in lines] == [line.rstrip() for line in wanted]
