"""How often a judge prefers the better of two programs: by problem, by gap, beside judges that read nothing.

A judge gives each program a number; of a pair it is right with the better one's larger, half right with a tie.
Pairs of a problem share programs and are not independent, so that means and intervals are over problems.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from acecoder.evaluation.comparing import Difference
from acecoder.evaluation.estimators import Z95, paired_difference
from acecoder.evaluation.values import score_of
from acecoder.schema import Score

REWARD_MODEL = "reward model"
BY_PROBLEM, OVER_PAIRS = "accuracy by problem", "accuracy over pairs"
RATE_GAPS = (0.25, 0.5, 0.75, 1.0)
LENGTHS = (
    (0.5, "chosen under half as long"),
    (0.9, "chosen shorter"),
    (1.1, "of like length"),
    (2.0, "chosen longer"),
    (math.inf, "chosen over twice as long"),
)
"""(the most that chosen / rejected may be, what it is called)."""
NUM_BINS = 10


@dataclass(frozen=True)
class JudgedPair:
    """One pair as the judges see it."""

    group: str
    problem_id: str
    chosen: Mapping[str, float]
    """Judge -> its number for the better program."""
    rejected: Mapping[str, float]
    rate_gap: float | None
    length_ratio: float
    """Characters of the better program over those of the worse."""
    level: str = ""


class Bin(TypedDict):
    """Pairs of which the reward model is about equally sure."""

    confidence: float
    """Mean of sigmoid(|difference of the two scores|): what the loss of training makes of it."""
    accuracy: float
    count: int


@dataclass
class _Mean:
    """Over the pairs of one problem."""

    total: float = 0.0
    count: int = 0

    @property
    def value(self) -> float:
        return self.total / self.count


_Cells = defaultdict[str, defaultdict[str, _Mean]]
"""Judge -> problem -> mean."""


def _no_cells() -> _Cells:
    return defaultdict(lambda: defaultdict(_Mean))


@dataclass
class PairAccuracy:
    """Adds up pairs; keeps a number per problem, judge and slice, and no pair."""

    _slices: dict[tuple[str, str], _Cells] = field(default_factory=lambda: defaultdict(_no_cells))
    """(group, metric) -> cells."""
    _bins: dict[str, list[list[float]]] = field(default_factory=dict)
    """Group -> confidence, accuracy, count of each bin, added up."""

    def add(self, pair: JudgedPair) -> None:
        """Count one pair."""
        wins = {judge: _win(pair.chosen[judge], pair.rejected[judge]) for judge in pair.chosen}
        wins["random"] = 0.5
        for metric in (BY_PROBLEM, *_slices_of(pair)):
            cells = self._slices[pair.group, metric]
            for judge, win in wins.items():
                mean = cells[judge][pair.problem_id]
                mean.total += win
                mean.count += 1
        if REWARD_MODEL in pair.chosen:
            self._calibrate(
                pair.group, pair.chosen[REWARD_MODEL] - pair.rejected[REWARD_MODEL], wins
            )

    def _calibrate(self, group: str, difference: float, wins: Mapping[str, float]) -> None:
        sure = 1 / (1 + math.exp(-min(abs(difference), 700.0)))
        bins = self._bins.setdefault(group, [[0.0, 0.0, 0.0] for _ in range(NUM_BINS)])
        chosen = bins[min(NUM_BINS - 1, int((sure - 0.5) * 2 * NUM_BINS))]
        for place, value in enumerate((sure, wins[REWARD_MODEL], 1.0)):
            chosen[place] += value

    def scores(self) -> list[Score]:
        """A row per judge, group and slice, in the order of their first pair."""
        found = []
        for (group, metric), cells in self._slices.items():
            for judge, by_problem in cells.items():
                means = [mean.value for mean in by_problem.values()]
                count = sum(mean.count for mean in by_problem.values())
                found.append(
                    score_of(means, model=judge, benchmark=group, metric=metric, num_samples=count)
                )
                if metric == BY_PROBLEM:
                    found.append(_over_pairs(judge, group, by_problem))
        return found

    def differences(self) -> list[Difference]:
        """The reward model less each other judge, over the same problems, by group."""
        return [
            _difference(group, judge, cells[REWARD_MODEL], by_problem)
            for (group, metric), cells in self._slices.items()
            for judge, by_problem in cells.items()
            if metric == BY_PROBLEM and judge != REWARD_MODEL
        ]

    def values(self) -> dict[str, dict[str, dict[str, float]]]:
        """Judge -> group -> problem -> accuracy."""
        found: dict[str, dict[str, dict[str, float]]] = defaultdict(dict)
        for (group, metric), cells in self._slices.items():
            for judge, by_problem in cells.items() if metric == BY_PROBLEM else ():
                found[judge][group] = {name: mean.value for name, mean in by_problem.items()}
        return dict(found)

    def details(self) -> Details:
        """For a report."""
        return {
            "scores": [score.model_dump(mode="json") for score in self.scores()],
            "differences": self.differences(),
            "calibration": self.calibration(),
        }

    def calibration(self) -> dict[str, list[Bin]]:
        """Group -> the bins that hold pairs, by rising confidence."""
        return {
            group: [
                {"confidence": sure / count, "accuracy": right / count, "count": int(count)}
                for sure, right, count in bins
                if count
            ]
            for group, bins in self._bins.items()
        }


class Details(TypedDict):
    """All of it, as a report holds it."""

    scores: list[dict[str, object]]
    differences: list[Difference]
    calibration: dict[str, list[Bin]]


def calibration_error(bins: Sequence[Bin]) -> float:
    """Mean over pairs of how far a bin's accuracy is from its confidence (ECE)."""
    total = sum(each["count"] for each in bins)
    return sum(each["count"] * abs(each["accuracy"] - each["confidence"]) for each in bins) / total


