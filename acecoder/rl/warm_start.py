"""Supervised steps on programs that are right, before RL: rejection-sampling fine-tuning, by TRL's SFTTrainer."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from acecoder.chats import prompt_ids
from acecoder.config import incidental
from acecoder.errors import InputError
from acecoder.training.adapters import peft_config
from acecoder.training.arguments import TrainingConfig, shared_arguments
from acecoder.training.checkpoints import last_whole
from acecoder.training.kernels import fuse, require_kernels
from acecoder.training.loading import load_language_model, load_tokenizer
from acecoder.training.processes import require_one_device, share_of_batch
from acecoder.training.saving import save
from acecoder.training.sharding import require_sharded

IGNORED = -100
"""Label of a token that is not learnt."""


class WarmStartTraining(TrainingConfig):
    """Hyperparameters of the supervised steps."""

    learning_rate: float = Field(5e-6, gt=0)
    """At the end of the warm-up; it falls along a cosine to 0."""
    epochs: int = Field(1, ge=1)
    """Passes over the programs."""
    programs_per_update: int = Field(16, ge=1)
    """Programs per gradient update."""
    minibatch_size: int = Field(8, ge=1)
    """Programs per forward and backward pass; divides `programs_per_update`."""
    warmup_share: float = Field(0.1, ge=0, lt=1)
    """Share of the updates in which the learning rate rises to its full value."""
    max_length_tokens: int = Field(4096, ge=16)
    """Prompts and programs that are longer together are left out, and counted."""
    save_every_steps: int = incidental(50, ge=1)
    """Updates between checkpoints, from which a killed training resumes."""
    seed: int = 0
    """Of the order of the programs."""


@dataclass(frozen=True)
class Demonstration:
    """A prompt, and the text that is learnt."""

    prompt: str
    """Rendered, with what begins the answer."""
    answer: str
    """From there on, with what ends it."""


@dataclass(frozen=True)
class WarmStartLog:
    """What the training did."""

    losses: list[float]
    """Of every update."""
    num_learnt: int
    """Demonstrations."""
    num_too_long: int
    """Left out."""


def train(
    demonstrations: Sequence[Demonstration],
    base: str,
    config: WarmStartTraining,
    *,
    scratch: Path,
    destination: Path,
    callbacks: Sequence[Any],
) -> WarmStartLog:
    """Learn the answers from the weights at `base`; what it did.

    Resumes from the last whole checkpoint in `scratch`; writes safetensors to `destination`. Raises InputError
    where fewer demonstrations are short enough than an update takes; PlatformError at a loss that is no number.
    """
    import torch
    from datasets import Dataset
    from trl import SFTTrainer

    from acecoder.training.callbacks import StopAtNoNumber

    require_one_device()
    require_kernels(config)
    torch.manual_seed(config.seed)
    tokenizer = load_tokenizer(base, padding_side="right")
    rows = [_row(each, tokenizer) for each in demonstrations]
    short = [row for row in rows if len(row["input_ids"]) <= config.max_length_tokens]
    if len(short) < config.programs_per_update:
        raise InputError(
            f"{len(short)} of {len(rows)} programs have at most {config.max_length_tokens} tokens, and an "
            f"update takes {config.programs_per_update}",
            where="train_warm_start",
            remedy="more samples, a lower min_pass_rate, or a smaller programs_per_update",
        )
    # The arguments come first: they open the group of processes, and tell who loads weights.
    arguments = _arguments(config, scratch, len(short))
    model = load_language_model(base, attention=config.attention)
    fuse(model, config)
    trainer = SFTTrainer(
        model=model,
        args=arguments,
        processing_class=tokenizer,
        train_dataset=Dataset.from_list(_in_order(short, config)),
        callbacks=[StopAtNoNumber(), *callbacks],
        **({"peft_config": peft_config(config.lora)} if config.lora else {}),
    )
    trainer.train(resume_from_checkpoint=last_whole(scratch))
    require_sharded(config, trainer.model)
    save(trainer, tokenizer, destination, dtype=config.dtype, lora=config.lora)
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    return WarmStartLog(losses, len(short), len(rows) - len(short))


def _row(demonstration: Demonstration, tokenizer: Any) -> dict[str, list[int]]:
    """Ids as sampling would have produced them: no token spans the end of the prompt."""
    prompt = prompt_ids(tokenizer, demonstration.prompt)
    answer = prompt_ids(tokenizer, demonstration.answer)
    return {"input_ids": prompt + answer, "labels": [IGNORED] * len(prompt) + answer}


def _in_order(
    rows: Sequence[dict[str, list[int]]], config: WarmStartTraining
) -> list[dict[str, list[int]]]:
    """The rows of all updates, in the order of training; each pass has its own, and leaves out what makes no
    whole update."""
    whole = len(rows) // config.programs_per_update * config.programs_per_update
    return [
        row
        for epoch in range(config.epochs)
        for row in random.Random(f"{config.seed}/{epoch}").sample(list(rows), whole)
    ]


def _arguments(config: WarmStartTraining, scratch: Path, num_rows: int) -> Any:
    from trl import SFTConfig

    if config.programs_per_update % config.minibatch_size:
        raise InputError(
            f"minibatches of {config.minibatch_size} do not divide {config.programs_per_update} programs",
            where="train_warm_start",
        )
    # A process's share, such that updates are as large as with one process.
    minibatch, accumulation = share_of_batch(
        config.minibatch_size, config.programs_per_update // config.minibatch_size
    )
    return SFTConfig(
        **shared_arguments(scratch, config, save_every_updates=config.save_every_steps),
        max_steps=num_rows // config.programs_per_update * config.epochs,
        per_device_train_batch_size=minibatch,
        gradient_accumulation_steps=accumulation,
        max_grad_norm=1.0,
        train_sampling_strategy="sequential",  # `_in_order` has every pass's order
        max_length=None,
        packing=False,
        dataset_kwargs={"skip_prepare_dataset": True},
    )
