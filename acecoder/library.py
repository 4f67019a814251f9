"""What `import acecoder` offers: benchmarks, verdicts and scores, in this process and without a home.

Programs run in the sandbox, never here. Nothing is tracked, and nothing is left on disk.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from acecoder.engine.home import Home
from acecoder.engine.journal import Journal
from acecoder.engine.progress import Progress
from acecoder.engine.runner import StepResult, run_stage
from acecoder.engine.tables import read_table, record_of, write_table
from acecoder.errors import InputError
from acecoder.evaluation import result, tables
from acecoder.evaluation.comparing import Difference, difference_rows
from acecoder.judging.table import Group, JudgingConfig, verdict_of
from acecoder.judging.table import judge as judge_groups
from acecoder.problem_sets import loading
from acecoder.sandbox.contract import SandboxConfig
from acecoder.schema import Problem, Program, Score, Verdict
from acecoder.stages import load_stage

Backend = Literal["namespace", "gvisor", "pool"]
ProgramLike = Program | Mapping[str, Any] | tuple[str, str]
"""A record, its fields, or (problem id, program)."""
ProblemLike = Problem | Mapping[str, Any]
"""A record, or its fields."""


class _Silent(Progress):
    """A library prints nothing."""

    def say(self, text: str) -> None:
        del text


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` found."""

    scores: tuple[Score, ...]
    """One per model and row (greedy, average, best of N), each with its 95 % interval."""
    verdicts: tuple[Verdict, ...]
    """One per sample."""
    values: dict[str, dict[str, dict[str, dict[str, float]]]]
    """model -> benchmark -> row -> problem id -> value in [0, 1]."""
    notes: tuple[str, ...]
    """What was found beside good samples, counted: tasks without one, rows that cannot be read."""

    def score(self, metric: str, model: str = "") -> Score:
        """The score of a row; of the only model, where none is named. Raises KeyError."""
        found = [s for s in self.scores if s.metric == metric and model in ("", s.model)]
        if len(found) != 1:
            known = ", ".join(f"{s.model}: {s.metric}" for s in self.scores)
            raise KeyError(f"{len(found)} scores '{metric}' (known: {known})")
        return found[0]

    def differences(self) -> list[Difference]:
        """Every two rows on the same problems, with the paired interval."""
        return difference_rows(self.values)

    def markdown(self) -> str:
        """The table as Markdown."""
        return tables.markdown(tables.table_of(list(self.scores)))


def load_benchmark(name: str, *, data: str | Path | None = None) -> list[Problem]:
    """The problems of a set by name (`humaneval`, `mbpp_plus`, `livecodebench/v5`), or of a file.

    `data`: a file to read the set from; without it a package or Hugging Face is asked. Raises
    InputError.
    """
    return list(loading.load(name, data=Path(data) if data is not None else None))


def judge(
    problems: Iterable[ProblemLike],
    programs: Iterable[ProgramLike],
    *,
    sandbox: SandboxConfig | Backend = "namespace",
    num_workers: int = 0,
) -> list[Verdict]:
    """The verdicts on programs, in their order, by the tests of their problems.

    Programs run in the sandbox named, on `num_workers` workers (0: two per core). Equal programs of a
    problem are run once. Raises InputError on a malformed record or a program of no problem,
    SandboxUnavailable.
    """
    config = JudgingConfig(sandbox=_sandbox(sandbox), num_workers=num_workers)
    if isinstance(problems, Problem | Mapping | str):
        raise InputError("one problem, where a list is expected", remedy="judge([problem], ...)")
    by_id = {each.id: each for each in map(_problem, problems)}
    ours = list(_programs(programs))
    groups: dict[str, list[Program]] = {}
    for program in ours:
        if program.problem_id not in by_id:
            raise InputError(
                f"a program of the problem '{program.problem_id}', which is not there",
                where=f"programs, {program.id}",
                remedy=f"the problems are {', '.join(list(by_id)[:5]) or 'none'}",
            )
        groups.setdefault(program.problem_id, []).append(program)
    jobs: list[Group] = [(by_id[name], group) for name, group in groups.items()]
    with tempfile.TemporaryDirectory(prefix="acecoder-") as scratch:
        journal = Journal(Path(scratch) / "verdicts.jsonl")
        judge_groups(jobs, len(ours), config, journal, _Silent("judge"))
        return [verdict_of(by_id[each.problem_id], each, journal) for each in ours]


