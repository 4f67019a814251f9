"""Train the policy: rollouts, rewards, policy gradient."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import Field

from acecoder.config import incidental
from acecoder.errors import InputError
from acecoder.llm.interface import before_stop
from acecoder.rl.algorithms.algorithm import Algorithm
from acecoder.rl.completions import Completion, kept
from acecoder.rl.held_out import RECORD, REWARD, Best, BestWeights, HeldOut, callback, split
from acecoder.rl.reward_functions import RewardPart, TrlReward
from acecoder.rl.stopping import cut_at_stops, end_ids
from acecoder.rl.vllm import (
    VllmRollouts,
    refuse_what_trl_cannot,
    rollout_server,
    send_bfloat16,
    vllm_arguments,
)
from acecoder.training.adapters import peft_config
from acecoder.training.arguments import TrainingConfig, shared_arguments
from acecoder.training.checkpoints import last_whole
from acecoder.training.kernels import fuse, require_kernels
from acecoder.training.loading import load_language_model, load_tokenizer
from acecoder.training.processes import require_one_device, share_of_batch
from acecoder.training.saving import save
from acecoder.training.sharding import require_sharded

FINAL_LEARNING_RATE = 0.1
"""Where the cosine ends, as a share of the learning rate: the paper's script."""


class PolicyTraining(TrainingConfig):
    """Hyperparameters of one training; the defaults are the paper's rule-reward run."""

    algorithm: Algorithm = Field("reinforce++", validate_default=True)
    """How rewards become a gradient: a table, or the name of an algorithm (`reinforce++`, `grpo`, `rloo`,
    `dapo`)."""
    learning_rate: float = Field(5e-7, gt=0)
    """At the end of the warm-up; it falls along a cosine to a tenth of it."""
    steps: int = Field(80, ge=1)
    """Rollouts, each followed by `updates_per_rollout` gradient updates."""
    prompts_per_step: int = Field(256, ge=1)
    """Problems per rollout."""
    samples_per_prompt: int = Field(8, ge=2)
    """Completions per problem of a rollout."""
    updates_per_rollout: int = Field(16, ge=1)
    """Gradient updates per rollout, each on an equal part of it."""
    minibatch_size: int = Field(8, ge=1)
    """Completions per forward and backward pass."""
    temperature: float = Field(1.0, gt=0)
    """Of the rollouts' sampling."""
    max_new_tokens: int = Field(2048, ge=1)
    """A completion is cut after this many tokens."""
    warmup_share: float = Field(0.03, ge=0, lt=1)
    """Share of the updates in which the learning rate rises to its full value."""
    importance_correction: bool = False
    """Of rollouts by vLLM: weigh completions by how likely training's own forward pass finds them against
    what vLLM said, and leave out those beyond a factor of 3, as TRL does by default. The paper's recipe does
    not."""
    max_unscorable_share: float = incidental(0.1, ge=0, le=1)
    """The training stops where more of a rollout's completions could not be scored, as when the sandbox is
    gone. Up to there they move nothing, and are counted."""
    vllm: VllmRollouts = VllmRollouts()
    """How vLLM shares the GPUs, where it writes the rollouts."""
    held_out: HeldOut = HeldOut()
    """Evaluation on problems that are not trained on."""
    save_every_steps: int = incidental(10, ge=1)
    """Rollouts between checkpoints, from which a killed training resumes."""
    seed: int = 0
    """Of the order of the prompts and of the sampling."""


HackingLook = Callable[[int, list[str], list[str]], Mapping[str, float]]
"""(rollout, problem ids, completions) -> what was measured, by name; empty where that rollout is not looked at."""


@dataclass(frozen=True)
class TrainingLog:
    """What one training did."""

    rollouts: list[dict[str, float]]
    """TRL's log entry of every rollout, `reward` and `kl` among its keys."""
    updates: int
    """Gradient updates made, several per rollout."""
    completions: list[list[Completion]]
    """The best and the worst completion of every rollout, of this process' share."""
    seconds: list[float]
    """What each rollout took with its updates."""
    evaluations: list[float]
    """The mean reward on held-out problems, of every evaluation."""
    best: Best | None
    """The evaluation whose weights were kept, if any were."""
    stopped: str
    """Why it ended early; empty where it did not."""


