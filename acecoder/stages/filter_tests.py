"""filter_tests: problems + oracle verdicts -> problems with the tests that can be believed."""

from __future__ import annotations

from collections import Counter, defaultdict

from pydantic import Field

from acecoder.config import Config, JsonValue
from acecoder.engine.contract import In, Out, Report, StageContext
from acecoder.engine.tables import read_table, write_table
from acecoder.filtering.noise import FilterQuality, filtered, keep_tests, quality
from acecoder.schema import Problem, Verdict


class FilterTestsConfig(Config):
    """When a problem is dropped."""

    min_tests: int = Field(5, ge=1)
    """A problem with fewer surviving tests is dropped (AceCoder, section 2.4)."""


def filter_tests(
    config: FilterTestsConfig, *, problems: In, verdicts: In, kept: Out, context: StageContext
) -> Report:
    """Write the problems that still have `min_tests` tests, with those tests alone."""
    oracle: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in read_table(verdicts, Verdict):
        oracle[verdict.problem_id].append(verdict)
    survivors: list[Problem] = []
    sources: dict[str, Counter[str]] = defaultdict(Counter)
    total = FilterQuality(0, 0, 0, 0)
    for problem in read_table(problems, Problem):
        result = keep_tests(len(problem.tests), oracle[problem.id])
        count = sources[problem.source or "unnamed"]
        count.update(
            {"problems": 1, "tests": len(problem.tests), "tests_kept": len(result.indexes)}
        )
        count.update(f"tests_dropped_{outcome.value}" for _, outcome in result.dropped)
        total += quality(problem, result)
        if len(result.indexes) >= config.min_tests:
            survivors.append(filtered(problem, result))
            count["problems_kept"] += 1
    write_table(kept, survivors)
    metrics: Counter[str] = Counter()
    for count in sources.values():
        metrics.update(count)
    context.progress.say(
        f"{metrics['tests_kept']} of {metrics['tests']} tests kept, "
        f"{len(survivors)} of {metrics['problems']} problems"
    )
    details: dict[str, JsonValue] = {
        "sources": {name: dict(count) for name, count in sources.items()},
        "known_wrong_tests": {
            "wrong_dropped": total.wrong_dropped, "wrong_kept": total.wrong_kept,
            "right_dropped": total.right_dropped, "right_kept": total.right_kept,
        },
    }  # fmt: skip
    metrics["problems_kept"] = len(survivors)
    return Report({name: float(value) for name, value in metrics.items()}, details=details)
