"""Which pairs make one update, which process takes which, and what is encoded together.

An update is whole problems: at least `pairs_per_update` pairs, closed by the problem that reaches it. So
every way of encoding (`Forward`) sees the same pairs in the same updates.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from acecoder.reward.problems import PairedProblem

Forward = Literal["pairwise", "grouped", "shared_prefix"]


@dataclass(frozen=True)
class Batch:
    """What one process encodes in one forward pass."""

    problems: tuple[PairedProblem, ...]
    """Each with the programs and pairs of this pass."""
    update_pairs: int
    """Pairs of the whole update, over all batches and processes; the loss is their mean."""

    @property
    def num_pairs(self) -> int:
        return sum(len(problem.pairs) for problem in self.problems)


def updates(
    problems: Sequence[PairedProblem], *, pairs_per_update: int, epochs: float, seed: int
) -> list[list[PairedProblem]]:
    """The problems of every update of a training, each epoch in its own order.

    A fraction of an epoch ends with the problem that reaches its share of the pairs.
    """
    total = sum(len(problem.pairs) for problem in problems)
    left = round(total * epochs)
    made: list[list[PairedProblem]] = []
    for order in _orders(problems, seed):
        if left <= 0:
            return made
        own: list[PairedProblem] = []
        for problem in order:
            if left <= 0:
                break
            own.append(problem)
            left -= len(problem.pairs)
            if sum(len(each.pairs) for each in own) >= pairs_per_update:
                made.append(own)
                own = []
        if own:
            made.append(own)
    return made


def _orders(problems: Sequence[PairedProblem], seed: int) -> Iterator[list[PairedProblem]]:
    """One epoch's order after the other, without end."""
    generator = random.Random(seed)
    while True:
        order = list(problems)
        generator.shuffle(order)
        yield order


def share(
    update: Sequence[PairedProblem], *, forward: Forward, pairs_per_forward: int, processes: int
) -> list[list[Batch]]:
    """The batches of every process for one update.

    Problems go to the process that has the fewest tokens so far. All processes get equally many batches,
    since each takes part in every exchange of weights: the rest are empty.
    """
    own: list[list[PairedProblem]] = [[] for _ in range(processes)]
    tokens = [0] * processes
    for problem in sorted(update, key=lambda each: -each.num_tokens):
        least = tokens.index(min(tokens))
        own[least].append(problem)
        tokens[least] += problem.num_tokens
    total = sum(len(problem.pairs) for problem in update)
    shares = [
        [Batch(tuple(batch), total) for batch in _batches(each, forward, pairs_per_forward)]
        for each in own
    ]
    most = max(len(batches) for batches in shares)
    return [[*batches, *[Batch((), total)] * (most - len(batches))] for batches in shares]


def _batches(
    problems: Sequence[PairedProblem], forward: Forward, pairs_per_forward: int
) -> Iterator[list[PairedProblem]]:
    """Batches of at most `pairs_per_forward` pairs' worth of programs, two a pair; a problem with more
    programs is a batch of its own, but pairwise, where pairs are encoded apart."""
    pieces = [piece for problem in problems for piece in _pieces(problem, forward)]
    batch: list[PairedProblem] = []
    rows = 0
    for piece in pieces:
        if batch and rows + len(piece.chats) > 2 * pairs_per_forward:
            yield batch
            batch, rows = [], 0
        batch.append(piece)
        rows += len(piece.chats)
    if batch:
        yield batch


def _pieces(problem: PairedProblem, forward: Forward) -> Iterator[PairedProblem]:
    if forward != "pairwise":
        yield problem
        return
    for chosen, rejected in problem.pairs:
        chats = (problem.chats[chosen], problem.chats[rejected])
        yield PairedProblem(problem.problem_id, chats, ((0, 1),))
