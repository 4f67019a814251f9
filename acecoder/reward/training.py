"""Train the reward model: a language model with one number for a head (AceCoder, section 4).

Loss per pair: -log sigmoid(score(chosen) - score(rejected)), by TRL's RewardTrainer. The number
is read at the last token, so chats end with the template's end-of-turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acecoder.errors import InputError
from acecoder.rendering import as_chat, scored_messages
from acecoder.schema import Pair


@dataclass(frozen=True)
class RewardTraining:
    """Hyperparameters of one training; defaults are the paper's for 7B."""

    learning_rate: float
    batch_size: int
    accumulation: int
    epochs: float
    warmup_share: float
    max_length_tokens: int
    seed: int
    save_every_steps: int
    dtype: str


def train(
    pairs: Sequence[Pair], base: str, plan: RewardTraining, *, scratch: Path, destination: Path,
    callbacks: Sequence[Any],
) -> list[dict[str, float]]:  # fmt: skip
    """Train on `pairs` from the weights at `base`; the log, one entry a step.

    Resumes from the last whole checkpoint in `scratch`. Writes safetensors and the tokenizer to
    `destination`. Raises InputError on no pairs.
    """
    if not pairs:
        raise InputError(
            "there are no preference pairs to train on",
            remedy="more problems or samples, a stronger model, or a looser pair rule",
        )
    import torch
    from datasets import Dataset
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    from trl import RewardConfig, RewardTrainer

    from acecoder.training.checkpoints import last_whole, require_one_device, share_of_batch

    require_one_device()
    batch_size, accumulation = share_of_batch(plan.batch_size, plan.accumulation)

    torch.manual_seed(plan.seed)
    tokenizer = AutoTokenizer.from_pretrained(base)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    model = AutoModelForSequenceClassification.from_pretrained(
        base,
        num_labels=1,
        dtype=torch.float32,  # see rl/training: updates must not round away
    )
    model.config.pad_token_id = tokenizer.pad_token_id
    on_cpu = not torch.cuda.is_available()
    arguments = RewardConfig(
        output_dir=str(scratch), learning_rate=plan.learning_rate, lr_scheduler_type="cosine",
        warmup_steps=plan.warmup_share, num_train_epochs=plan.epochs,
        per_device_train_batch_size=batch_size,
        gradient_accumulation_steps=accumulation, max_length=plan.max_length_tokens,
        logging_steps=1, save_strategy="steps", save_steps=plan.save_every_steps,
        save_total_limit=2, seed=plan.seed, data_seed=plan.seed, report_to="none",
        disable_tqdm=True, use_cpu=on_cpu, bf16=not on_cpu and plan.dtype == "bfloat16",
        gradient_checkpointing=not on_cpu, dataloader_pin_memory=not on_cpu,
    )  # fmt: skip
    trainer = RewardTrainer(
        model=model, args=arguments, processing_class=tokenizer,
        train_dataset=Dataset.from_list([_conversations(pair) for pair in pairs]),
        callbacks=list(callbacks),
    )  # fmt: skip
    trainer.train(resume_from_checkpoint=last_whole(scratch))
    trainer.model.to(getattr(torch, plan.dtype))
    trainer.save_model(str(destination))
    tokenizer.save_pretrained(destination)
    (destination / "training_args.bin").unlink(missing_ok=True)  # a pickle, of no use to a reader
    return [entry for entry in trainer.state.log_history if "loss" in entry]


def _conversations(pair: Pair) -> dict[str, list[dict[str, str]]]:
    return {
        "chosen": as_chat(scored_messages(pair.prompt, pair.chosen)),
        "rejected": as_chat(scored_messages(pair.prompt, pair.rejected)),
    }
