"""Train the reward model: a language model with one number for a head (METHOD, M12).

Loss per pair: -log sigmoid(score(chosen) - score(rejected)). Each program of a problem is encoded once per
update, and the losses of all its pairs are taken from the same scores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from acecoder.config import incidental
from acecoder.errors import InputError
from acecoder.reward.encoding import Encoder, OverLimit
from acecoder.reward.problems import Read, read_problems
from acecoder.reward.record import ScoringRecord
from acecoder.reward.updates import Forward, updates
from acecoder.schema import Pair
from acecoder.training.adapters import add_adapters, merged
from acecoder.training.arguments import TrainingConfig, shared_arguments
from acecoder.training.checkpoints import last_whole
from acecoder.training.kernels import fuse, require_kernels
from acecoder.training.loading import load_tokenizer
from acecoder.training.processes import require_one_device, world_size
from acecoder.training.sharding import require_sharded


class RewardTraining(TrainingConfig):
    """Hyperparameters of one training; the defaults are the paper's for AceCodeRM-7B."""

    learning_rate: float = Field(1e-5, gt=0)
    """At the end of the warm-up; it falls to 0 along a cosine."""
    pairs_per_update: int = Field(128, ge=1)
    """Pairs of one gradient update, over all processes. An update is whole problems, closed by the one that
    reaches this number."""
    pairs_per_forward: int = incidental(4, ge=1)
    """Pairs whose programs one process encodes at a time; less takes less memory."""
    forward: Forward = incidental("grouped")
    """What is encoded, at the same losses: `grouped`, each program of a problem once; `shared_prefix`, also
    its question once; `pairwise`, each pair by itself, as others train."""
    epochs: float = Field(1.0, gt=0)
    """Times that every pair is seen."""
    warmup_share: float = Field(0.1, ge=0, lt=1)
    """Share of the updates in which the learning rate rises to its full value."""
    max_length_tokens: int = Field(2048, ge=16)
    """Of a chat: question, program, and what the template writes around them."""
    over_limit: OverLimit = "cut_question"
    """What becomes of a longer chat: `cut_question` shortens its question from the end, `drop` leaves its
    pairs out. A program is never shortened; what is dropped is counted."""
    save_every_steps: int = incidental(50, ge=1)
    """Updates between checkpoints, from which a killed training resumes."""
    seed: int = 0
    """Of the new head's weights and of the order of the problems."""

    @model_validator(mode="after")
    def _masks_are_computed(self) -> Self:
        if self.forward == "shared_prefix" and self.attention == "flash_attention_2":
            raise ValueError("flash_attention_2 takes no mask, which forward = shared_prefix needs")
        return self


@dataclass(frozen=True)
class Trained:
    """What came of a training."""

    log: list[dict[str, float]]
    """One entry per update."""
    num_pairs: int
    """Pairs that were trained on."""
    dropped: Mapping[str, int]
    """Reason -> pairs that were not."""
    num_cut: int
    """Pairs of which a question was shortened."""
    record: ScoringRecord
    """How the model is to be asked; not calibrated."""


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

    Resumes from the last whole checkpoint in `scratch`. Writes safetensors, the tokenizer and `scoring.json`
    to `destination`. Raises InputError on no pairs, or none that is short enough; PlatformError at a loss
    that is no number.
    """
    require_one_device()
    require_kernels(config)
    tokenizer = load_tokenizer(base, padding_side="right")
    record = ScoringRecord.of(
        tokenizer, max_length_tokens=config.max_length_tokens, over_limit=config.over_limit
    )
    read = _read(pairs, record.encoder(tokenizer, base), config)
    trainer = pair_trainer(read, base, tokenizer, config, scratch, callbacks)
    trainer.train(resume_from_checkpoint=last_whole(scratch))
    require_sharded(config, trainer.model)
    _save(trainer, tokenizer, record, destination, config)
    log = [entry for entry in trainer.state.log_history if "loss" in entry]
    return Trained(log, read.num_pairs, read.dropped, read.num_cut, record)


def _read(pairs: Sequence[Pair], encoder: Encoder, config: RewardTraining) -> Read:
    if not pairs:
        raise InputError(
            "there are no preference pairs to train on",
            remedy="more problems or samples, a stronger model, or a looser pair rule",
        )
    read = read_problems(pairs, encoder)
    if not read.problems:
        raise InputError(
            f"all {len(pairs)} pairs are longer than max_length_tokens = {config.max_length_tokens}"
            + (" with an empty question" if config.over_limit == "cut_question" else ""),
            where="train_reward_model",
            remedy='a larger max_length_tokens; over_limit = "cut_question" shortens questions',
        )
    return read


def pair_trainer(
    read: Read,
    base: str,
    tokenizer: Any,
    config: RewardTraining,
    scratch: Path,
    callbacks: Sequence[Any],
) -> Any:
    """A `PairTrainer` that is ready to train, from the weights at `base`, on the pairs that were read."""
    import torch
    from transformers import TrainingArguments

    from acecoder.reward.scorer import new_scorer
    from acecoder.reward.trainer import PairTrainer, Shares

    # The arguments come first: they open the group of processes, and tell who loads weights.
    arguments = TrainingArguments(
        **shared_arguments(scratch, config, save_every_updates=config.save_every_steps),
        num_train_epochs=1,  # `updates` has every epoch's
        per_device_train_batch_size=1,
        gradient_accumulation_steps=1,
        remove_unused_columns=False,
    )
    model = new_scorer(base, seed=config.seed, attention=config.attention)
    fuse(model.inner, config)
    if config.lora:
        torch.manual_seed(config.seed)  # the new matrices, alike on every process
        add_adapters(model.transformer, config.lora)
    if arguments.gradient_checkpointing:
        model.inner.gradient_checkpointing_enable()
        arguments.gradient_checkpointing = False  # the wrapper has no such method
    todo = updates(
        read.problems,
        pairs_per_update=config.pairs_per_update,
        epochs=config.epochs,
        seed=config.seed,
    )
    return PairTrainer(
        model=model,
        args=arguments,
        train_dataset=Shares(
            todo,
            forward=config.forward,
            pairs_per_forward=config.pairs_per_forward,
            processes=world_size(),
        ),
        callbacks=list(callbacks),
        forward=config.forward,
        pad=tokenizer.pad_token_id,
        stopped_at=scratch / "stopped-at.jsonl",
    )


def _save(
    trainer: Any, tokenizer: Any, record: ScoringRecord, destination: Path, config: RewardTraining
) -> None:
    from acecoder.reward.scorer import HEAD
    from acecoder.training.saving import whole_state, write_model

    state = whole_state(trainer)
    if not trainer.is_world_process_zero():
        return
    inner = trainer.accelerator.unwrap_model(trainer.model).inner
    weights = {name.removeprefix("inner."): tensor for name, tensor in state.items()}
    if config.lora:
        weights = merged(weights, config.lora)
    inner.config.pad_token_id = tokenizer.pad_token_id
    write_model(
        inner, weights, tokenizer, destination, dtype=config.dtype, kept=(f"{HEAD}.weight",)
    )
    record.write(destination)
