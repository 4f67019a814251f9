"""load_problems: synthesised problems and problem sets (shipped or given) -> one table.

A stage of its own, so that problems of every source go through the same later stages.
"""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

from pydantic import Field

from acecoder.config import Config
from acecoder.engine.contract import In, Out, Report, StageContext
from acecoder.engine.rejects import Rejects
from acecoder.engine.tables import read_table, write_table
from acecoder.errors import InputError
from acecoder.problem_sets import loading
from acecoder.problem_sets.sources import Data, Revision
from acecoder.schema import Problem
from acecoder.synthesis.decontamination import Decontaminator

MAX_NAMED = 20
"""Contaminated problems that a report names."""
REVISION = "revision:"
"""What begins a value of `data` that is a commit of Hugging Face."""


class LoadProblemsConfig(Config):
    """Which problems, and how many of each set."""

    sets: tuple[str, ...] = ()
    """Problem sets by name (`first_steps/train`, `humaneval_plus`), or JSONL or Parquet files."""
    data: dict[str, str] = Field(default_factory=dict)
    """Files that sets are read from, by name of set, or `revision:COMMIT` of Hugging Face; without one
    they come from a package, or from Hugging Face as it is today."""
    max_per_set: dict[str, int] = Field(default_factory=dict)
    """A seeded random choice of so many problems of a set, in the set's order."""
    decontaminate_against: tuple[str, ...] = ()
    """Problem sets; a problem of any source that shares a run of words with one is dropped."""
    shingle_words: int = Field(13, ge=3)
    """Length of such a run."""
    seed: int = 0
    """For the random choice."""

    def external_inputs(self) -> dict[str, str]:
        return {
            name: loading.digest(name, self.data_of(name))
            for name in (*self.sets, *self.decontaminate_against)
        }

    def data_of(self, name: str) -> Data:
        """What a set is read from, where that is named."""
        given = self.data.get(name)
        if given is None:
            return None
        revision = given.removeprefix(REVISION)
        return Revision(revision) if revision != given else Path(given)


def load_problems(
    config: LoadProblemsConfig,
    *,
    synthesized: In | None = None,
    problems: Out,
    context: StageContext,
) -> Report:
    """Write all problems, synthesised first. Raises InputError on a doubled id or unknown set."""
    rejects, guard = Rejects(), _guard(config)
    synthetic = read_table(synthesized, Problem) if synthesized is not None else ()
    found, dropped = guard.parted(synthetic)
    for name in config.sets:
        clean, contaminated = guard.parted(loading.load(name, rejects, config.data_of(name)))
        found += _chosen(clean, config.max_per_set.get(name), config.seed)
        dropped += contaminated
    loaded = len(found)
    found = _distinct(found)
    write_table(problems, Problem, found)
    per_source = Counter(problem.source or "unnamed" for problem in found)
    context.progress.say(f"{len(found)} problems: {dict(per_source)}")
    metrics = {
        "problems": len(found),
        "tests": sum(len(p.tests) for p in found),
        "contaminated": len(dropped),
        "doubled": loaded - len(found),
        "rejected_rows": rejects.count,
    }
    rejects.say(context.progress.say)
    return Report(
        {name: float(value) for name, value in metrics.items()},
        details={
            "sources": dict(per_source),
            "rejected": list(rejects.examples),
            "read": {name: loading.digest(name, config.data_of(name)) for name in config.sets},
            "contaminated": [problem.id for problem in dropped[:MAX_NAMED]],
        },
    )


def _guard(config: LoadProblemsConfig) -> Decontaminator:
    """Knows the runs of words of the sets that are protected."""
    protected = (
        problem.question
        for name in config.decontaminate_against
        for problem in loading.load(name, data=config.data_of(name))
    )
    return Decontaminator(protected, size=config.shingle_words)


def _distinct(problems: list[Problem]) -> list[Problem]:
    """Those that are there twice once. Raises InputError where two that differ have one id."""
    known: dict[str, Problem] = {}
    for problem in problems:
        if known.setdefault(problem.id, problem) != problem:
            raise InputError(
                f"two different problems have the id {problem.id}",
                where="load_problems",
                remedy="give each an id of its own, or remove one",
            )
    return list(known.values())


def _chosen(problems: list[Problem], limit: int | None, seed: int) -> list[Problem]:
    if limit is None or limit >= len(problems):
        return problems
    return [problems[i] for i in sorted(random.Random(seed).sample(range(len(problems)), limit))]
