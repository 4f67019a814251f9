"""The records that stages exchange (DESIGN, "Records"), as frozen pydantic models.

A record needs only the fields without a default. Unknown fields are kept and passed on.
What is not here: how tables are stored (`artifacts`) and how records become prompts
(`rendering`).
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from acecoder.config import digest_of

SCHEMA_VERSION = 1

Rate = Annotated[float, Field(ge=0.0, le=1.0)]


def _as_text(value: object) -> object:
    """Tables of others number their rows."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _no_text(value: object) -> object:
    """Tables of others have nulls where there is no text."""
    return "" if value is None else value


MaybeText = Annotated[str, BeforeValidator(_no_text)]
NonEmpty = Annotated[str, Field(min_length=1)]
Id = Annotated[str, Field(min_length=1), BeforeValidator(_as_text)]


class Record(BaseModel):
    """Base of all records: immutable, extra fields kept, version checked."""

    model_config = ConfigDict(frozen=True, extra="allow", use_attribute_docstrings=True)

    schema_version: Literal[1] = 1


class Outcome(StrEnum):
    """What one test said of one program; a closed set."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    CRASHED = "crashed"
    NOT_RUN = "not_run"


Comparison = Literal["numbers", "lines", "exact", "decimals"]
"""By which rule what a script printed is held against what it should have (the sandbox's README)."""


class StdinTest(BaseModel):
    """Feed `input` to the program's standard input and compare its standard output."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    kind: Literal["stdin"]
    input: str
    output: str
    compare: Comparison = "numbers"
    """The rule of comparison; `numbers` forgives white space at ends of lines, and the last digits
    of numbers with a point."""


class CallTest(BaseModel):
    """Call the entry point with some arguments; what it answers must be what is expected."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    kind: Literal["call"]
    arguments: str
    """A JSON list, as `sandbox.worker.arguments` writes it."""
    expected: str | None = None
    """A JSON list of the one expected value, written likewise; None for what the problem's
    `reference` answers in the sandbox."""
    oracle: str = "equal"
    """The rule by which the answer is held against what is expected (`sandbox.judge.oracles`)."""
    tolerance: Annotated[float, Field(ge=0)] = 0.0
    """Absolute, for rules that know one."""


class UnittestTest(BaseModel):
    """Python source run after the program, in its process; judged under the weaker rule."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["unittest"]
    code: str


def _from_text(value: object) -> object:
    """Parquet holds tests as one column of strings; structured ones travel as JSON text."""
    if isinstance(value, str) and value.startswith('{"kind"'):
        import json

        return json.loads(value)
    return value


Test = Annotated[str | StdinTest | CallTest | UnittestTest, BeforeValidator(_from_text)]
"""One assert statement as text, a stdin/stdout pair, a call with arguments, or a unittest file."""


class Seed(Record):
    """A piece of real code from which a question is imagined."""

    id: Id
    code: NonEmpty
    origin: str = ""
    """Where the code was found, e.g. `package:statistics==3.11 statistics.py:mean`."""
    license: str = ""


class Problem(Record):
    """A question and the tests that judge a program for it."""

    id: Id
    question: NonEmpty
    tests: tuple[Test, ...]
    entry_point: str | None = None
    signature: str | None = None
    source: str = ""
    prompt: MaybeText = ""
    """The code that a completion continues: the beginning of a right program."""
    preamble: MaybeText = ""
    """What the benchmark's evaluator puts before every program: imports, or a stub of the answer."""
    reference: MaybeText = ""
    """A right program, where one is known."""
    limits: MaybeText = ""
    """The preset of `sandbox.limits` that the problem's benchmark prescribes, if any. Of each of its
    limits and the configured one the larger counts."""
    num_base_tests: Annotated[int, Field(ge=0)] = 0
    """So many tests, the first ones, are those of the benchmark that this one extends."""


@lru_cache(maxsize=8)
def digest_of_tests(tests: tuple[Test, ...]) -> str:
    """What verdicts are over: equal only for equal tests in the same order."""
    return digest_of([test if isinstance(test, str) else test.model_dump() for test in tests])


class Program(Record):
    """One program a model wrote for one problem."""

    problem_id: Id
    model: NonEmpty
    program_index: Annotated[int, Field(ge=0)]
    program: str
    id: str = ""
    """`problem_id#model#program_index` unless given."""

    @model_validator(mode="before")
    @classmethod
    def _default_id(cls, data: object) -> object:
        if isinstance(data, dict) and not data.get("id"):
            parts = (data.get("problem_id"), data.get("model"), data.get("program_index"))
            return {**data, "id": "#".join(str(part) for part in parts)}
        return data


class Verdict(Record):
    """What the tests of a problem said of one program, in the order of the tests."""

    program_id: Id
    problem_id: Id
    model: NonEmpty
    program_index: Annotated[int, Field(ge=0)]
    outcomes: tuple[Outcome, ...]
    pass_rate: Rate
    """passed / all tests of the problem; `not_run` counts as not passed."""
    weak: tuple[int, ...] = ()
    """Indexes of tests judged inside the program's own process."""
    broken: tuple[int, ...] = ()
    """Indexes of tests that are no tests: no program passes them, which is the problem's fault."""
    cpu_s: float = 0.0
    wall_s: float = 0.0
    reason: str = ""
    """Why the first test that did not pass did not; at most a few hundred characters."""
    behaviour: str = ""
    """The same for programs of a problem that answered alike wherever all were asked."""
    tests_digest: str = ""
    """`digest_of_tests` of the problem's tests; empty where it is not known."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if abs(self.pass_rate - pass_rate(self.outcomes)) > 1e-6:
            raise ValueError(
                f"pass_rate {self.pass_rate} disagrees with its outcomes "
                f"({pass_rate(self.outcomes):.6f})"
            )
        return self


class Pair(Record):
    """Two programs for one prompt, the first better than the second; texts are raw."""

    problem_id: Id
    prompt: str
    chosen: str
    rejected: str
    chosen_pass_rate: Rate
    rejected_pass_rate: Rate


class Score(Record):
    """One metric of one model on one benchmark, with its 95 % interval."""

    model: NonEmpty
    benchmark: NonEmpty
    metric: NonEmpty
    value: float
    low: float
    high: float
    n_problems: int
    n_samples: int


TABLES: dict[str, type[Record]] = {
    "seeds": Seed,
    "problems": Problem,
    "kept": Problem,
    "hard": Problem,
    "programs": Program,
    "verdicts": Verdict,
    "pairs": Pair,
    "scores": Score,
}
"""The records in a stage's output, by the output's name."""


def pass_rate(outcomes: tuple[Outcome, ...]) -> float:
    """The share of tests that passed; 0 for a problem without tests."""
    if not outcomes:
        return 0.0
    return sum(outcome is Outcome.PASSED for outcome in outcomes) / len(outcomes)