def evaluate(
    benchmark: str | Path,
    samples: str | Path | Iterable[ProgramLike],
    *,
    data: str | Path | None = None,
    sandbox: SandboxConfig | Backend = "namespace",
    num_workers: int = 0,
    reward_model: str | Path | None = None,
    extract: bool = False,
    model_name: str = "samples",
) -> Evaluation:
    """Score samples on a benchmark, as `acecoder evaluate` does.

    `samples`: a file of EvalPlus', BigCodeBench's or LiveCodeBench's form, a table of programs, or
    programs; `data`: a file to read the benchmark from; `reward_model`: a directory, for best-of-N;
    `extract`: samples are whole answers. Raises InputError, SandboxUnavailable.
    """
    benchmark = str(benchmark)
    judging = {"sandbox": _sandbox(sandbox).model_dump(mode="json"), "num_workers": num_workers}
    read = {benchmark: str(data)} if data is not None else {}
    with _steps() as (step, folder):
        loaded = step("load_problems", {"sets": [benchmark], "data": read})
        problems = loaded.directory / "problems"
        file = folder / "samples.jsonl"
        given = isinstance(samples, str | Path)
        if not given:
            write_table(file, Program, _programs(samples, model_name))  # type: ignore[arg-type]
        sampled = step(
            "load_samples", {"model_name": model_name, "extract": extract}, problems=problems,
            samples=Path(samples) if isinstance(samples, str | Path) else file,
        )  # fmt: skip
        programs = sampled.directory / "programs"
        judged = step("judge_programs", judging, problems=problems, programs=programs)
        verdicts = judged.directory / "verdicts"
        models = {"reward_model": Path(reward_model)} if reward_model is not None else {}
        scored = step(
            "evaluate_model", {}, benchmark=problems, programs=programs, verdicts=verdicts, **models
        )
        scores, values = result.read(scored.directory / "scores")
        found = sampled.report.details.get("found")
        return Evaluation(
            tuple(scores), tuple(read_table(verdicts, Verdict)), values, tuple(_notes(found))
        )


@contextmanager
def _steps() -> Iterator[tuple[Any, Path]]:
    """(a function that runs a stage, a folder) in a home that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="acecoder-") as scratch:
        home = Home(Path(scratch) / "home", None)

        def step(name: str, table: dict[str, Any], **inputs: Path) -> StepResult:
            return run_stage(
                load_stage(name), step=name, table=table, inputs=inputs, home=home, progress=_Silent(name)
            )  # fmt: skip

        yield step, Path(scratch)


def _sandbox(given: SandboxConfig | Backend) -> SandboxConfig:
    if isinstance(given, SandboxConfig):
        return given
    if given not in get_args(Backend):
        raise InputError(f"no sandbox '{given}'", remedy=" or ".join(get_args(Backend)))
    return SandboxConfig(backend=given)


def _problem(given: ProblemLike) -> Problem:
    if isinstance(given, Problem):
        return given
    if not isinstance(given, Mapping):
        raise InputError(
            f"a problem that is a {type(given).__name__}",
            where="problems",
            remedy="a list of acecoder.Problem, or of their fields",
        )
    return record_of(dict(given), Problem, where="problems")


def _programs(given: Iterable[ProgramLike], model: str = "samples") -> Iterator[Program]:
    """Records; a tuple's index is its place among those of its problem."""
    counts: dict[str, int] = {}
    for number, each in enumerate(given):
        if isinstance(each, Program):
            yield each
            continue
        if not isinstance(each, Mapping) and not (isinstance(each, tuple) and len(each) == 2):
            raise InputError(
                f"a program that is a {type(each).__name__}",
                where=f"programs, number {number}",
                remedy="acecoder.Program, its fields, or (problem id, program)",
            )
        row = {"problem_id": each[0], "program": each[1]} if isinstance(each, tuple) else dict(each)
        name = str(row.get("problem_id", ""))
        row = {"model": model, "program_index": counts.get(name, 0), **row}
        counts[name] = counts.get(name, 0) + 1
        yield record_of(row, Program, where=f"programs, number {number}")


def _notes(found: object) -> Sequence[str]:
    if not isinstance(found, dict):
        return ()
    return [
        f"{each['count']} {what}: {json.dumps(each['examples'])}" for what, each in found.items()
    ]