def _win(chosen: float, rejected: float) -> float:
    return float(chosen > rejected) + 0.5 * (chosen == rejected)


def _slices_of(pair: JudgedPair) -> Iterable[str]:
    if pair.rate_gap is not None:
        least = 0.0
        for most in RATE_GAPS:
            if pair.rate_gap <= most + 1e-9:
                yield f"gap of pass rate {least:g} to {most:g}"
                break
            least = most
    yield f"length: {next(name for most, name in LENGTHS if pair.length_ratio <= most)}"
    if pair.level:
        yield f"level: {pair.level}"


def _over_pairs(judge: str, group: str, by_problem: Mapping[str, _Mean]) -> Score:
    """Every pair alike. Its interval is by the problems too: those with many pairs weigh more, and their
    pairs are still one problem's."""
    total = sum(mean.total for mean in by_problem.values())
    count = sum(mean.count for mean in by_problem.values())
    value = total / count
    spread = sum((mean.total - value * mean.count) ** 2 for mean in by_problem.values())
    problems = len(by_problem)
    # The ratio estimator's standard error over clusters; none can be had of a single one.
    error = (
        math.sqrt(spread * problems / (problems - 1)) / count if problems > 1 else float(count > 0)
    )
    half = Z95 * error
    return Score(
        model=judge,
        benchmark=group,
        metric=OVER_PAIRS,
        value=value,
        low=max(0.0, value - half),
        high=min(1.0, value + half),
        n_problems=problems,
        n_samples=count,
    )


def _difference(
    group: str, judge: str, ours: Mapping[str, _Mean], theirs: Mapping[str, _Mean]
) -> Difference:
    both = [name for name in ours if name in theirs]
    found = paired_difference([ours[n].value for n in both], [theirs[n].value for n in both])
    return {
        "benchmark": group,
        "row": REWARD_MODEL,
        "other": judge,
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "n_problems": len(both),
    }
