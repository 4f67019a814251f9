"""Scores of a trained reward model: one float per (question, program), higher is better."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from acecoder.config import Config, incidental
from acecoder.errors import InputError
from acecoder.llm.served import ServedModel
from acecoder.reward.encoding import Chat, common_prefix
from acecoder.reward.record import Calibration, read_record
from acecoder.training.processes import own_device

if TYPE_CHECKING:
    from acecoder.reward.scorer import ProgramScorer


MAX_TREE_TOKENS = 2048
"""Of programs that are scored together with their question: attention takes their square."""
TREE_SHARE = 0.8
"""Above this share of the tokens that rows would take, rows are as quick."""


class ScoresPrograms(Config):
    """A config of something that scores programs with a reward model, in this process."""

    score_batch_size: int = incidental(16, ge=1)
    """Programs per forward pass of the reward model."""


class ReadsScores(ScoresPrograms):
    """The same, or from a server that has the reward model."""

    reward_server: str = incidental("")
    """Address of a server of this very reward model (manifests/serving), without a path; empty: it is
    loaded in this process. Scores are the same within what the check after a rollout allows."""
    reward_server_model: str = incidental("")
    """What the server calls it: NAME/VERSION, so that another version is refused."""

    def server(self) -> ServedModel | None:
        """The server, where one is named."""
        return ServedModel(self.reward_server) if self.reward_server else None


Ids = tuple[int, ...]
"""A chat's token ids."""


class Scorer(Protocol):
    """Gives one score to each chat."""

    def forward(self, chats: Sequence[Ids]) -> list[float]:
        """Scores of one batch of token ids."""
        ...


class RewardModel:
    """A reward model: loaded here, on the GPU if there is one, or behind a server.

    It reads what it was trained on: its directory says how (`record`). Raises InputError where that is
    missing or is not what this code renders.
    """

    def __init__(
        self,
        directory: Path,
        *,
        batch_size: int,
        server: ServedModel | None = None,
        server_model: str = "",
    ) -> None:
        from transformers import AutoTokenizer

        try:
            tokenizer: Any = AutoTokenizer.from_pretrained(directory)
        except (OSError, ValueError) as error:
            raise InputError(
                f"not a reward model: {str(error).splitlines()[0]}", where=str(directory)
            ) from None
        record = read_record(directory)
        self._encoder = record.encoder(tokenizer, str(directory))
        self._batch_size, self._where = batch_size, str(directory)
        self.calibration: Calibration = record.calibration
        self._offset = record.offset
        self.num_cut_programs = 0
        """Programs so far that are longer than the model reads, of which it saw the end."""
        self._scorer: Scorer = (
            LocalScorer.load(directory, tokenizer)
            if server is None
            else _Served(server, server_model)
        )

    def score(
        self, chats: Sequence[Chat], report: Callable[[int, int], None] | None = None
    ) -> list[float]:
        """Scores in the order of `chats`; equal ones are scored once.

        A question is shortened where a chat is longer than the model was trained on. Of a program that is
        too long by itself the end is read, and it is counted. Raises InputError on a score that is no
        finite number.
        """
        ids = {chat: self.encoded(chat) for chat in dict.fromkeys(chats)}
        total = len(set(ids.values()))
        scores: dict[Ids, float] = {}
        for batch in batches(ids, self._batch_size):
            found = self._scorer.forward(batch)
            if not all(map(math.isfinite, found)):
                raise InputError(
                    "the reward model's score of a program is no finite number",
                    where=self._where,
                    remedy="its weights are damaged or its training diverged: train or import it again",
                )
            scores.update(zip(batch, found, strict=True))
            if report:
                report(len(scores), total)
        return [scores[ids[chat]] + self._offset for chat in chats]

    def encoded(self, chat: Chat) -> Ids:
        """The token ids that are scored."""
        found = self._encoder.encode(chat)
        if found is None:
            self.num_cut_programs += 1
            found = self._encoder.end_of(chat)
        return found.ids

    def rendered(self, chat: Chat) -> str:
        """The text that is scored."""
        return self._encoder.rendered(chat)


def batches(ids: Mapping[Chat, Ids], batch_size: int) -> Iterator[list[Ids]]:
    """Every distinct chat once: those of one question together, so that it is read once; of questions with
    few programs, those of like length."""
    by_question: dict[str, set[Ids]] = {}
    for chat, own in ids.items():
        by_question.setdefault(chat.question, set()).add(own)
    alone: list[Ids] = []
    for programs in by_question.values():
        ordered = sorted(programs, key=lambda each: (len(each), each))
        while ordered:
            batch = _beginning(ordered, batch_size)
            if not _is_tree(batch):
                alone += ordered
                break
            yield batch
            ordered = ordered[len(batch) :]
    alone = sorted(dict.fromkeys(alone), key=lambda each: (len(each), each))
    for start in range(0, len(alone), batch_size):
        yield alone[start : start + batch_size]


def _beginning(chats: Sequence[Ids], most: int) -> list[Ids]:
    """The first chats that make a tree of at most MAX_TREE_TOKENS."""
    count = min(most, len(chats))
    while count > 1 and _tree_tokens(chats[:count]) > MAX_TREE_TOKENS:
        count -= 1
    return list(chats[:count])


def _is_tree(chats: Sequence[Ids]) -> bool:
    """Whether reading what they begin with once spares enough to be worth a mask."""
    tokens = _tree_tokens(chats)
    rows = len(chats) * max(map(len, chats))
    return len(chats) > 1 and tokens <= MAX_TREE_TOKENS and tokens <= TREE_SHARE * rows


def _tree_tokens(chats: Sequence[Ids]) -> int:
    shared = common_prefix(chats)
    return shared + sum(len(chat) - shared for chat in chats)


class LocalScorer:
    """The weights in this process."""

    def __init__(self, model: ProgramScorer, pad: int) -> None:
        self._model, self._pad = model, pad

    @classmethod
    def load(cls, directory: Path, tokenizer: Any) -> LocalScorer:
        """From a directory, on this process's GPU if there is one. Raises InputError."""
        from acecoder.reward.scorer import load_scorer

        pad = tokenizer.pad_token_id
        return cls(
            load_scorer(directory).to(own_device()).eval(),
            tokenizer.eos_token_id if pad is None else pad,
        )

    def forward(self, chats: Sequence[Ids]) -> list[float]:
        """See `Scorer`."""
        import torch

        from acecoder.reward.scorer import pack_rows, pack_trees

        packed = pack_trees([chats], self._pad) if _is_tree(chats) else pack_rows(chats, self._pad)
        device = next(self._model.parameters()).device
        with torch.inference_mode():
            scores_N = self._model.scores(packed.to(device))
        return [float(score) for score in scores_N.cpu()]


class _Served:
    """A server that has the weights; it is sent token ids, so that nothing is rendered twice."""

    def __init__(self, server: ServedModel, model: str) -> None:
        if model not in server.versions():
            raise InputError(
                f"it serves {', '.join(server.versions())}, not {model or 'what reward_server_model names'}",
                where=server.url,
                remedy="set reward_server_model to NAME/VERSION of this very reward model",
            )
        self._server, self._model = server, model

    def forward(self, chats: Sequence[Ids]) -> list[float]:
        """See `Scorer`."""
        return self._server.rewards(self._model, [list(chat) for chat in chats])
