"""Which problems are worth RL: hard ones on which programs disagree (METHOD, M17)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median, pstdev


@dataclass(frozen=True, slots=True)
class Difficulty:
    """How programs fared on one problem."""

    mean: float
    """Of their pass rates."""
    deviation: float
    """Population deviation of their pass rates, as in the original; 0 where all fare alike."""

    @classmethod
    def of(cls, rates: Sequence[float]) -> Difficulty:
        """From the pass rates of at least one program."""
        return cls(fmean(rates), pstdev(rates))


def hard_problems(difficulties: Mapping[str, Difficulty]) -> list[str]:
    """Ids with mean pass rate <= the median mean, then deviation >= the median of those left.

    About a quarter of the problems. Order is the mapping's.
    """
    if not difficulties:
        return []
    middle = median(each.mean for each in difficulties.values())
    harder = {name: each for name, each in difficulties.items() if each.mean <= middle}
    spread = median(each.deviation for each in harder.values())
    return [name for name, each in harder.items() if each.deviation >= spread]
