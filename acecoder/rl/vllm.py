"""Rollouts by vLLM: beside the training on the same GPUs, or on a server of its own."""

from __future__ import annotations

import os
from typing import Any

from pydantic import Field

from acecoder.config import Config, incidental
from acecoder.errors import InputError, PlatformError
from acecoder.training.adapters import Adapters
from acecoder.training.sharding import Sharding

SERVER = "ACECODER_ROLLOUT_SERVER"
"""Set where a TrainJob has a server beside its nodes."""


class VllmRollouts(Config):
    """How vLLM shares the GPUs of a training, for a policy with `engine = "vllm"`."""

    memory_share: float = incidental(0.3, gt=0, lt=1)
    """Of each GPU's memory so much is vLLM's, for the weights it generates with and what they remember."""
    tensor_parallel: int = incidental(1, ge=1)
    """GPUs that hold one copy of the weights together."""
    sleep: bool = incidental(True)
    """Give the memory back while the policy is updated."""
    max_length_tokens: int = Field(4096, ge=16)
    """Of a prompt and its completion together."""


def vllm_arguments(config: VllmRollouts, *, use_vllm: bool) -> dict[str, Any]:
    """Of TRL's GRPOConfig."""
    if not use_vllm:
        return {"use_vllm": False}
    server = rollout_server()
    if server:
        return {"use_vllm": True, "vllm_mode": "server", "vllm_server_base_url": server}
    return {
        "use_vllm": True,
        "vllm_mode": "colocate",
        "vllm_gpu_memory_utilization": config.memory_share,
        "vllm_tensor_parallel_size": config.tensor_parallel,
        "vllm_enable_sleep_mode": config.sleep,
        "vllm_max_model_length": config.max_length_tokens,
    }


def refuse_what_trl_cannot(
    sharding: Sharding, adapters: Adapters, *, use_vllm: bool, on_server: bool
) -> None:
    """Raises InputError on combinations that TRL 1.16 gets wrong without a word."""
    if sharding.sharding != "fsdp2" or not use_vllm:
        return
    if on_server:
        raise InputError(
            "TRL does not send sharded weights to a vLLM server reliably (huggingface/trl#4589)",
            where='sharding = "fsdp2" with a rollout server',
            remedy="vLLM on the GPUs of the training (no rollout_server in [trainjobs])",
        )
    if adapters.lora:
        raise InputError(
            "TRL merges LoRA's matrices into whole weights alone, and fsdp2 has split them",
            where='sharding = "fsdp2" with lora and engine = "vllm"',
            remedy='sharding = "none", for which LoRA leaves room, or engine = "transformers"',
        )


def send_bfloat16(generation: Any) -> None:
    """Let TRL's link to vLLM send weights in bfloat16, half of what the float32 master weights take."""
    import torch

    named = generation._iter_named_params
    generation._iter_named_params = lambda: (
        (name, weights.to(torch.bfloat16)) for name, weights in named()
    )


def rollout_server() -> str:
    """Address of the vLLM server beside the nodes of a TrainJob, or empty.

    Trainer names hosts JOB-REPLICATEDJOB-0-INDEX.JOB, and tells the nodes the first one of theirs.
    """
    if SERVER not in os.environ:
        return ""
    host, _, job = os.environ["PET_MASTER_ADDR"].partition(".")
    if host != f"{job}-node-0-0":
        raise PlatformError(f"not a host that Trainer names: {host}.{job}", where="PET_MASTER_ADDR")
    return f"http://{job}-vllm-0-0.{job}:8000"
