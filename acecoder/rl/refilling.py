"""Dynamic sampling (DAPO, section 3.2): problems whose completions all earn the same give way to others."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

Row = dict[str, str]
"""A row of the training's data set: `prompt`, `problem_id`."""
LEFT_PADDED = ("prompt_ids", "prompt_mask")


@dataclass(frozen=True)
class Substitutes:
    """Which problems take the place of others, decided by the rollout's number alone, so that a resumed
    training takes the same."""

    rows: Sequence[Row]
    """One per problem."""
    seed: int

    def of(self, rollout: int, attempt: int, used: set[str], count: int) -> list[Row]:
        """So many problems that the rollout has not used; where those run out, used ones again."""
        generator = random.Random(f"{self.seed}/refill/{rollout}/{attempt}")
        fresh = [row for row in self.rows if row["problem_id"] not in used]
        rest = [row for row in self.rows if row["problem_id"] in used]
        ordered = generator.sample(fresh, len(fresh)) + generator.sample(rest, len(rest))
        return [ordered[index % len(ordered)] for index in range(count)]


def exchanges(lacking: torch.Tensor, good: torch.Tensor, processes: int) -> list[tuple[int, int]]:
    """(group that lacks spread, group of the refill that has it), both counted over all processes. A process
    takes from what it generated itself.

    `lacking`: bool, one per group of the rollout. `good`: bool, one per group of the refill.
    """
    found: list[tuple[int, int]] = []
    old_share, new_share = len(lacking) // processes, len(good) // processes
    for process in range(processes):
        old = [i for i in range(process * old_share, (process + 1) * old_share) if lacking[i]]
        new = [i for i in range(process * new_share, (process + 1) * new_share) if good[i]]
        found += zip(old, new, strict=False)
    return found


def own_rows(
    exchanged: Sequence[tuple[int, int]], process: int, old_groups: int, new_groups: int, size: int
) -> list[tuple[int, int]]:
    """A process' rows (of the rollout, of the refill) that the exchanged groups stand for, of which each
    process has so many, of `size` completions."""
    return [
        ((old - process * old_groups) * size + i, (new - process * new_groups) * size + i)
        for old, new in exchanged
        if old // old_groups == process
        for i in range(size)
    ]


def put(
    output: dict[str, Any], refill: dict[str, Any], rows: Sequence[tuple[int, int]], pad_id: int
) -> None:
    """Rows (of the output, of the refill) of every tensor that has one per completion, padded to one width."""
    num_rows, num_new = len(output["completion_ids"]), len(refill["completion_ids"])
    old, new = ([pair[side] for pair in rows] for side in (0, 1))
    for name, values in output.items():
        given = refill.get(name)
        if not isinstance(values, torch.Tensor) or values.dim() < 1 or given is None:
            continue
        if len(values) != num_rows or len(given) != num_new:
            continue
        fill = pad_id if name.endswith("_ids") else 0
        left = name in LEFT_PADDED
        if values.dim() == 2:
            width = max(values.size(1), given.size(1))
            values, given = (_widened(each, width, fill, left=left) for each in (values, given))
        values = values.clone()
        values[old] = given[new]
        output[name] = values


def _widened(values: torch.Tensor, width: int, fill: int, *, left: bool) -> torch.Tensor:
    missing = width - values.size(1)
    return torch.nn.functional.pad(values, (missing, 0) if left else (0, missing), value=fill)
