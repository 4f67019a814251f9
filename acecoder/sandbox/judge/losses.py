"""When is what a worker did the program's doing? Decided here, for every backend.

A worker may be lost for many reasons that say nothing of the program: a node that goes, a pod that is
evicted, a neighbour that kills. So a trial whose worker was lost is asked for again: as before, then
alone. Lost alone CRASHED_AFTER times, it has crashed, once a right program has been judged right after
it. Where that one is lost too, the sandbox is broken and no program is to blame.

A wall limit may strike a program that a busy machine kept from running. Such a trial is asked for
again, alone and with longer wall limits, before it counts; CPU limits stay as they are.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import TypeVar

from acecoder.errors import SandboxUnavailable
from acecoder.sandbox.contract import Limits
from acecoder.sandbox.trials import LOST, Attempt, Loss, Reply, Trial, canary, is_well

SUSPECT_AFTER = 2
"""Losses beside others after which a trial is asked for alone."""
CRASHED_AFTER = 3
"""Losses alone after which a program has crashed, if the next canary lives."""
MAX_CANARIES = 3
PATIENCE = 2.0
"""How many times longer the wall limits are where a trial is taken again."""

Result = TypeVar("Result")


def outliving(judging: Generator[Trial, list[Attempt], Result]) -> Generator[Trial, Reply, Result]:
    """A judging that knows attempts only, for a backend that may report losses.

    Raises: SandboxUnavailable where workers are lost whatever they run.
    """
    try:
        trial = next(judging)
        while True:
            attempts = yield from _answered(trial)
            trial = judging.send(attempts)
    except StopIteration as end:
        result: Result = end.value
        return result


def _answered(trial: Trial) -> Generator[Trial, Reply, list[Attempt]]:
    losses = losses_alone = 0
    while True:
        suspect = trial.patient or losses >= SUSPECT_AFTER or losses_alone > 0
        reply = yield replace(trial, alone=suspect)
        if not isinstance(reply, Loss):
            if trial.patient or not any(attempt.starved for attempt in reply):
                return reply
            trial = _patient(trial)
            continue
        losses += 1
        losses_alone += reply.alone
        if losses_alone >= CRASHED_AFTER:
            yield from _prove_workers_whole(trial.limits)
            return [LOST]


def _patient(trial: Trial) -> Trial:
    walls = ("test_wall_s", "test_idle_s", "total_wall_s")
    longer = {name: PATIENCE * getattr(trial.limits, name) for name in walls}
    return replace(
        trial,
        limits=trial.limits.model_copy(update=longer),
        max_wall_s=PATIENCE * trial.max_wall_s,
        patient=True,
    )


def _prove_workers_whole(limits: Limits) -> Generator[Trial, Reply, None]:
    """Until a right program is judged right. Raises SandboxUnavailable."""
    fault = SandboxUnavailable("a right program was not judged right", where="sandbox")
    for _ in range(MAX_CANARIES):
        reply = yield replace(canary(limits), alone=True)
        if isinstance(reply, Loss):
            fault = reply.fault
        elif is_well(reply):
            return
    raise SandboxUnavailable(
        f"a right program is lost too: {fault.what}", where=fault.where, remedy=fault.remedy
    )
