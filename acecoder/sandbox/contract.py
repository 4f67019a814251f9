"""What is asked of a sandbox and what it says: jobs in, verdicts out (`opening.Sandbox`).

A hostile program is data; a broken sandbox is `SandboxUnavailable`, never a verdict. Programs and
tests are both untrusted: neither is evaluated in the caller's process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random, SystemRandom
from typing import Literal

from pydantic import Field, field_validator

from acecoder.config import Config, incidental
from acecoder.sandbox.identity import sandbox_digest
from acecoder.schema import Outcome, Test


class Limits(Config):
    """What one program may use. CPU time decides, so that a busy machine flips no verdict."""

    setup_cpu_s: float = Field(2.0, gt=0)
    """CPU seconds to start and import the program."""
    test_cpu_s: float = Field(0.5, gt=0)
    """CPU seconds per test."""
    test_wall_s: float = Field(10.0, gt=0)
    """Wall seconds per test (or the import)."""
    test_idle_s: float = Field(1.0, gt=0)
    """Wall seconds in which a test uses no CPU at all: for programs that sleep. A busy machine
    leaves every program some."""
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
    """Size of one answer; longer ones are errors, or of a call with arguments compared by digest."""

    stop_at_failure: bool = False
    """After a failed test, leave the calls whose reference takes long `not_run`. For benchmarks,
    which count only programs that pass every test."""

    def at_least(self, other: Limits) -> Limits:
        """The larger of each limit and its counterpart."""
        ours, theirs = self.model_dump(), other.model_dump()
        return self.model_copy(update={name: max(ours[name], theirs[name]) for name in ours})


PRESETS = {
    "default": Limits(),
    "paper": Limits(
        setup_cpu_s=4.0, test_cpu_s=4.0, test_wall_s=5.0, test_idle_s=5.0, total_wall_s=16.0, max_timeouts=1_000_000,
        memory_bytes=4 << 30,
    ),
    "fast": Limits(
        setup_cpu_s=1.0, test_cpu_s=0.1, test_wall_s=3.0, test_idle_s=1.0, total_wall_s=20.0, max_timeouts=1
    ),
    "mbpp": Limits(setup_cpu_s=3.0, test_cpu_s=6.0, memory_bytes=4 << 30),
    "evalplus": Limits(test_cpu_s=1.0, memory_bytes=4 << 30, stop_at_failure=True),
    "livecodebench": Limits(
        setup_cpu_s=6.0, test_cpu_s=6.0, test_wall_s=12.0, test_idle_s=6.0, total_wall_s=600.0, memory_bytes=4 << 30
    ),
    "bigcodebench": Limits(
        setup_cpu_s=240.0, test_cpu_s=240.0, test_wall_s=240.0, test_idle_s=60.0, total_wall_s=480.0,
        memory_bytes=4 << 30, file_bytes=256 << 20, threads=64,
    ),
}  # fmt: skip
"""`paper`: AceCoder's RL reward (4 s per test, 15 s and 1 in all, every test is run, 4 GiB; there in
wall time). `fast`: for programs known to be quick, many of them wrong. The others are what the
benchmarks' own evaluators allow; EvalPlus allows four times what the reference takes, if that is
more than a second. MBPP's asserts are allowed four times what its slowest reference takes (1.3 s)."""
REFERENCE_FACTOR = 4.0
"""So many times the CPU time of the reference is allowed for a call whose answer it gives."""
REFERENCE_PATIENCE = 20.0
"""So many times the limits of a program are allowed to the reference."""


class PoolConfig(Config):
    """Where the pool is and how to speak to it; decides no verdict."""

    url: str = incidental("http://sandbox-pool:8080")
    """The headless Service: each address its name resolves to is a replica."""
    token_file: str = incidental("")
    """File that holds the bearer token (a mounted Secret); empty for none."""
    chunk_programs: int = incidental(32, ge=1, le=512)
    """Programs per request."""
    requests_per_replica: int = incidental(2, ge=1)
    """Requests under way at one replica."""
    wait_s: float = incidental(300.0, gt=0)
    """How long a replica may be waited for before the pool counts as gone."""
    hedge_after_s: float = incidental(10.0, gt=0)
    """With nothing left to send, what has waited so long is asked of another replica too."""


