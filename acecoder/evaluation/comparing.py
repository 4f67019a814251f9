"""Paired differences between rows of a table, over the same problems, with their intervals."""

from __future__ import annotations

from itertools import combinations
from typing import TypedDict

from acecoder.evaluation.estimators import paired_difference
from acecoder.evaluation.values import ValuesByModel


class Difference(TypedDict):
    """The mean of one row's values less another's, over the problems that both have."""

    benchmark: str
    row: str
    """MODEL, ROW of the first; of the second likewise."""
    other: str
    value: float
    low: float
    high: float
    n_problems: int


def difference_rows(values: ValuesByModel) -> list[Difference]:
    """Of every two rows of a benchmark, whichever models they are of."""
    by_benchmark: dict[str, dict[str, dict[str, float]]] = {}
    for model, benchmarks in values.items():
        for benchmark, by_row in benchmarks.items():
            named = by_benchmark.setdefault(benchmark, {})
            named |= {f"{model}, {row}": by_problem for row, by_problem in by_row.items()}
    return [
        _difference(benchmark, one, other, named)
        for benchmark, named in by_benchmark.items()
        for one, other in combinations(named, 2)
        if named[one].keys() & named[other].keys()
    ]


def _difference(
    benchmark: str, one: str, other: str, named: dict[str, dict[str, float]]
) -> Difference:
    both = [problem for problem in named[one] if problem in named[other]]
    found = paired_difference([named[one][p] for p in both], [named[other][p] for p in both])
    return {
        "benchmark": benchmark,
        "row": one,
        "other": other,
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "n_problems": len(both),
    }
