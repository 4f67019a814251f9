"""filter_tests: problems + oracle verdicts -> problems with the tests that can be believed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from pydantic import Field

from acecoder.config import Config, JsonValue
from acecoder.engine.contract import In, Out, Report, StageContext
from acecoder.engine.tables import write_table
from acecoder.filtering.noise import FilterQuality, filtered, keep_tests, quality
from acecoder.judging.joined import Joined, joined
from acecoder.schema import Problem

COUNTS = ("problems", "tests", "tests_kept", "problems_kept", "tests_dropped_with_problem")


class FilterTestsConfig(Config):
    """When a problem is dropped."""

    min_tests: int = Field(5, ge=1)
    """A problem with fewer surviving tests is dropped (METHOD, M7)."""


def filter_tests(
    config: FilterTestsConfig, *, problems: In, verdicts: In, kept: Out, context: StageContext
) -> Report:
    """Write the problems that still have `min_tests` tests, with those tests alone."""
    seen = _Seen()
    write_table(
        kept, Problem, seen.survivors(joined(problems, verdicts=verdicts), config.min_tests)
    )
    sources, total = seen.sources, seen.quality
    metrics = Counter(dict.fromkeys(COUNTS, 0))
    for count in sources.values():
        metrics.update(count)
    dropped = metrics["problems"] - metrics["problems_kept"]
    context.progress.say(
        f"{metrics['tests_kept']} of {metrics['tests']} tests kept, in "
        f"{metrics['problems_kept']} of {metrics['problems']} problems"
        + (f"; the others had fewer than min_tests = {config.min_tests} left" if dropped else "")
    )
    details: dict[str, JsonValue] = {
        "sources": {name: dict(count) for name, count in sources.items()},
        "known_wrong_tests": {
            "wrong_dropped": total.wrong_dropped,
            "wrong_kept": total.wrong_kept,
            "right_dropped": total.right_dropped,
            "right_kept": total.right_kept,
        },
    }
    return Report({name: float(value) for name, value in metrics.items()}, details=details)


class _Seen:
    """What came by: counts per source, and how the filter fared where the truth is known."""

    def __init__(self) -> None:
        self.sources: dict[str, Counter[str]] = defaultdict(Counter)
        self.quality = FilterQuality(0, 0, 0, 0)

    def survivors(self, problems: Iterable[Joined], min_tests: int) -> Iterator[Problem]:
        """The problems that keep enough tests, with those alone."""
        for each in problems:
            problem = each.problem
            result = keep_tests(len(problem.tests), list(each.verdicts.values()))
            count = self.sources[problem.source or "unnamed"]
            count.update(problems=1, tests=len(problem.tests))
            count.update(f"tests_dropped_{outcome.value}" for _, outcome in result.dropped)
            self.quality += quality(problem, result)
            if len(result.indexes) >= min_tests:
                count.update(problems_kept=1, tests_kept=len(result.indexes))
                yield filtered(problem, result)
            else:  # too few are left to judge by, so that they go with their problem
                count.update(tests_dropped_with_problem=len(result.indexes))
