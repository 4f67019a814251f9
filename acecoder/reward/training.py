"""Train the reward model: a language model with one number for a head (METHOD, M12).

Loss per pair: -log sigmoid(score(chosen) - score(rejected)), by TRL's RewardTrainer. The number
is read at the last token, so chats end with the template's end-of-turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from acecoder.config import incidental
from acecoder.errors import InputError
from acecoder.rendering import as_chat, scored_messages
from acecoder.schema import Pair
from acecoder.training.arguments import shared_arguments
from acecoder.training.checkpoints import last_whole
from acecoder.training.loading import load_scorer, load_tokenizer
from acecoder.training.precision import Precision
from acecoder.training.processes import require_one_device, share_of_batch
from acecoder.training.saving import save


class RewardTraining(Precision):
    """Hyperparameters of one training; the defaults are the paper's for AceCodeRM-7B."""

    learning_rate: float = Field(1e-5, gt=0)
    """At the end of the warm-up; it falls to 0 along a cosine."""
    batch_size: int = Field(4, ge=1)
    """Pairs per forward pass."""
    accumulation: int = Field(4, ge=1)
    """Forward passes per update."""
    epochs: float = Field(1.0, gt=0)
    """Times that every pair is seen."""
    warmup_share: float = Field(0.1, ge=0, lt=1)
    """Share of the updates in which the learning rate rises to its full value."""
    max_length_tokens: int = Field(2048, ge=16)
    """A pair of which a chat (question and program) has more tokens is left out, and counted."""
    save_every_steps: int = incidental(50, ge=1)
    """Updates between checkpoints, from which a killed training resumes."""
    seed: int = 0
    """Of the new head's weights and of the order of the pairs."""


@dataclass(frozen=True)
class Trained:
    """What came of a training."""

    log: list[dict[str, float]]
    """One entry per step."""
    num_pairs: int
    """Pairs that were trained on."""
    num_too_long: int
    """Pairs that were left out: a chat of theirs has more than `max_length_tokens`."""


def train(
    pairs: Sequence[Pair],
    base: str,
    config: RewardTraining,
    *,
    scratch: Path,
    destination: Path,
    callbacks: Sequence[Any],
) -> Trained:
    """Train on `pairs` from the weights at `base`, but for those that are too long.

    Resumes from the last whole checkpoint in `scratch`. Writes safetensors and the tokenizer to
    `destination`. Raises InputError on no pairs, or none that is short enough.
    """
    if not pairs:
        raise InputError(
            "there are no preference pairs to train on",
            remedy="more problems or samples, a stronger model, or a looser pair rule",
        )
    import torch
    from datasets import Dataset
    from trl import RewardConfig, RewardTrainer

    require_one_device()
    batch_size, accumulation = share_of_batch(config.batch_size, config.accumulation)
    torch.manual_seed(config.seed)
    tokenizer = load_tokenizer(base, padding_side="right")
    arguments = RewardConfig(
        **shared_arguments(
            scratch,
            learning_rate=config.learning_rate,
            warmup_share=config.warmup_share,
            save_every_updates=config.save_every_steps,
            seed=config.seed,
            dtype=config.dtype,
        ),
        num_train_epochs=config.epochs,
        per_device_train_batch_size=batch_size,
        gradient_accumulation_steps=accumulation,
        max_length=config.max_length_tokens,
    )
    trainer = RewardTrainer(
        model=load_scorer(base, tokenizer),
        args=arguments,
        processing_class=tokenizer,
        train_dataset=Dataset.from_list([_conversations(pair) for pair in pairs]),
        callbacks=list(callbacks),
    )
    num_pairs = len(trainer.train_dataset)
    if not num_pairs:
        raise InputError(
            f"all {len(pairs)} pairs are longer than max_length_tokens = {config.max_length_tokens}",
            where="train_reward_model",
            remedy="a larger max_length_tokens",
        )
    trainer.train(resume_from_checkpoint=last_whole(scratch))
    save(trainer, tokenizer, destination, dtype=config.dtype)
    log = [entry for entry in trainer.state.log_history if "loss" in entry]
    return Trained(log, num_pairs, len(pairs) - num_pairs)


def _conversations(pair: Pair) -> dict[str, list[dict[str, str]]]:
    return {
        "chosen": as_chat(scored_messages(pair.prompt, pair.chosen)),
        "rejected": as_chat(scored_messages(pair.prompt, pair.rejected)),
    }
