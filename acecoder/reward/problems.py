"""Pairs by problem: each program encoded once, whatever number of pairs it is in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from acecoder.reward.encoding import Chat, Encoder
from acecoder.schema import Pair

TOO_LONG = "too long"
CUT = "question cut"


@dataclass(frozen=True)
class PairedProblem:
    """One problem's programs, and the pairs among them."""

    problem_id: str
    chats: tuple[tuple[int, ...], ...]
    """Token ids of each distinct program with its question; the score is read at the last."""
    pairs: tuple[tuple[int, int], ...]
    """(chosen, rejected), as positions in `chats`."""

    @property
    def num_tokens(self) -> int:
        return sum(map(len, self.chats))


@dataclass
class Read:
    """What became of the pairs that were read."""

    problems: list[PairedProblem] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    """Reason -> pairs that are not trained on."""
    num_cut: int = 0
    """Pairs kept of which a question was shortened."""

    @property
    def num_pairs(self) -> int:
        return sum(len(problem.pairs) for problem in self.problems)


def read_problems(pairs: Sequence[Pair], encoder: Encoder) -> Read:
    """Encode pairs, problem by problem, in the order of their first pair.

    A pair of which a chat cannot be brought within the limit is dropped and counted: pairs read are those
    of `problems` and of `dropped` together.
    """
    grouped: dict[tuple[str, str], list[Pair]] = {}
    for pair in pairs:
        grouped.setdefault((pair.problem_id, pair.prompt), []).append(pair)
    read = Read()
    for (problem_id, _), own in grouped.items():
        problem = _encoded(problem_id, own, encoder, read)
        if problem.pairs:
            read.problems.append(problem)
    return read


def _encoded(problem_id: str, pairs: Sequence[Pair], encoder: Encoder, read: Read) -> PairedProblem:
    places: dict[tuple[int, ...], int] = {}
    kept = []
    programs = dict.fromkeys(text for pair in pairs for text in (pair.chosen, pair.rejected))
    encoded = {text: encoder.encode(Chat(pairs[0].prompt, text)) for text in programs}
    for pair in pairs:
        chosen, rejected = encoded[pair.chosen], encoded[pair.rejected]
        if chosen is None or rejected is None:
            read.dropped[TOO_LONG] += 1
            continue
        read.num_cut += chosen.is_cut or rejected.is_cut
        kept.append(tuple(places.setdefault(each.ids, len(places)) for each in (chosen, rejected)))
    return PairedProblem(problem_id, tuple(places), tuple((a, b) for a, b in kept))
