"""The judge keeps what it knows, and decides alone who has crashed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acecoder.errors import SandboxUnavailable
from acecoder.sandbox.backends.requirements import WORKER
from acecoder.sandbox.contract import Audit, Job, Judged, SandboxConfig
from acecoder.sandbox.judge.losses import CRASHED_AFTER, MAX_CANARIES, SUSPECT_AFTER
from acecoder.sandbox.judge.units import units
from acecoder.sandbox.trials import Attempt, Loss, Reply, Trial, Unit
from acecoder.sandbox.worker.outside.machine import Reading, was_starved
from acecoder.schema import Outcome, StdinTest, Test

ANSWERED = [Attempt(0, b'\x00\x00\x00\x0e{"values": []}', False, "finished", 0, 0.0, 0.0)]
WELL = [
    Attempt(
        0,
        b'\x00\x00\x00\x0e{"values": []}\x00\x00\x00\x10{"values": [42]}',
        False,
        "finished",
        0,
        0.0,
        0.0,
    )
]
FAULT = SandboxUnavailable("gone", where="here")


def unit_of(tests: tuple[Test, ...], programs: int = 1, **config: object) -> Iterator[Unit]:
    job = Job("p", tests, tuple((str(i), f"def f(x): return {i}") for i in range(programs)))
    return units([job], SandboxConfig.model_validate(config), Audit())


def trials_of(unit: Unit) -> Iterator[Trial]:
    """Every trial a unit asks for, each answered with silence."""
    try:
        trial = next(unit)
        while True:
            yield trial
            trial = unit.send(ANSWERED)
    except StopIteration:
        return


@given(
    secret=st.integers(10**12, 10**15),
    form=st.sampled_from(
        [
            "assert f(1) == {}",
            "assert {} == f(1)",
            "assert abs(f(1) - {}) < 1e-6",
            "assert f(1) in [{}, 3]",
            "assert not f(1) != {}",
            "assert f(1) == [{}] + [f(2)]",
        ]
    ),
    size=st.sampled_from([1, 4]),
)
def test_no_expected_value_leaves_the_judge_but_in_weak_tests(
    secret: int, form: str, size: int
) -> None:
    tests = (form.format(secret), StdinTest(kind="stdin", input="1\n", output=str(secret)))
    for unit in unit_of(tests, programs=4, batch_size=size):
        for trial in trials_of(unit):
            for test in trial.wire()["tests"]:
                if "code" not in test:  # what runs beside the program is marked weak
                    assert str(secret) not in json.dumps(trial.wire())


class Backend:
    """Loses what it is told to lose, and remembers what it was asked."""

    def __init__(self, *, alone: bool, canaries_die: bool = False, losses: int = 10**6) -> None:
        self.alone, self.canaries_die, self.left = alone, canaries_die, losses
        self.asked: list[Trial] = []

    def reply(self, trial: Trial) -> Reply:
        self.asked.append(trial)
        canary = "x + 1" in trial.programs[0]
        if canary:
            return Loss(True, FAULT) if self.canaries_die else WELL
        if self.left:
            self.left -= 1
            return Loss(self.alone or trial.alone, FAULT)
        return WELL

    def drive(self, unit: Unit) -> list[Judged]:
        try:
            trial = next(unit)
            while True:
                trial = unit.send(self.reply(trial))
        except StopIteration as end:
            verdicts: list[Judged] = end.value
            return verdicts


TEST = ("assert f(1) == 42",)


def test_a_program_lost_alone_again_and_again_has_crashed_if_a_right_one_lives() -> None:
    backend = Backend(alone=True)
    (judged,) = backend.drive(next(unit_of(TEST)))
    assert judged.outcomes == (Outcome.CRASHED,)
    assert len(backend.asked) == CRASHED_AFTER + 1


def test_losses_beside_others_make_a_suspect_and_no_verdict() -> None:
    backend = Backend(alone=False)
    (judged,) = backend.drive(next(unit_of(TEST)))
    assert judged.outcomes == (Outcome.CRASHED,)
    assert [trial.alone for trial in backend.asked] == [False] * SUSPECT_AFTER + [True] * (
        CRASHED_AFTER + 1
    )


def test_a_few_losses_cost_time_and_no_verdict() -> None:
    (judged,) = Backend(alone=True, losses=CRASHED_AFTER - 1).drive(next(unit_of(TEST)))
    assert judged.outcomes == (Outcome.PASSED,)


def test_a_wall_limit_on_a_busy_machine_is_taken_again_alone_before_it_counts() -> None:
    starved = [replace(ANSWERED[0], why="timeout", starved=True)]
    replies = [starved, WELL]
    backend = Backend(alone=True)
    backend.reply = lambda trial: backend.asked.append(trial) or replies.pop(0)  # type: ignore[method-assign,func-returns-value]
    (judged,) = backend.drive(next(unit_of(TEST)))
    assert judged.outcomes == (Outcome.PASSED,)
    first, again = backend.asked
    assert not first.alone and again.alone
    assert again.limits.test_idle_s > first.limits.test_idle_s
    assert again.limits.test_cpu_s == first.limits.test_cpu_s


def test_a_wall_limit_counts_where_it_strikes_again() -> None:
    starved = [replace(ANSWERED[0], why="timeout", starved=True)]
    replies = [starved, starved]
    backend = Backend(alone=True)
    backend.reply = lambda trial: replies.pop(0)  # type: ignore[method-assign]
    (judged,) = backend.drive(next(unit_of(TEST)))
    assert judged.outcomes == (Outcome.TIMEOUT,)


QUIET, BUSY, UNKNOWN = (Reading(idle, 0) for idle in (109.0, 100.1, 0.0))


@pytest.mark.parametrize(
    ("clock", "after", "starved"),
    [
        ("cpu", BUSY, False),
        ("", BUSY, False),
        ("wall", BUSY, True),
        ("idle", BUSY, True),
        ("wall", QUIET, False),
        ("idle", QUIET, False),
        ("wall", Reading(109.0, 1), True),  # its group was throttled, however idle the machine
        ("wall", UNKNOWN, True),
        ("idle", UNKNOWN, False),  # or every program that sleeps would be run twice in a pod
    ],
)
def test_which_limits_may_have_struck_a_program_that_waited_for_a_core(
    clock: str, after: Reading, starved: bool
) -> None:
    before = UNKNOWN if after is UNKNOWN else Reading(100.0, 0)
    assert was_starved(clock, before, after, wall_s=10.0) is starved


def test_where_a_right_program_is_lost_too_the_sandbox_is_to_blame() -> None:
    backend = Backend(alone=True, canaries_die=True)
    with pytest.raises(SandboxUnavailable, match="a right program is lost too: gone"):
        backend.drive(next(unit_of(TEST)))
    assert len(backend.asked) == CRASHED_AFTER + MAX_CANARIES


def test_the_workers_identity_is_that_of_all_its_files(tmp_path: Path) -> None:
    """Or a client would take verdicts from a pool whose isolation is another."""
    copy = tmp_path / "worker"
    shutil.copytree(WORKER, copy, ignore=shutil.ignore_patterns("__pycache__"))

    def identity() -> str:
        code = "from worker.outside.identity import identity; print(identity()['worker'])"
        command = [sys.executable, "-c", code]
        return subprocess.run(
            command, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=True
        ).stdout

    first = identity()
    for file in ("isolation/seccomp.py", "inside/child.py", "wire.py"):
        text = (copy / file).read_text()
        (copy / file).write_text(text + "# changed\n")
        assert identity() != first, file
        (copy / file).write_text(text)
    assert identity() == first
