"""select_hard_problems: kept problems + verdicts -> the hard quarter, for RL."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean

from pydantic import Field

from acecoder.config import Config
from acecoder.engine.contract import In, Out, Report, StageContext
from acecoder.engine.distinct import distinct
from acecoder.engine.tables import write_table
from acecoder.filtering.difficulty import Difficulty, hard_problems
from acecoder.judging.joined import Joined, joined
from acecoder.schema import Problem


class SelectHardProblemsConfig(Config):
    """Which problems RL sees."""

    models: tuple[str, ...] = ()
    """Only verdicts of these models count; empty for all."""
    min_problems: int = Field(1, ge=1)
    """Where the hard quarter is smaller, the next most divided problems are added."""


def select_hard_problems(
    config: SelectHardProblemsConfig,
    *,
    problems: In,
    verdicts: In,
    hard: Out,
    context: StageContext,
) -> Report:
    """Write the chosen problems in their order (METHOD, M17)."""
    known = _difficulties(config, joined(problems, verdicts=verdicts))
    rated = {name: each for name, each in known.items() if each is not None}
    # Problems on which every sample fares alike teach nothing, hard or not; where most are so, the
    # medians of the paper's rule would choose just those.
    chosen = {name for name in hard_problems(rated) if rated[name].deviation > 0}
    divided = sorted(
        (name for name, each in rated.items() if name not in chosen and each.deviation > 0),
        key=lambda name: (rated[name].mean, name),
    )
    chosen |= set(divided[: max(0, config.min_problems - len(chosen))])
    kept = (problem for problem in distinct(problems, Problem) if problem.id in chosen)
    num_hard = write_table(hard, Problem, kept)
    say = context.progress.say
    say(f"{num_hard} of {len(known)} problems are hard enough and divide programs")
    mean = fmean(rated[name].mean for name in chosen) if chosen else 0.0
    metrics = {"problems": len(known), "hard": num_hard, "mean_pass_rate": mean}
    return Report({name: float(value) for name, value in metrics.items()})


def _difficulties(
    config: SelectHardProblemsConfig, problems: Iterable[Joined]
) -> dict[str, Difficulty | None]:
    """How programs of the chosen models fared on each problem; None where there are none."""
    found: dict[str, Difficulty | None] = {}
    for each in problems:
        verdicts = each.verdicts.values()
        rates = [v.pass_rate for v in verdicts if not config.models or v.model in config.models]
        found[each.problem.id] = Difficulty.of(rates) if rates else None
    return found
