"""build_pairs: kept problems + programs + verdicts -> preference pairs."""

from __future__ import annotations

from collections import defaultdict
from typing import Literal

from pydantic import Field

from acecoder.config import Config
from acecoder.engine.contract import In, Out, Report, StageContext
from acecoder.engine.tables import read_table, write_table
from acecoder.errors import InputError
from acecoder.filtering.pairs import PairRule, Rated, preference_pairs
from acecoder.schema import Outcome, Pair, Problem, Program, Verdict


class BuildPairsConfig(Config):
    """When one program is preferred to another (AceCoder, section 3)."""

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
    config: BuildPairsConfig, *, problems: In, programs: In, verdicts: In, pairs: Out,
    context: StageContext,
) -> Report:  # fmt: skip
    """Write the pairs of every problem. Raises InputError on a program without a verdict."""
    known = {problem.id: problem for problem in read_table(problems, Problem)}
    judged = {verdict.program_id: verdict for verdict in read_table(verdicts, Verdict)}
    rated: dict[str, list[Rated]] = defaultdict(list)
    for program in read_table(programs, Program):
        verdict = judged.get(program.id)
        if verdict is None:
            raise InputError(f"program {program.id} has no verdict", where=str(verdicts))
        if program.problem_id in known and program.program:
            rate = _rate(verdict, known[program.problem_id], config)
            rated[program.problem_id].append(Rated(program.program, rate))
    rule = PairRule(config.min_chosen, config.min_difference, config.rejected_above)
    made: list[Pair] = []
    for problem_id, candidates in rated.items():
        for chosen, rejected in preference_pairs(
            candidates, rule, max_pairs=config.max_pairs_per_problem
        ):
            made.append(
                Pair(
                    problem_id=problem_id, prompt=known[problem_id].question,
                    chosen=chosen.program, rejected=rejected.program,
                    chosen_pass_rate=chosen.pass_rate, rejected_pass_rate=rejected.pass_rate,
                )
            )  # fmt: skip
    write_table(pairs, made)
    with_pairs = len({pair.problem_id for pair in made})
    context.progress.say(f"{len(made)} pairs from {with_pairs} of {len(known)} problems")
    return Report({
        "pairs": float(len(made)), "problems_with_pairs": float(with_pairs),
        "problems": float(len(known)),
    })  # fmt: skip


def _rate(verdict: Verdict, problem: Problem, config: BuildPairsConfig) -> float:
    if config.denominator == "kept":
        return verdict.pass_rate
    original = int((problem.model_extra or {}).get("num_original_tests", len(problem.tests)))
    passed = sum(outcome is Outcome.PASSED for outcome in verdict.outcomes)
    return passed / original if original else 0.0