def train(
    prompts: Sequence[tuple[str, str]],
    rewards: Sequence[RewardPart],
    base: str,
    config: PolicyTraining,
    *,
    stop: Sequence[str],
    use_vllm: bool,
    scratch: Path,
    destination: Path,
    callbacks: Sequence[Any],
    hacking: HackingLook | None = None,
    say: Callable[[str], None] = print,
) -> TrainingLog:
    """Train from the weights at `base` on (problem id, rendered prompt); what it did. Completions end where
    sampling with `stop` ends them, and are rewarded up to there.

    Resumes from the last whole checkpoint in `scratch`; writes safetensors to `destination`. `hacking` looks at
    the programs of some rollouts. Raises InputError on too few prompts.
    """
    from acecoder.training.callbacks import StopAtNoNumber

    trained_on, held_out = _split(prompts, config)
    tokenizer = load_tokenizer(base, padding_side="left")
    functions = [TrlReward(part, stop) for part in rewards]
    trainer = _trainer(
        config, base, tokenizer, functions, trained_on, held_out, stop=stop, use_vllm=use_vllm,
        scratch=scratch, hacking=_before_stops(hacking, stop) if hacking else None,
    )  # fmt: skip
    write = partial(save, trainer, tokenizer, dtype=config.dtype, lora=config.lora)
    best = BestWeights(
        config.held_out, scratch, save=write, is_first=trainer.is_world_process_zero, say=say
    )
    # These come before those that mark a checkpoint whole.
    for each in (StopAtNoNumber(), callback(best, config.updates_per_rollout), *callbacks):
        trainer.add_callback(each)
    resumed = last_whole(scratch)
    best.resume(resumed)
    trainer.args.eval_on_start = bool(held_out) and resumed is None
    try:
        trainer.train(resume_from_checkpoint=resumed)
    finally:
        for function in functions:
            function.close()
    require_sharded(config, trainer.model)
    keeps_best = best.best is not None and config.held_out.keep
    if not keeps_best:
        write(destination)
    elif trainer.is_world_process_zero():
        shutil.copytree(
            best.directory, destination, dirs_exist_ok=True, ignore=shutil.ignore_patterns(RECORD)
        )
    return _log(trainer, best, config, keeps_best=keeps_best)


Prompts = list[tuple[str, str]]
"""(problem id, rendered prompt) each."""


def _split(prompts: Sequence[tuple[str, str]], config: PolicyTraining) -> tuple[Prompts, Prompts]:
    """(trained on, held out). Raises InputError where a step needs more than is trained on."""
    num_held_out = min(config.held_out.num_problems, len(prompts))
    trained_on, held_out = split(prompts, num_held_out, config.seed)
    if len(trained_on) < config.prompts_per_step:
        raise InputError(
            f"{len(trained_on)} problems, and a step needs {config.prompts_per_step}"
            + (f" beside {num_held_out} held out" if held_out else ""),
            where="train_policy",
            remedy="lower prompts_per_step, or raise select_hard_problems.min_problems",
        )
    return trained_on, held_out


def _trainer(
    config: PolicyTraining,
    base: str,
    tokenizer: Any,
    rewards: Sequence[TrlReward],
    trained_on: Prompts,
    held_out: Prompts,
    *,
    stop: Sequence[str],
    use_vllm: bool,
    scratch: Path,
    hacking: HackingLook | None,
) -> Any:
    """A `PolicyTrainer` that is ready to train, from the weights at `base`."""
    import torch
    from datasets import Dataset

    from acecoder.rl.refilling import Substitutes
    from acecoder.rl.trainer import PolicyTrainer

    require_one_device()
    require_kernels(config)
    on_server = use_vllm and bool(rollout_server())
    refuse_what_trl_cannot(config, config, use_vllm=use_vllm, on_server=on_server)
    torch.manual_seed(config.seed)
    # The arguments come first: they open the group of processes, and tell who loads weights.
    arguments = _arguments(
        config,
        scratch,
        weights=[each.weight for each in rewards],
        use_vllm=use_vllm,
        evaluates=bool(held_out),
    )
    model = load_language_model(base, attention=config.attention)
    fuse(model, config)
    own_ends = model.generation_config.eos_token_id
    model.generation_config.eos_token_id = end_ids(tokenizer, model, stop)
    if use_vllm:
        arguments.generation_kwargs = {"stop_token_ids": model.generation_config.eos_token_id}
    trainer = PolicyTrainer(
        model=model,
        args=arguments,
        processing_class=tokenizer,
        reward_funcs=list(rewards),
        train_dataset=Dataset.from_list(_in_order(trained_on, config)),
        eval_dataset=Dataset.from_list([_row(each) for each in held_out]) if held_out else None,
        algorithm=config.algorithm,
        substitutes=Substitutes([_row(each) for each in trained_on], config.seed),
        hacking=hacking,
        max_unscorable_share=config.max_unscorable_share,
        **({"peft_config": peft_config(config.lora)} if config.lora else {}),
    )
    cut_at_stops(trainer, tokenizer, stop)
    if use_vllm and config.dtype == "bfloat16":
        send_bfloat16(trainer.vllm_generation)
    model.generation_config.eos_token_id = own_ends  # what is saved ends as before
    return trainer


def _before_stops(hacking: HackingLook, stop: Sequence[str]) -> HackingLook:
    """Looks at what is rewarded: what stands before a stop."""
    return lambda rollout, names, texts: hacking(
        rollout, names, [before_stop(text, stop) for text in texts]
    )


def _log(
    trainer: Any, best: BestWeights, config: PolicyTraining, *, keeps_best: bool
) -> TrainingLog:
    history = trainer.state.log_history
    # Rewards are logged with the update that follows a new rollout.
    updates = [entry for entry in history if "step_time" in entry]
    took_s = [entry["step_time"] for entry in updates]
    per = config.updates_per_rollout
    return TrainingLog(
        rollouts=[entry for entry in history if "reward" in entry],
        updates=trainer.state.global_step,
        completions=kept(history),
        seconds=[sum(took_s[start : start + per]) for start in range(0, len(took_s), per)],
        evaluations=[entry[REWARD] for entry in history if REWARD in entry],
        best=best.best if keeps_best else None,
        stopped=best.stopped,
    )


