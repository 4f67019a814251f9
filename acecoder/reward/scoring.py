"""Scores of a trained reward model: one float per (question, program), higher is better."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from acecoder.config import Config
from acecoder.errors import InputError
from acecoder.rendering import as_chat, scored_messages


class ScoresPrograms(Config):
    """A config of something that scores programs with a reward model, in this process."""


class RewardModel:
    """A reward model loaded for scoring, on the GPU if there is one."""

    def __init__(self, directory: Path, *, batch_size: int, max_length_tokens: int) -> None:
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(directory)
            model: Any = AutoModelForSequenceClassification.from_pretrained(directory)
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"not a reward model: {reason}", where=str(directory)) from None
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._model = model.to(self._device).eval()
        self._tokenizer.padding_side = "right"
        self._batch_size = batch_size
        self._max_length_tokens = max_length_tokens

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
            scores.update(zip(batch, self._forward(batch), strict=True))
            if report:
                report(len(scores), len(unique))
        return [scores[text] for text in texts]

    def rendered(self, question: str, program: str) -> str:
        """The text that is scored."""
        chat = as_chat(scored_messages(question, program))
        return str(self._tokenizer.apply_chat_template(chat, tokenize=False))

    def _forward(self, texts: list[str]) -> list[float]:
        import torch

        self._tokenizer.truncation_side = "left"
        encoded = self._tokenizer(
            texts,
            return_tensors="pt",
            padding=True,
            truncation=True,
            max_length=self._max_length_tokens,
            add_special_tokens=False,
        ).to(self._device)
        with torch.inference_mode():
            logits_B1 = self._model(
                input_ids=encoded["input_ids"], attention_mask=encoded["attention_mask"]
            ).logits
        return [float(score) for score in logits_B1[:, 0].float().cpu()]
