"""judge_programs: problems + programs -> verdicts, in a sandbox."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from acecoder.engine.contract import In, Out, Report, StageContext
from acecoder.engine.tables import read_table, write_table
from acecoder.judging.table import JudgingConfig, judge
from acecoder.schema import Outcome, Problem, Program, Verdict


class JudgeProgramsConfig(JudgingConfig):
    """Where and within which limits programs run."""


def judge_programs(
    config: JudgeProgramsConfig, *, problems: In, programs: In, verdicts: Out,
    context: StageContext,
) -> Report:  # fmt: skip
    """Write one verdict a program, in the order of the programs.

    Raises: InputError where a program's problem is unknown; SandboxUnavailable.
    """
    known = {problem.id: problem for problem in read_table(problems, Problem)}
    read = list(read_table(programs, Program))
    progress = context.progress
    judged = judge(
        known, read, config, context, lambda done, total: progress.count(done, total, "programs")
    )
    write_table(verdicts, judged)
    return summary(judged)


def summary(verdicts: Sequence[Verdict]) -> Report:
    """Counts of outcomes, and the histogram of pass rates the HTML report draws."""
    outcomes = Counter(outcome for verdict in verdicts for outcome in verdict.outcomes)
    metrics = {f"tests_{outcome.value}": float(outcomes[outcome]) for outcome in Outcome}
    metrics["programs"] = float(len(verdicts))
    metrics["weak_tests"] = float(sum(len(verdict.weak) for verdict in verdicts))
    metrics["cpu_s"] = sum(verdict.cpu_s for verdict in verdicts)
    if verdicts:
        metrics["mean_pass_rate"] = sum(v.pass_rate for v in verdicts) / len(verdicts)
        metrics["all_passed"] = float(sum(v.pass_rate == 1.0 for v in verdicts))
    rates = [round(verdict.pass_rate, 4) for verdict in verdicts]
    return Report(metrics, series={"pass_rates": rates})
