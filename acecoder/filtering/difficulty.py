"""Which problems are worth RL: hard ones on which programs disagree (AceCoder, section 6.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean, median, pstdev


def hard_problems(pass_rates: Mapping[str, Sequence[float]]) -> list[str]:
    """Ids with mean pass rate <= the median mean, then deviation >= the median of those left.

    About a quarter of the problems. Order is the mapping's. Population deviation, as the original.
    """
    rated = {problem: rates for problem, rates in pass_rates.items() if rates}
    if not rated:
        return []
    middle = median(fmean(rates) for rates in rated.values())
    harder = {problem: rates for problem, rates in rated.items() if fmean(rates) <= middle}
    spread = median(pstdev(rates) for rates in harder.values())
    return [problem for problem, rates in harder.items() if pstdev(rates) >= spread]
