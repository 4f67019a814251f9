"""The values per problem behind a scores table: what a paired comparison needs."""

from __future__ import annotations

VALUES_FILE = "problem_values.json"
CONTAMINATED_FILE = "contaminated.json"
"""Which problems resemble a training problem, and their share of all; where that was asked."""

Values = dict[str, dict[str, dict[str, float]]]
"""benchmark -> metric -> problem id -> value in [0, 1]."""
ValuesByModel = dict[str, Values]
"""The same for each model whose programs were measured."""