def _in_order(prompts: Sequence[tuple[str, str]], config: PolicyTraining) -> list[dict[str, str]]:
    """The prompts of all rollouts in the order of training, so that a resumed training takes the next ones.

    Each pass over the problems has an order of its own; no rollout has a problem twice.
    """
    rows: list[dict[str, str]] = []
    wanted = config.steps * config.prompts_per_step
    whole = len(prompts) // config.prompts_per_step * config.prompts_per_step
    epoch = 0
    while len(rows) < wanted:
        order = random.Random(f"{config.seed}/{epoch}").sample(range(len(prompts)), whole)
        rows += [_row(prompts[i]) for i in order]
        epoch += 1
    return rows[:wanted]


def _row(prompt: tuple[str, str]) -> dict[str, str]:
    name, text = prompt
    return {"prompt": text, "problem_id": name}


def _arguments(
    config: PolicyTraining, scratch: Path, *, weights: list[float], use_vllm: bool, evaluates: bool
) -> Any:
    """TRL's arguments: one rollout of prompts x samples, then `updates_per_rollout` updates."""
    from trl import GRPOConfig

    rollout = config.prompts_per_step * config.samples_per_prompt
    per_update = rollout // config.updates_per_rollout
    if rollout % config.updates_per_rollout or per_update % config.minibatch_size:
        raise InputError(
            f"{config.prompts_per_step} prompts x {config.samples_per_prompt} samples do not divide "
            f"into {config.updates_per_rollout} updates of minibatches of {config.minibatch_size}",
            where="train_policy",
        )
    # A process's share, such that rollouts and updates are as large as with one process.
    minibatch, accumulation = share_of_batch(
        config.minibatch_size, per_update // config.minibatch_size
    )
    completions = minibatch * accumulation * config.updates_per_rollout
    if (
        config.algorithm.groups_without_spread == "refill"
        and completions % config.samples_per_prompt
    ):
        raise InputError(
            f"a process has {completions} completions of a rollout, which are no whole problems of "
            f"{config.samples_per_prompt} samples",
            where="train_policy",
            remedy="samples_per_prompt that divides a process's share of a rollout, or "
            'algorithm.groups_without_spread = "skip"',
        )
    return GRPOConfig(
        **shared_arguments(
            scratch, config, save_every_updates=config.save_every_steps * config.updates_per_rollout
        )
        | {
            # Unlike `cosine`, this one's first update moves something.
            "lr_scheduler_type": "cosine_warmup_with_min_lr",
            "lr_scheduler_kwargs": {"min_lr_rate": FINAL_LEARNING_RATE},
        },
        **config.algorithm.arguments(),
        shuffle_dataset=False,  # `_in_order` has every rollout's prompts
        vllm_importance_sampling_correction=config.importance_correction,
        max_steps=config.steps * config.updates_per_rollout,
        per_device_train_batch_size=minibatch,
        gradient_accumulation_steps=accumulation,
        steps_per_generation=accumulation * config.updates_per_rollout,
        num_generations=config.samples_per_prompt,
        reward_weights=weights,
        eval_strategy="steps" if evaluates else "no",
        eval_steps=config.held_out.every_steps * config.updates_per_rollout,
        num_generations_eval=config.held_out.samples_per_problem,
        per_device_eval_batch_size=minibatch * config.held_out.samples_per_problem,
        # Of the initial model, where one is kept; the policy is in float32 (see `precision`).
        model_init_kwargs={"dtype": config.dtype} if config.dtype != "float32" else None,
        max_completion_length=config.max_new_tokens,
        temperature=config.temperature,
        max_grad_norm=1.0,
        adam_beta2=0.95,
        **vllm_arguments(config.vllm, use_vllm=use_vllm),
    )


def weight_change(before: str, after: Path) -> tuple[float, int]:
    """(relative L2 distance of all weights, number of changed tensors) between two checkpoints."""
    old, new = _tensors(Path(before)), _tensors(after)
    moved = norm = 0.0
    changed = 0
    for name in old.keys() & new.keys():
        old_weights = _tensor(old[name], name)
        difference = float((_tensor(new[name], name) - old_weights).pow(2).sum())
        moved += difference
        norm += float(old_weights.pow(2).sum())
        changed += difference > 0
    return (moved / norm) ** 0.5, changed


def _tensors(directory: Path) -> dict[str, Path]:
    """Name -> file of every tensor of a checkpoint."""
    from safetensors import safe_open

    found: dict[str, Path] = {}
    for file in sorted(directory.glob("*.safetensors")):
        with safe_open(file, "pt") as tensors:
            found |= dict.fromkeys(tensors.keys(), file)
    return found


def _tensor(file: Path, name: str) -> Any:
    """One tensor in float64: a model is never in memory as a whole."""
    from safetensors import safe_open

    with safe_open(file, "pt") as tensors:
        return tensors.get_tensor(name).double()
