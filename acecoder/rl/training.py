"""Train the policy: rollouts, rewards from the sandbox or the reward model, policy gradient."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acecoder.errors import InputError, PlatformError

RewardFunction = Callable[[list[str], list[str]], list[float]]
"""(problem ids, completions) -> rewards, in order."""


@dataclass(frozen=True)
class PolicyTraining:
    """Hyperparameters of one training (AceCoder, section 6.2, names there in brackets)."""

    algorithm: str
    learning_rate: float
    steps: int
    prompts_per_step: int
    samples_per_prompt: int
    minibatch_size: int
    updates_per_rollout: int
    kl_coefficient: float
    clip: float
    temperature: float
    max_new_tokens: int
    warmup_share: float
    reward_clamp: float
    seed: int
    save_every_steps: int
    dtype: str
    use_vllm: bool


def train(
    prompts: Sequence[tuple[str, str]], reward: RewardFunction, base: str, plan: PolicyTraining, *,
    scratch: Path, destination: Path, callbacks: Sequence[Any],
) -> list[dict[str, float]]:  # fmt: skip
    """Train from the weights at `base` on (problem id, rendered prompt); the log, a step an entry.

    Resumes from the last whole checkpoint in `scratch`; writes safetensors to `destination`.
    Raises InputError on too few prompts.
    """
    if len(prompts) < plan.prompts_per_step:
        raise InputError(
            f"{len(prompts)} problems, and a step needs {plan.prompts_per_step}", where="train_policy",
            remedy="lower prompts_per_step, or raise select_hard_problems.min_problems",
        )  # fmt: skip
    import torch
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import GRPOTrainer

    from acecoder.rl.trainer import ReinforcePlusPlusTrainer
    from acecoder.training.checkpoints import last_whole, require_one_device

    require_one_device()
    torch.manual_seed(plan.seed)
    tokenizer = AutoTokenizer.from_pretrained(base, padding_side="left")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    # Float32 whatever the compute type: bfloat16 weights would round small updates to nothing.
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)

    def sandbox_reward(completions: list[str], problem_id: list[str], **_: Any) -> list[float]:
        return reward(problem_id, completions)

    rows = [{"prompt": prompt, "problem_id": problem} for problem, prompt in prompts]
    common: dict[str, Any] = {
        "model": model, "args": _arguments(plan, scratch), "processing_class": tokenizer,
        "reward_funcs": [sandbox_reward], "train_dataset": Dataset.from_list(rows),
        "callbacks": list(callbacks),
    }  # fmt: skip
    trainer = (
        GRPOTrainer(**common)
        if plan.algorithm == "grpo"
        else ReinforcePlusPlusTrainer(**common, reward_clamp=plan.reward_clamp)
    )
    trainer.train(resume_from_checkpoint=last_whole(scratch))
    trainer.model.to(getattr(torch, plan.dtype))
    trainer.save_model(str(destination))
    tokenizer.save_pretrained(destination)
    (destination / "training_args.bin").unlink(missing_ok=True)  # a pickle, of no use to a reader
    return [entry for entry in trainer.state.log_history if "reward" in entry]


def _arguments(plan: PolicyTraining, scratch: Path) -> Any:
    """TRL's arguments: one rollout of prompts x samples, then `updates_per_rollout` updates."""
    import torch
    from trl import GRPOConfig

    from acecoder.training.checkpoints import share_of_batch

    on_cpu = not torch.cuda.is_available()
    rollout = plan.prompts_per_step * plan.samples_per_prompt
    per_update = rollout // plan.updates_per_rollout
    server = _rollout_server()
    if rollout % plan.updates_per_rollout or per_update % plan.minibatch_size:
        raise InputError(
            f"{plan.prompts_per_step} prompts x {plan.samples_per_prompt} samples do not divide "
            f"into {plan.updates_per_rollout} updates of minibatches of {plan.minibatch_size}",
            where="train_policy",
        )
    # A process's share, such that rollouts and updates are as large as with one process.
    minibatch, accumulation = share_of_batch(plan.minibatch_size, per_update // plan.minibatch_size)
    return GRPOConfig(
        output_dir=str(scratch), learning_rate=plan.learning_rate,
        lr_scheduler_type="cosine", warmup_steps=plan.warmup_share,
        max_steps=plan.steps * plan.updates_per_rollout,
        per_device_train_batch_size=minibatch,
        gradient_accumulation_steps=accumulation,
        steps_per_generation=accumulation * plan.updates_per_rollout,
        num_generations=plan.samples_per_prompt, max_completion_length=plan.max_new_tokens,
        temperature=plan.temperature, beta=plan.kl_coefficient, epsilon=plan.clip,
        loss_type="grpo", max_grad_norm=1.0, adam_beta2=0.95, logging_steps=1,
        save_strategy="steps", save_steps=plan.save_every_steps * plan.updates_per_rollout, save_total_limit=2,
        seed=plan.seed, data_seed=plan.seed, report_to="none", disable_tqdm=True,
        use_cpu=on_cpu, bf16=not on_cpu and plan.dtype == "bfloat16",
        gradient_checkpointing=not on_cpu, dataloader_pin_memory=not on_cpu,
        use_vllm=plan.use_vllm, vllm_mode="server" if server else "colocate",
        vllm_server_base_url=server or None,
    )  # fmt: skip


def _rollout_server() -> str:
    """Address of the vLLM server beside the nodes of a TrainJob, or empty.

    Trainer names hosts JOB-REPLICATEDJOB-0-INDEX.JOB, and tells the nodes the first one of theirs.
    """
    if "ACECODER_ROLLOUT_SERVER" not in os.environ:
        return ""
    host, _, job = os.environ["PET_MASTER_ADDR"].partition(".")
    if host != f"{job}-node-0-0":
        raise PlatformError(f"not a host that Trainer names: {host}.{job}", where="PET_MASTER_ADDR")
    return f"http://{job}-vllm-0-0.{job}:8000"


def weight_change(before: str, after: Path) -> tuple[float, int]:
    """(relative L2 distance of all weights, number of changed tensors) between two checkpoints."""
    import torch
    from transformers import AutoModelForCausalLM

    old = AutoModelForCausalLM.from_pretrained(before, dtype=torch.float32).state_dict()
    new = AutoModelForCausalLM.from_pretrained(after, dtype=torch.float32).state_dict()
    moved = norm = 0.0
    changed = 0
    for name, old_weights in old.items():
        difference = float((new[name] - old_weights).double().pow(2).sum())
        moved += difference
        norm += float(old_weights.double().pow(2).sum())
        changed += difference > 0
    return (moved / norm) ** 0.5, changed