class SandboxConfig(Config):
    """Which sandbox judges, and within which limits. What decides verdicts is in the stage key."""

    backend: Literal["namespace", "gvisor", "pool"] = "namespace"
    """`namespace`: Linux namespaces, seccomp and rlimits on this machine; `gvisor`: the same inside
    `runsc` on this machine; `pool`: pods that prove to run in gVisor. Never fallen back to."""
    packages: tuple[str, ...] = ("numpy",)
    """Importable packages shown to programs beside the standard library, where installed; of the
    `pool`, those of its image."""
    environment: str = incidental("")
    """A directory of installed packages (`.../site-packages`) that programs see in the place of
    `packages`, all of it; its versions decide verdicts, wherever it lies. Of the `pool`: its image."""
    limits: Limits = Limits()
    """A table, or the name of a preset (`default`, `paper`, `fast`), or a table with a `preset`."""
    flaky_check: bool = False
    """Run what passed again under another hash seed; a test passes if it does so twice."""
    batch_size: int = Field(1, ge=1, le=256)
    """Programs of a problem that may share a process, where an allow list shows that they cannot
    meet; 1 for none. Refused where verdicts are rewards of RL."""
    audit_share: float = incidental(0.05, ge=0, le=1)
    """Share of programs judged in a batch that are judged again alone and must agree."""
    runsc: str = incidental("runsc")
    """For `gvisor`: the program, by path or looked for on PATH."""
    pool: PoolConfig = PoolConfig()
    """For `pool`."""

    def external_inputs(self) -> dict[str, str]:
        return {"verdicts": self.digest()}

    def digest(self) -> str:
        """Of everything that can change a verdict (`identity`)."""
        return sandbox_digest(self, self.packages, self.environment)

    @field_validator("limits", mode="before")
    @classmethod
    def _preset(cls, value: object) -> object:
        name: object = "default"
        if isinstance(value, str):
            name, value = value, {}
        elif isinstance(value, Mapping) and "preset" in value:
            name = value["preset"]
            value = {key: own for key, own in value.items() if key != "preset"}
        if not isinstance(value, Mapping):
            return value
        if name not in PRESETS:
            raise ValueError(f"no preset {name!r} (known: {', '.join(PRESETS)})")
        return {**PRESETS[str(name)].model_dump(), **value}


class Judges(Config):
    """A config of something that has programs judged."""

    sandbox: SandboxConfig = SandboxConfig()
    """Where programs run, and within which limits."""


@dataclass
class Audit:
    """What batches did in one sandbox."""

    batched: int = 0
    """Programs judged in a shared process."""
    audited: int = 0
    """Of these, judged again alone."""
    disagreed: int = 0
    """Of these, with another verdict: their batch was judged again, and batching ended."""
    # Whether a program is audited must not be foreseen by it.
    random: Random = field(default_factory=SystemRandom)


@dataclass
class Findings:
    """What was found out about tests as they were read, before any program of theirs is run."""

    broken: dict[tuple[str, int], str] = field(default_factory=dict)
    """Why a test is none, by problem and index: no program passes it, which is the problem's fault."""


@dataclass(frozen=True)
class Job:
    """One problem's tests and the programs to hold against them."""

    problem_id: str
    tests: tuple[Test, ...]
    programs: tuple[tuple[str, str], ...]
    """(key, program text) each; keys come back with the results."""
    entry_point: str = ""
    """What the tests call: `f`, `Stack`, `Solution().f`; empty for what most of them call."""
    reference: str = ""
    """The program that says what is expected of calls that do not say it."""
    limits: str = ""
    """The preset that the tests prescribe; of each limit in it and the configured one the larger
    counts."""
    num_base_tests: int = 0
    """So many tests, the first ones, are always run."""


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
    broken: tuple[int, ...] = ()
    """Tests that are none."""
    behaviour: str = ""
    """A digest of the answers to all tests that are run whatever those before them say."""
