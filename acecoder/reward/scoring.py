"""Scores of a trained reward model: one float per (question, program), higher is better."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from acecoder.config import Config, incidental
from acecoder.errors import InputError
from acecoder.llm.served import ServedModel
from acecoder.rendering import as_chat, scored_messages


class ScoresPrograms(Config):
    """A config of something that scores programs with a reward model, in this process."""


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


class Scorer(Protocol):
    """Gives one score to each text."""

    def forward(self, texts: Sequence[str]) -> list[float]:
        """Scores of one batch of rendered chats."""
        ...


class RewardModel:
    """A reward model: loaded here, on the GPU if there is one, or behind a server."""

    def __init__(
        self,
        directory: Path,
        *,
        batch_size: int,
        max_length_tokens: int,
        server: ServedModel | None = None,
        server_model: str = "",
    ) -> None:
        from transformers import AutoTokenizer

        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(directory)
        except (OSError, ValueError) as error:
            raise _no_model(error, directory) from None
        self._tokenizer.padding_side = "right"
        self._tokenizer.truncation_side = "left"
        self._batch_size = batch_size
        limits = {"truncation": True, "max_length": max_length_tokens, "add_special_tokens": False}
        self._scorer: Scorer = (
            _Local(directory, self._tokenizer, limits)
            if server is None
            else _Served(server, server_model, self._tokenizer, limits)
        )

    def score(
        self, items: Sequence[tuple[str, str]], report: Callable[[int, int], None] | None = None
    ) -> list[float]:
        """Scores in the order of `items` (question, program); equal items are scored once.

        A chat longer than the model was trained on keeps its end, where the score is read.
        """
        texts = [self.rendered(question, program) for question, program in items]
        unique = sorted(set(texts), key=lambda text: (len(text), text))
        scores: dict[str, float] = {}
        for start in range(0, len(unique), self._batch_size):
            batch = unique[start : start + self._batch_size]
            scores.update(zip(batch, self._scorer.forward(batch), strict=True))
            if report:
                report(len(scores), len(unique))
        return [scores[text] for text in texts]

    def rendered(self, question: str, program: str) -> str:
        """The text that is scored."""
        chat = as_chat(scored_messages(question, program))
        return str(self._tokenizer.apply_chat_template(chat, tokenize=False))


class _Local:
    """The weights in this process."""

    def __init__(self, directory: Path, tokenizer: Any, limits: dict[str, Any]) -> None:
        import torch
        from transformers import AutoModelForSequenceClassification

        try:
            model: Any = AutoModelForSequenceClassification.from_pretrained(directory)
        except (OSError, ValueError) as error:
            raise _no_model(error, directory) from None
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._model = model.to(self._device).eval()
        self._tokenizer, self._limits = tokenizer, limits

    def forward(self, texts: Sequence[str]) -> list[float]:
        """See `Scorer`."""
        import torch

        encoded = self._tokenizer(
            list(texts), return_tensors="pt", padding=True, **self._limits
        ).to(self._device)
        with torch.inference_mode():
            logits_B1 = self._model(
                input_ids=encoded["input_ids"], attention_mask=encoded["attention_mask"]
            ).logits
        return [float(score) for score in logits_B1[:, 0].float().cpu()]


class _Served:
    """A server that has the weights; it is sent token ids, so that nothing is rendered twice."""

    def __init__(
        self, server: ServedModel, model: str, tokenizer: Any, limits: dict[str, Any]
    ) -> None:
        if model not in server.versions():
            raise InputError(
                f"it serves {', '.join(server.versions())}, not {model or 'what reward_server_model names'}",
                where=server.url,
                remedy="set reward_server_model to NAME/VERSION of this very reward model",
            )
        self._server, self._model = server, model
        self._tokenizer, self._limits = tokenizer, limits

    def forward(self, texts: Sequence[str]) -> list[float]:
        """See `Scorer`."""
        tokens = self._tokenizer(list(texts), **self._limits)["input_ids"]
        return self._server.rewards(self._model, tokens)


def _no_model(error: Exception, directory: Path) -> InputError:
    return InputError(f"not a reward model: {str(error).splitlines()[0]}", where=str(directory))
