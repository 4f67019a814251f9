"""The values per problem behind a scores table: what a paired comparison needs."""

from __future__ import annotations

from collections.abc import Collection

from acecoder.evaluation.estimators import mean_interval
from acecoder.schema import Score

VALUES_FILE = "problem_values.json"
CONTAMINATED_FILE = "contaminated.json"
"""Which problems resemble a training problem, and their share of all; where that was asked."""

Values = dict[str, dict[str, dict[str, float]]]
"""benchmark -> metric -> problem id -> value in [0, 1]."""
ValuesByModel = dict[str, Values]
"""The same for each model whose programs were measured."""


def score_of(
    values: Collection[float], *, model: str, benchmark: str, metric: str, num_samples: int
) -> Score:
    """A row of a scores table: the mean of values in [0, 1], one per problem, with its 95 % interval."""
    interval = mean_interval(list(values))
    return Score(
        model=model,
        benchmark=benchmark,
        metric=metric,
        value=interval.value,
        low=interval.low,
        high=interval.high,
        n_problems=len(values),
        n_samples=num_samples,
    )
