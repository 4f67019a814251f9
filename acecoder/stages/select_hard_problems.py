"""select_hard_problems: kept problems + verdicts -> the hard quarter, for RL."""

from __future__ import annotations

from collections import defaultdict
from statistics import fmean

from pydantic import Field

from acecoder.config import Config
from acecoder.engine.contract import In, Out, Report, StageContext
from acecoder.engine.tables import read_table, write_table
from acecoder.filtering.difficulty import hard_problems
from acecoder.schema import Problem, Verdict


class SelectHardProblemsConfig(Config):
    """Which problems RL sees."""

    models: tuple[str, ...] = ()
    """Only verdicts of these models count; empty for all."""
    min_problems: int = Field(1, ge=1)
    """Where the hard quarter is smaller, the next most divided problems are added."""


def select_hard_problems(
    config: SelectHardProblemsConfig, *, problems: In, verdicts: In, hard: Out,
    context: StageContext,
) -> Report:  # fmt: skip
    """Write the chosen problems in their order (AceCoder, section 6.1)."""
    rates: dict[str, list[float]] = defaultdict(list)
    for verdict in read_table(verdicts, Verdict):
        if not config.models or verdict.model in config.models:
            rates[verdict.problem_id].append(verdict.pass_rate)
    read = list(read_table(problems, Problem))
    known = {problem.id: rates[problem.id] for problem in read if rates.get(problem.id)}
    # Problems on which every sample fares alike teach nothing, hard or not; where most are so, the
    # medians of the paper's rule would choose just those.
    chosen = {name for name in hard_problems(known) if len(set(known[name])) > 1}
    divided = sorted(
        (name for name in known if name not in chosen and len(set(known[name])) > 1),
        key=lambda name: (fmean(known[name]), name),
    )
    chosen |= set(divided[: max(0, config.min_problems - len(chosen))])
    kept = [problem for problem in read if problem.id in chosen]
    write_table(hard, kept)
    context.progress.say(f"{len(kept)} of {len(read)} problems are hard enough and divide programs")
    mean = fmean(fmean(known[p.id]) for p in kept) if kept else 0.0
    return Report({"problems": float(len(read)), "hard": float(len(kept)), "mean_pass_rate": mean})
