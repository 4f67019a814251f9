"""build_pairs: kept problems + programs + verdicts -> preference pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Literal

from pydantic import Field

from acecoder.config import Config
from acecoder.engine.contract import In, Out, Report, StageContext
from acecoder.engine.tables import write_table
from acecoder.errors import InputError
from acecoder.filtering.pairs import PairRule, Rated, preference_pairs
from acecoder.judging.joined import Joined, joined
from acecoder.schema import Outcome, Pair, Problem, Verdict


class BuildPairsConfig(Config):
    """When one program is preferred to another (METHOD, M8)."""

    min_chosen: float = Field(0.8, ge=0, le=1)
    """The better one passes at least this share."""
    min_difference: float = Field(0.4, ge=0, le=1)
    """And at least this much more than the worse."""
    rejected_above: float = Field(0.0, ge=-1, le=1)
    """The worse one passes more than this; -1 lets programs that pass nothing in."""
    max_pairs_per_problem: int | None = Field(None, ge=1)
    """No limit in the paper."""
    denominator: Literal["kept", "original"] = "kept"
    """`original` divides by all tests before filtering, as AceCoder's code did: then a problem
    that lost over a fifth of its tests can give no pair."""


def build_pairs(
    config: BuildPairsConfig,
    *,
    problems: In,
    programs: In,
    verdicts: In,
    pairs: Out,
    context: StageContext,
) -> Report:
    """Write the pairs of every problem, in the order of the problems.

    Raises InputError on a program without a verdict.
    """
    seen: Counter[str] = Counter()
    write_table(
        pairs, Pair, _pairs(config, joined(problems, programs=programs, verdicts=verdicts), seen)
    )
    context.progress.say(
        f"{seen['pairs']} pairs from {seen['problems_with_pairs']} of {seen['problems']} problems"
    )
    names = ("pairs", "problems_with_pairs", "problems")
    return Report({name: float(seen[name]) for name in names})


def _pairs(
    config: BuildPairsConfig, problems: Iterable[Joined], seen: Counter[str]
) -> Iterator[Pair]:
    """The pairs of each problem; what comes by is counted in `seen`."""
    rule = PairRule(config.min_chosen, config.min_difference, config.rejected_above)
    for each in problems:
        made = preference_pairs(_rated(each, config), rule, max_pairs=config.max_pairs_per_problem)
        seen.update(problems=1, problems_with_pairs=int(bool(made)), pairs=len(made))
        for chosen, rejected in made:
            yield Pair(
                problem_id=each.problem.id,
                prompt=each.problem.question,
                chosen=chosen.program,
                rejected=rejected.program,
                chosen_pass_rate=chosen.pass_rate,
                rejected_pass_rate=rejected.pass_rate,
            )


def _rated(each: Joined, config: BuildPairsConfig) -> list[Rated]:
    rated = []
    for program in each.programs:
        verdict = each.verdicts.get(program.id)
        if verdict is None:
            raise InputError(f"program {program.id} has no verdict", where="build_pairs")
        if program.program:
            rated.append(Rated(program.program, _rate(verdict, each.problem, config)))
    return rated


def _rate(verdict: Verdict, problem: Problem, config: BuildPairsConfig) -> float:
    if config.denominator == "kept":
        return verdict.pass_rate
    original = int((problem.model_extra or {}).get("num_original_tests", len(problem.tests)))
    passed = sum(outcome is Outcome.PASSED for outcome in verdict.outcomes)
    return passed / original if original else 0.0
