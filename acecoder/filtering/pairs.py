"""Preference pairs: two programs of one problem, one clearly better (METHOD, M8 to M11)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations


@dataclass(frozen=True)
class Rated:
    """A program and its pass rate."""

    program: str
    pass_rate: float


@dataclass(frozen=True)
class PairRule:
    """When one program is preferred to another.

    AceCoder's code: better >= 0.8, difference >= 0.4, worse > 0 (the paper writes > for the first).
    """

    min_chosen: float = 0.8
    min_difference: float = 0.4
    rejected_above: float = 0.0

    def prefers(self, better: float, worse: float) -> bool:
        # Rates are ratios of small integers: without the margin 1.0 - 0.6 < 0.4.
        return (
            better >= self.min_chosen - 1e-9
            and better - worse >= self.min_difference - 1e-9
            and worse > self.rejected_above
        )


def preference_pairs(
    programs: Sequence[Rated], rule: PairRule, *, max_pairs: int | None = None
) -> list[tuple[Rated, Rated]]:
    """All (chosen, rejected) the rule allows, best first; a pair of texts once.

    With `max_pairs`, the pairs are dealt so that no single program fills them: programs take
    turns as the chosen one.
    """
    unique = {rated.program: rated for rated in programs}
    ranked = sorted(unique.values(), key=lambda rated: (-rated.pass_rate, rated.program))
    pairs = [
        (better, worse)
        for better, worse in combinations(ranked, 2)
        if rule.prefers(better.pass_rate, worse.pass_rate)
    ]
    if max_pairs is None or len(pairs) <= max_pairs:
        return pairs
    return _dealt(pairs)[:max_pairs]


def _dealt(pairs: list[tuple[Rated, Rated]]) -> list[tuple[Rated, Rated]]:
    """Order pairs so that uses of every program are spread as evenly as they can be."""
    used: dict[str, int] = {}
    dealt, left = [], list(pairs)
    while left:
        best = min(left, key=lambda p: used.get(p[0].program, 0) + used.get(p[1].program, 0))
        left.remove(best)
        dealt.append(best)
        for rated in best:
            used[rated.program] = used.get(rated.program, 0) + 1
    return dealt
