"""What the judge asks of a backend, and what it gets back.

A judge's generator (a `Unit`) yields trials; the backend runs each in an isolated worker and sends the
attempts back, or a loss where the worker was lost. The wire form is `worker.wire`'s: plain JSON data, so that the same worker serves a process on
this machine, one inside gVisor and one in a pod.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, Self

from acecoder.errors import SandboxUnavailable
from acecoder.sandbox.contract import Judged, Limits
from acecoder.sandbox.worker.wire import CANARY_ANSWER, CANARY_PROGRAM, CANARY_TESTS


@dataclass(frozen=True)
class Trial:
    """Some tests of one program (of several, for a batch); no expected value is in it, but in the
    code of weak tests."""

    kind: str
    """`calls`, `stdin` or `batch`."""
    programs: tuple[str, ...]
    tests: tuple[dict[str, Any], ...]
    """`{"calls": [source, ...], "lazy": bool}`, `{"code": source}` or `{"input": text}`."""
    limits: Limits
    max_kills: int
    """Attempts that may end by a limit or a crash before the rest is `not_run`."""
    max_wall_s: float
    hash_seed: int = 0
    alone: bool = False
    """To be run with nothing beside it: of a pool, after all others, on a replica that has nothing
    else."""
    patient: bool = False
    """It is taken again, with longer wall limits."""

    def wire(self) -> dict[str, Any]:
        """As JSON data."""
        programs: dict[str, Any] = {"program": self.programs[0]}
        if self.kind == "batch":
            programs = {"programs": list(self.programs)}
        return {
            "kind": self.kind,
            **programs,
            "tests": list(self.tests),
            "limits": self.limits.model_dump(),
            "max_kills": self.max_kills,
            "max_wall_s": self.max_wall_s,
            "hash_seed": self.hash_seed,
        }


@dataclass(frozen=True)
class Attempt:
    """One process's life: what it wrote and how it ended."""

    first: int
    """Index of the first test it was given."""
    answers: bytes
    """What it wrote: for calls the import's frame, then one per test; untrusted."""
    truncated: bool
    """It wrote more than it may; the rest was thrown away."""
    why: str
    """`finished`, `timeout` or `died`."""
    status: int
    """Of a script that finished: its exit status, or 256 where its memory ran out; else 0."""
    cpu_s: float
    wall_s: float
    error: str = ""
    """Of a script that raised: the exception and its text, as the program tells them."""
    starved: bool = False
    """It ended by a limit of wall time, and the machine may have kept the program from running."""


@dataclass(frozen=True)
class Loss:
    """Of a trial that came to no answer, because its worker or replica was lost."""

    alone: bool
    """Nothing else was running there."""
    fault: SandboxUnavailable
    """How it was lost."""


MAX_ERROR = 300

Reply = list[Attempt] | Loss
Unit = Generator[Trial, Reply, list[Judged]]
"""Some judging: yields trials, is sent their replies, returns verdicts."""


LOST = Attempt(0, b"", truncated=False, why="died", status=0, cpu_s=0.0, wall_s=0.0)
"""Of a program with which one fresh worker after another was lost, while others judged on."""


def canary(limits: Limits) -> Trial:
    """A trial that any whole worker answers."""
    return Trial("calls", (CANARY_PROGRAM,), CANARY_TESTS, limits, 1, limits.total_wall_s)


def is_well(attempts: list[Attempt]) -> bool:
    """Did a worker answer the canary?"""
    return (
        len(attempts) == 1
        and attempts[0].why == "finished"
        and CANARY_ANSWER in attempts[0].answers
    )


def read_attempts(data: list[dict[str, Any]]) -> list[Attempt]:
    """Attempts as the station gave them. Raises: SandboxUnavailable on anything else."""
    try:
        return [
            Attempt(
                first=int(each["first"]),
                answers=bytes(each["answers"]),
                why=str(each["why"]),
                truncated=bool(each["truncated"]),
                status=int(each["status"]),
                cpu_s=float(each["cpu_s"]),
                wall_s=float(each["wall_s"]),
                error=str(each["error"])[:MAX_ERROR],
                starved=bool(each["starved"]),
            )
            for each in data
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise SandboxUnavailable(f"a worker's report cannot be read: {error!r}") from None


class Runs(Protocol):
    """One isolated worker: runs a trial at a time. Not thread-safe."""

    def run(self, trial: Trial) -> list[Attempt]:
        """Raises: SandboxUnavailable where the worker is lost; it must not be used again."""
        ...

    def close(self) -> None:
        """Kill it and everything in it; a second time does nothing."""
        ...


class Backend(Protocol):
    """A place where trials run. It reports losses and decides no verdict. Use as a context manager."""

    def run(self, units: Iterator[Unit]) -> Iterator[Judged]:
        """Drive units to their verdicts, and yield these as they come, in no particular order.

        Raises: SandboxUnavailable where isolation is lost, or what a unit raises.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...
