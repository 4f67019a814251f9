"""The trainer's arguments that the reward model and the policy share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from acecoder.training.adapters import Adapters
from acecoder.training.kernels import Kernels
from acecoder.training.precision import Precision
from acecoder.training.sharding import Sharding, sharding_arguments


class TrainingConfig(Precision, Sharding, Adapters, Kernels):
    """What every training is told; each has defaults of its own."""

    learning_rate: float
    warmup_share: float
    seed: int


def shared_arguments(
    scratch: Path, config: TrainingConfig, *, save_every_updates: int
) -> dict[str, Any]:
    """Of transformers' TrainingArguments: schedule, checkpoints, seeds, and what the device allows."""
    import torch

    on_cpu = not torch.cuda.is_available()
    return {
        "output_dir": str(scratch),
        "learning_rate": config.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": config.warmup_share,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,  # a loss that is no number is to be seen
        "save_strategy": "steps",
        "save_steps": save_every_updates,
        "save_total_limit": 2,
        "seed": config.seed,
        "data_seed": config.seed,
        "report_to": "none",
        "disable_tqdm": True,
        "use_cpu": on_cpu,
        "bf16": not on_cpu and config.dtype == "bfloat16",
        "gradient_checkpointing": not on_cpu,
        "dataloader_pin_memory": not on_cpu,
        "ddp_find_unused_parameters": False,
        # Every node has its own directory, which the first process of each keeps in order.
        "save_on_each_node": True,
        **sharding_arguments(config, on_gpu=not on_cpu),
    }
