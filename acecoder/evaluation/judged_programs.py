"""One problem's judged programs as pairs of a better and a worse one, and as samples to choose among."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from acecoder.evaluation.pair_accuracy import REWARD_MODEL, JudgedPair
from acecoder.evaluation.rows import Samples

WITHIN, ACROSS = "within a model", "across models"
"""Pairs of one model's programs, and of two models': there the style of a strong model betrays it."""

Prefers = Callable[[float, float], bool]
"""Whether a program of the first pass rate is better than one of the second."""


@dataclass(frozen=True)
class Candidate:
    """A program with its verdict and its score."""

    model: str
    program: str
    pass_rate: float
    behaviour: str
    """The same for those that answered alike; empty where it is not known."""
    score: float


def pairs_of(
    problem_id: str, candidates: Sequence[Candidate], prefers: Prefers
) -> Iterator[JudgedPair]:
    """Every pair that `prefers` allows, within each model and across models.

    A text that a model wrote several times is in pairs once, and has as many voices in the majority.
    """
    by_model = samples_by_model(candidates)
    for own in by_model.values():
        distinct = {each.program: each for each in own}.values()
        yield from _pairs(
            WITHIN, problem_id, _numbers(own, distinct), prefers, lambda one, other: True
        )
    if len(by_model) > 1:
        written = {(each.model, each.program): each for each in candidates}.values()
        yield from _pairs(
            ACROSS,
            problem_id,
            _numbers(candidates, written),
            prefers,
            lambda one, other: one.model != other.model,
        )


def samples_by_model(candidates: Iterable[Candidate]) -> dict[str, list[Candidate]]:
    """Those of each model, in order."""
    found: dict[str, list[Candidate]] = {}
    for each in candidates:
        found.setdefault(each.model, []).append(each)
    return found


def as_samples(candidates: Sequence[Candidate]) -> Samples:
    """One model's programs as best-of-N chooses among them."""
    return Samples(
        correct=[float(each.pass_rate == 1.0) for each in candidates],
        rates=[each.pass_rate for each in candidates],
        lengths=[len(each.program) for each in candidates],
        behaviours=[each.behaviour for each in candidates],
        scores=[each.score for each in candidates],
    )


def length_judges(program: str) -> dict[str, float]:
    """What judges that count characters say of a program."""
    return {"shorter": -float(len(program)), "longer": float(len(program))}


_Numbered = list[tuple[Candidate, Mapping[str, float]]]
"""A program with what each judge says of it."""


def _numbers(voters: Sequence[Candidate], distinct: Iterable[Candidate]) -> _Numbered:
    votes = Counter(each.behaviour for each in voters)
    has_votes = "" not in votes
    return [
        (
            each,
            {
                REWARD_MODEL: each.score,
                **length_judges(each.program),
                **({"majority": float(votes[each.behaviour])} if has_votes else {}),
            },
        )
        for each in distinct
    ]


def _pairs(
    group: str,
    problem_id: str,
    programs: _Numbered,
    prefers: Prefers,
    is_asked: Callable[[Candidate, Candidate], bool],
) -> Iterator[JudgedPair]:
    for better, its_numbers in programs:
        for worse, other_numbers in programs:
            if is_asked(better, worse) and prefers(better.pass_rate, worse.pass_rate):
                yield JudgedPair(
                    group,
                    problem_id,
                    its_numbers,
                    other_numbers,
                    rate_gap=better.pass_rate - worse.pass_rate,
                    length_ratio=len(better.program) / max(1, len(worse.program)),
                )
