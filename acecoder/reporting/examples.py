"""What a run's numbers count, one by one: dropped problems and tests, programs, pairs, what changed.

Tables are read where they are on this machine; a pod has no other step's, and yields nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from acecoder.engine.publishing import MANIFEST, content_digest
from acecoder.engine.tables import R, read_table
from acecoder.judging.joined import joined
from acecoder.reporting.improvement import values_of
from acecoder.reporting.records import StepRecord, Steps
from acecoder.reporting.view import of_stage
from acecoder.schema import Outcome, Pair, Problem, Program, Seed

CONTAMINATED = "it shares a run of words with a problem that is evaluated"


@dataclass(frozen=True)
class Dropped:
    """A problem, or one of its tests, that did not get through."""

    step: str
    problem_id: str
    test: str
    """Empty where the whole problem went."""
    why: str


@dataclass(frozen=True)
class Judged:
    """A program with its verdict."""

    step: str
    problem: Problem
    program: Program
    pass_rate: float
    reason: str


@dataclass(frozen=True)
class Changed:
    """What a benchmark's problem was worth before and after."""

    benchmark: str
    metric: str
    problem_id: str
    before: float
    after: float


@dataclass(frozen=True)
class Rolled:
    """A completion that the policy wrote while it was trained."""

    rollout: int
    problem_id: str
    text: str
    reward: float


def input_of(steps: Steps, step: StepRecord, name: str) -> Path | None:
    """The output of another step of the run that this one read; None where it is from elsewhere."""
    digest = step.inputs.get(name, "")
    for other in steps.values():
        for output in other.directory.iterdir() if other.directory.is_dir() else ():
            if (output / MANIFEST).exists() and content_digest(output) == digest:
                return output
    return None


def dropped(steps: Steps) -> Iterator[Dropped]:
    """Every problem and test that was left out, with the reason."""
    for step in of_stage(steps, "load_problems"):
        named = step.details.get("contaminated", [])
        for name in named:
            yield Dropped(step.step, str(name), "", CONTAMINATED)
        more = int(step.metrics.get("contaminated", 0)) - len(named)
        if more > 0:
            yield Dropped(step.step, f"{more} more", "", CONTAMINATED)
    for step in of_stage(steps, "filter_tests"):
        problems, verdicts = input_of(steps, step, "problems"), input_of(steps, step, "verdicts")
        if problems is not None and verdicts is not None:
            yield from _by_filter(step, problems, verdicts)


def _by_filter(step: StepRecord, problems: Path, verdicts: Path) -> Iterator[Dropped]:
    kept = {problem.id for problem in _rows(step, "kept", Problem)}
    for each in joined(problems, verdicts=verdicts):
        problem, oracles = each.problem, list(each.verdicts.values())
        left = 0
        for index, test in enumerate(problem.tests):
            outcomes = [verdict.outcomes[index] for verdict in oracles]
            if Outcome.PASSED in outcomes:
                left += 1
                continue
            said = next((v.reason for v in oracles if v.reason.startswith(f"test {index}:")), "")
            what = said or ", ".join(sorted({outcome.value for outcome in outcomes})) or "no oracle"
            text = test if isinstance(test, str) else json.dumps(test.model_dump())
            yield Dropped(step.step, problem.id, text, what)
        if problem.id not in kept:
            yield Dropped(
                step.step, problem.id, "", f"{left} of {len(problem.tests)} tests were left"
            )


def judged(steps: Steps, problem_id: str = "", step_name: str = "") -> Iterator[Judged]:
    """Every program with its verdict, of one problem or of all, of one step or step by step."""
    for step in of_stage(steps, "judge_programs"):
        problems, programs = input_of(steps, step, "problems"), input_of(steps, step, "programs")
        if problems is None or programs is None or step_name not in ("", step.step):
            continue
        for each in joined(problems, programs=programs, verdicts=step.directory / "verdicts"):
            if problem_id not in ("", each.problem.id):
                continue
            for program in each.programs:
                verdict = each.verdicts.get(program.id)
                if verdict is not None:
                    yield Judged(
                        step.step, each.problem, program, verdict.pass_rate, verdict.reason
                    )


def pairs(steps: Steps) -> Iterator[Pair]:
    """Every preference pair."""
    for step in of_stage(steps, "build_pairs"):
        yield from _rows(step, "pairs", Pair)


def imagined(steps: Steps) -> Iterator[tuple[Seed | None, Problem]]:
    """Every synthesised problem with the seed it was imagined from."""
    for step in of_stage(steps, "synthesize_tests"):
        source = input_of(steps, step, "seeds")
        seeds = {seed.id: seed for seed in read_table(source, Seed)} if source is not None else {}
        for problem in _rows(step, "problems", Problem):
            yield seeds.get(str((problem.model_extra or {}).get("seed_id", ""))), problem


def completions(steps: Steps) -> Iterator[Rolled]:
    """Of the first, the middle and the last rollout of each training of a policy, best and worst."""
    for step in of_stage(steps, "train_policy"):
        yield from (Rolled(**each) for each in step.details.get("completions", []))


def changed(steps: Steps) -> list[Changed]:
    """What the policy does better and worse than the initial model, the largest changes first."""
    before, after = steps.get("evaluate_model.initial"), steps.get("evaluate_model.policy")
    if before is None or after is None:
        return []
    old, new = values_of(before), values_of(after)
    found = [
        Changed(benchmark, metric, name, values[name], new[benchmark][metric][name])
        for benchmark, by_metric in old.items()
        for metric, values in by_metric.items()
        if metric in ("greedy", "average")
        for name in values
        if values[name] != new.get(benchmark, {}).get(metric, {}).get(name, values[name])
    ]
    return sorted(found, key=lambda each: -abs(each.after - each.before))


def _rows(step: StepRecord, output: str, kind: type[R]) -> Iterator[R]:
    directory = step.directory / output
    return read_table(directory, kind) if directory.is_dir() else iter(())
