"""Gradient updates over whole problems: transformers' Trainer with our batches and our loss.

An item of the data set is what one process does for one update, so that resuming is counting updates.
"""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import logsigmoid
from torch.utils.data import Dataset, Sampler, SequentialSampler
from transformers import Trainer

from acecoder.errors import PlatformError
from acecoder.reward.problems import PairedProblem
from acecoder.reward.scorer import Packed, pack_rows, pack_trees
from acecoder.reward.updates import Batch, Forward, share


class Shares(Dataset[list[Batch]]):
    """Item `update * processes + process`: the batches of one process for one update."""

    def __init__(
        self,
        updates: Sequence[Sequence[PairedProblem]],
        *,
        forward: Forward,
        pairs_per_forward: int,
        processes: int,
    ) -> None:
        self._updates, self._processes = updates, processes
        self._forward, self._pairs_per_forward = forward, pairs_per_forward

    def __len__(self) -> int:
        return len(self._updates) * self._processes

    def __getitem__(self, item: int) -> list[Batch]:
        update, process = divmod(item, self._processes)
        shares = share(
            self._updates[update],
            forward=self._forward,
            pairs_per_forward=self._pairs_per_forward,
            processes=self._processes,
        )
        return shares[process]


def packed(batch: Batch, forward: Forward, pad: int) -> tuple[Packed, torch.Tensor, torch.Tensor]:
    """(chats as tensors, chosen (P,), rejected (P,)); the last two are places among the scores."""
    groups = [problem.chats for problem in batch.problems]
    chosen, rejected, start = [], [], 0
    for problem in batch.problems:
        chosen += [start + pair[0] for pair in problem.pairs]
        rejected += [start + pair[1] for pair in problem.pairs]
        start += len(problem.chats)
    if forward == "shared_prefix":
        chats = pack_trees(groups, pad)
    else:
        chats = pack_rows([chat for group in groups for chat in group], pad)
    return chats, torch.tensor(chosen), torch.tensor(rejected)


def pair_losses(
    scores_N: torch.Tensor, chosen_P: torch.Tensor, rejected_P: torch.Tensor
) -> torch.Tensor:
    """(P,): -log sigmoid(score of the chosen - score of the rejected) (the paper's equation 2, without its
    1 / n(n - 1), which its code leaves out too)."""
    return -logsigmoid(scores_N[chosen_P] - scores_N[rejected_P])


class PairTrainer(Trainer):
    """Sums the losses of an update's batches, each over all of the update's pairs.

    Raises PlatformError at a loss that is no number, after writing the pairs of its batch to
    `stopped_at`.
    """

    def __init__(self, *, forward: Forward, pad: int, stopped_at: Path, **arguments: Any) -> None:
        super().__init__(data_collator=lambda items: items[0], **arguments)
        self._forward, self._pad, self._stopped_at = forward, pad, stopped_at
        self._accuracy = math.nan

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[Any]:
        return SequentialSampler(self.train_dataset if train_dataset is None else train_dataset)

    def training_step(
        self, model: Any, inputs: list[Batch], num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """The backward passes of one process for one update; its part of the update's mean loss, times the
        number of processes, over which gradients are averaged."""
        model.train()
        total = torch.zeros((), device=self.args.device)
        right = torch.zeros((), device=self.args.device)
        for number, batch in enumerate(inputs):
            with self._together(model, is_last=number == len(inputs) - 1):
                loss, num_right = self._loss(model, batch)
                self.accelerator.backward(loss)
            total += loss.detach()
            right += num_right
        pairs = inputs[0].update_pairs
        self._accuracy = float(self.accelerator.reduce(right, reduction="sum")) / pairs
        return total

    def _together(self, model: Any, *, is_last: bool) -> Any:
        """DDP exchanges gradients with the last batch alone; FSDP with each, or whole gradients would have
        to be kept."""
        if is_last or self.is_fsdp_enabled:
            return contextlib.nullcontext()
        return self.accelerator.no_sync(model)

    def _loss(self, model: Any, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        if not batch.problems:
            return self._no_loss(model), torch.zeros((), device=self.args.device)
        chats, chosen_P, rejected_P = packed(batch, self._forward, self._pad)
        device = self.args.device
        chosen_P, rejected_P = chosen_P.to(device), rejected_P.to(device)
        scores_N = _scores(model, chats.to(device))
        losses_P = pair_losses(scores_N, chosen_P, rejected_P)
        loss = losses_P.sum() * (self.args.world_size / batch.update_pairs)
        if not bool(torch.isfinite(loss)):
            raise self._stopped(batch, losses_P)
        return loss, (scores_N[chosen_P] > scores_N[rejected_P]).sum()

    def _no_loss(self, model: Any) -> torch.Tensor:
        """A pass over one token that moves nothing: the exchanges of weights need every process."""
        nothing: torch.Tensor = _scores(
            model, pack_rows([[self._pad]], self._pad).to(self.args.device)
        )
        return nothing.sum() * 0.0

    def _stopped(self, batch: Batch, losses_P: torch.Tensor) -> PlatformError:
        rows = [
            {"problem_id": problem.problem_id, "pair": pair, "chats": problem.chats}
            for problem in batch.problems
            for pair in problem.pairs
        ]
        told = [{**row, "loss": str(float(loss))} for row, loss in zip(rows, losses_P, strict=True)]
        self._stopped_at.parent.mkdir(parents=True, exist_ok=True)
        self._stopped_at.write_text("".join(json.dumps(row) + "\n" for row in told))
        names = ", ".join(dict.fromkeys(problem.problem_id for problem in batch.problems))
        return PlatformError(
            f"the loss of update {self.state.global_step + 1} is no number (problems {names[:200]})",
            where=str(self._stopped_at),
            remedy="a lower learning_rate, a longer warm-up, or float32; that file has the batch",
        )

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Adds the share of the update's pairs that were ranked right before it."""
        if "loss" in logs:
            logs = {**logs, "accuracy": self._accuracy}
        super().log(logs, start_time)


def _scores(model: Any, chats: Packed) -> torch.Tensor:
    scores: torch.Tensor = model(
        chats.input_ids, chats.position_ids, chats.mask, chats.row, chats.read_at
    )
    return scores
