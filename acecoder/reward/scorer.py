"""The reward model as a module: a language model's hidden states, and a float32 head that reads one of them
per program.

The head is float32 whatever the backbone is: a bfloat16 score near 20 has steps of 0.125.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from acecoder.errors import InputError
from acecoder.reward.encoding import common_prefix
from acecoder.training.kernels import Attention

HEAD = "score"


class Float32Head(nn.Linear):
    """A linear layer that computes in float32 or better under any autocast."""

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(..., hidden) of any dtype -> (..., 1) of float32, of float64 where `hidden` is."""
        dtype = torch.promote_types(hidden.dtype, torch.float32)
        with torch.autocast(hidden.device.type, enabled=False):
            return nn.functional.linear(hidden.to(dtype), self.weight.to(dtype))


@dataclass(frozen=True)
class Packed:
    """Chats as tensors. B rows, L ids a row, N programs."""

    input_ids: torch.Tensor
    """(B, L)."""
    position_ids: torch.Tensor
    """(B, L)."""
    mask: torch.Tensor
    """(B, L) of what is no padding, or (B, 1, L, L) of who sees whom; bool."""
    row: torch.Tensor
    """(N,): the row of each program."""
    read_at: torch.Tensor
    """(N,): the place in its row where its score is read."""

    def to(self, device: torch.device | str) -> Packed:
        """On a device."""
        return Packed(*(each.to(device) for each in vars(self).values()))


def pack_rows(chats: Sequence[Sequence[int]], pad: int) -> Packed:
    """A row per program, padded on the right."""
    longest = max(map(len, chats))
    ids = torch.full((len(chats), longest), pad, dtype=torch.long)
    mask = torch.zeros((len(chats), longest), dtype=torch.bool)
    for row, chat in enumerate(chats):
        ids[row, : len(chat)] = torch.tensor(chat)
        mask[row, : len(chat)] = True
    positions = torch.arange(longest).expand(len(chats), -1)
    ends = torch.tensor([len(chat) - 1 for chat in chats])
    return Packed(ids, positions, mask, torch.arange(len(chats)), ends)


def pack_trees(groups: Sequence[Sequence[Sequence[int]]], pad: int) -> Packed:
    """A row per group: the ids that all its chats begin with, then the rest of each chat, which sees the
    beginning and itself."""
    trees = [_tree(chats) for chats in groups]
    longest = max(len(ids) for ids, _, _, _ in trees)
    ids_BL = torch.full((len(trees), longest), pad, dtype=torch.long)
    positions_BL = torch.zeros((len(trees), longest), dtype=torch.long)
    mask = torch.zeros((len(trees), 1, longest, longest), dtype=torch.bool)
    rows: list[int] = []
    ends: list[int] = []
    for row, (ids, positions, branch, own_ends) in enumerate(trees):
        length = len(ids)
        ids_BL[row, :length] = torch.tensor(ids)
        positions_BL[row, :length] = torch.tensor(positions)
        branch_L = torch.tensor(branch)
        is_earlier = torch.ones((length, length), dtype=torch.bool).tril()
        is_seen = (branch_L[None, :] == 0) | (branch_L[:, None] == branch_L[None, :])
        mask[row, 0, :length, :length] = is_earlier & is_seen
        # A padding place must see something, or its softmax has nothing to sum.
        rest = torch.arange(length, longest)
        mask[row, 0, rest, rest] = True
        rows += [row] * len(own_ends)
        ends += own_ends
    return Packed(ids_BL, positions_BL, mask, torch.tensor(rows), torch.tensor(ends))


def _tree(chats: Sequence[Sequence[int]]) -> tuple[list[int], list[int], list[int], list[int]]:
    """(ids, positions, branch of each id, the end of each chat); branch 0 is what all share."""
    shared = common_prefix(chats)
    ids, positions, branch = list(chats[0][:shared]), list(range(shared)), [0] * shared
    ends = []
    for number, chat in enumerate(chats, 1):
        ids += chat[shared:]
        positions += range(shared, len(chat))
        branch += [number] * (len(chat) - shared)
        ends.append(len(ids) - 1)
    return ids, positions, branch, ends


class ProgramScorer(nn.Module):
    """Scores packed chats with a sequence classifier of one label.

    It wraps the classifier so that its forward is what trainers shard and exchange; `inner` is what is
    saved.
    """

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner
        self.config = inner.config
        # What FSDP wraps one by one: the transformer's layers.
        self._no_split_modules = inner._no_split_modules

    @property
    def transformer(self) -> Any:
        """What computes the hidden states."""
        return getattr(self.inner, self.inner.base_model_prefix)

    def forward(
        self,
        input_ids: torch.Tensor,
        position_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        row: torch.Tensor,
        read_at: torch.Tensor,
    ) -> torch.Tensor:
        """Fields of `Packed` -> (N,) float32 scores."""
        hidden_BLH = self.transformer(
            input_ids=input_ids,
            position_ids=position_ids,
            attention_mask=attention_mask,
            use_cache=False,
        ).last_hidden_state
        scores_N1: torch.Tensor = getattr(self.inner, HEAD)(hidden_BLH[row, read_at])
        return scores_N1.sum(dim=1)  # a view of an output must not leave what FSDP wraps

    def scores(self, packed: Packed) -> torch.Tensor:
        """(N,) float32 scores of packed chats, in their order."""
        scores: torch.Tensor = self(
            packed.input_ids, packed.position_ids, packed.mask, packed.row, packed.read_at
        )
        return scores


def new_scorer(base: str, *, seed: int, attention: Attention = "sdpa") -> ProgramScorer:
    """The language model at `base` in float32, with a fresh head that is the same on every process."""
    with _silent():  # it would report that the head is new
        inner = _classifier(base, num_labels=1, dtype=torch.float32, attn_implementation=attention)
    head = Float32Head(getattr(inner, HEAD).in_features, 1, bias=False)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        head.weight.normal_(0.0, inner.config.initializer_range, generator=generator)
    setattr(inner, HEAD, head)
    return ProgramScorer(inner)


def load_scorer(directory: Path) -> ProgramScorer:
    """A trained reward model, its head in float32. Raises InputError where there is none."""
    try:
        inner = _classifier(str(directory))
        weight = _head_weight(directory)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"not a reward model: {str(error).splitlines()[0]}", where=str(directory)
        ) from None
    head = Float32Head(weight.shape[1], 1, bias=False)
    head.load_state_dict({"weight": weight.float()})
    setattr(inner, HEAD, head)
    return ProgramScorer(inner)


@contextmanager
def _silent() -> Iterator[None]:
    from transformers.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(before)


def _classifier(directory: str, **arguments: Any) -> Any:
    from transformers import AutoModelForSequenceClassification

    return AutoModelForSequenceClassification.from_pretrained(directory, **arguments)


def _head_weight(directory: Path) -> torch.Tensor:
    """The head's tensor as it is saved: loading a model would round it to the backbone's dtype."""
    from safetensors import safe_open

    for file in sorted(directory.glob("*.safetensors")):
        with safe_open(file, "pt") as tensors:
            if f"{HEAD}.weight" in tensors.keys():  # noqa: SIM118 (it is no dict)
                weight: torch.Tensor = tensors.get_tensor(f"{HEAD}.weight")
                return weight
    raise KeyError(f"no weights of a head ({HEAD}.weight)")
