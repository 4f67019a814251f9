"""judge_programs: problems + programs -> verdicts, in a sandbox."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from acecoder.config import JsonValue
from acecoder.engine.contract import In, Out, Report, StageContext
from acecoder.engine.tables import write_table
from acecoder.judging.table import JudgingConfig, ProgramTable, judge
from acecoder.schema import Outcome, Verdict

RATE_BINS = 10


class JudgeProgramsConfig(JudgingConfig):
    """Where and within which limits programs run."""


def judge_programs(
    config: JudgeProgramsConfig, *, problems: In, programs: In, verdicts: Out, context: StageContext
) -> Report:
    """Write one verdict per program, in the order of the programs.

    Raises: InputError where a program's problem is unknown; SandboxUnavailable.
    """
    journal = context.journal("verdicts", config.sandbox.digest())
    with ProgramTable(problems, programs) as table:
        if not table.total:
            context.progress.say("the table of programs is empty: there is nothing to judge")
        if table.doubled:
            context.progress.say(
                f"{table.doubled} programs have an id that another before them has: each is judged as a "
                "sample of its own, and its verdict is called ID~2, ID~3 ..."
            )
        judge(table.groups(), table.total, config, journal, context.progress)
        seen = _Summary()
        write_table(verdicts, Verdict, seen.watching(table.verdicts(journal)))
        report = seen.report()
        report.metrics["doubled_ids"] = float(table.doubled)
    return report


class _Summary:
    """Counts of outcomes, and the histogram of pass rates, of verdicts that pass by."""

    def __init__(self) -> None:
        self.programs = self.weak = self.broken = self.all_passed = 0
        self.cpu_s = self.rates = 0.0
        self.outcomes: Counter[Outcome] = Counter()
        self.by_model: dict[str, Counter[str]] = {}
        self.bins = [0] * RATE_BINS

    def watching(self, verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
        """The same verdicts, counted."""
        for verdict in verdicts:
            self.programs += 1
            self.weak += len(verdict.weak)
            self.broken += len(verdict.broken)
            self.cpu_s += verdict.cpu_s
            self.rates += verdict.pass_rate
            self.all_passed += verdict.pass_rate == 1.0
            self.outcomes.update(verdict.outcomes)
            own = self.by_model.setdefault(verdict.model, Counter())
            own.update(programs=1, right=int(verdict.pass_rate == 1.0))
            self.bins[min(RATE_BINS - 1, int(verdict.pass_rate * RATE_BINS))] += 1
            yield verdict

    def report(self) -> Report:
        metrics = {f"tests_{each.value}": float(self.outcomes[each]) for each in Outcome}
        metrics |= {
            "programs": float(self.programs),
            "weak_tests": float(self.weak),
            "broken_tests": float(self.broken),
            "cpu_s": self.cpu_s,
            "all_passed": float(self.all_passed),
            "mean_pass_rate": self.rates / self.programs if self.programs else 0.0,
        }
        details: dict[str, JsonValue] = {
            "pass_rate_bins": list(self.bins),
            "models": {model: dict(count) for model, count in self.by_model.items()},
        }
        return Report(metrics, details=details)
