"""The sandbox contract: jobs in, verdicts out as they finish.

A hostile program is data; a broken sandbox is `SandboxUnavailable`, never a verdict. Programs and
tests are both untrusted: neither is evaluated in the caller's process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, Self

from pydantic import Field

from acecoder.config import Config
from acecoder.schema import Outcome, Test


class Limits(Config):
    """What one program may use. CPU time decides, so that a busy machine flips no verdict."""

    setup_cpu_s: float = Field(2.0, gt=0)
    """CPU seconds to start and import the program."""
    test_cpu_s: float = Field(0.5, gt=0)
    """CPU seconds a test."""
    test_wall_s: float = Field(10.0, gt=0)
    """Wall seconds a test (or the import): for programs that sleep."""
    total_wall_s: float = Field(60.0, gt=0)
    """Wall seconds for all tests of one program."""
    max_timeouts: int = Field(2, ge=1)
    """After so many timeouts, crashes or both, the program's remaining tests are `not_run`."""
    memory_bytes: int = Field(1 << 30, ge=64 << 20)
    """Address space, the interpreter's own ~50 MB included."""
    file_bytes: int = Field(16 << 20, ge=1 << 16)
    """Size of the private tmpfs."""
    threads: int = Field(32, ge=1)
    """Threads alive at once; other processes are never allowed."""
    answer_bytes: int = Field(256 << 10, ge=1 << 10)
    """Size of one answer; longer ones are errors."""


class SandboxConfig(Config):
    """Which sandbox judges, and within which limits. All of it is part of the stage key."""

    backend: str = Field("namespace", pattern="^namespace$")
    """`namespace`: Linux namespaces, seccomp and rlimits on this machine. Never fallen back to."""
    packages: tuple[str, ...] = ("numpy",)
    """Importable packages shown to programs beside the standard library, where installed."""
    limits: Limits = Limits()


@dataclass(frozen=True)
class Job:
    """One problem's tests and the programs to hold against them."""

    problem_id: str
    tests: tuple[Test, ...]
    programs: tuple[tuple[str, str], ...]
    """(key, program text) each; keys come back with the results."""


@dataclass(frozen=True)
class Judged:
    """What the tests of a job said of one program."""

    key: str
    problem_id: str
    outcomes: tuple[Outcome, ...]
    weak: tuple[int, ...]
    cpu_s: float
    wall_s: float
    reason: str


class Sandbox(Protocol):
    """A place where hostile programs run. Use as a context manager."""

    def judge(self, jobs: Iterable[Job]) -> Iterator[Judged]:
        """Yield one result a program, as they finish, in no particular order.

        Raises: SandboxUnavailable where isolation is lost or workers keep dying.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...
