"""Whether each step that trains or runs a model fits the GPUs it is given, by arithmetic."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from acecoder.cluster.launch import Trains
from acecoder.config import Config, having
from acecoder.errors import InputError
from acecoder.llm.local import LocalModel
from acecoder.llm.model import Generates, UsesModel
from acecoder.pipelines.infra import Infra, Resources, TrainJobInfra
from acecoder.pipelines.planning import Planned
from acecoder.reward.training import RewardTraining
from acecoder.rl.training import PolicyTraining
from acecoder.training.memory import (
    COMPUTE,
    STATE_BYTES_PER_PARAMETER,
    WEIGHTS,
    TrainingMemory,
    generation_memory,
    training_memory,
)
from acecoder.training.sizes import Size, size_of

GB = 1e9
PROMPT_TOKENS = 2048


@dataclass(frozen=True)
class Cards:
    """The GPUs of a machine, or of the nodes that train together."""

    count: int
    memory_gb: float
    tokens_per_s: float = 0.0
    """Of one of them; 0 where it is not known."""

    def __str__(self) -> str:
        return f"{self.count}x{self.memory_gb:g}"

    @classmethod
    def parse(cls, text: str) -> Cards:
        """From `8x80`. Raises InputError."""
        found = re.fullmatch(r"(\d+)x(\d+(?:\.\d+)?)", text)
        if found is None or int(found[1]) < 1:
            raise InputError(f"'{text}'", where="--gpus", remedy="COUNTxGB, such as 8x80")
        return cls(int(found[1]), float(found[2]))


CardsOf = Callable[[str], Cards | None]
"""The GPUs of a step; None where it has none, or nobody knows their memory."""


def cards_of(infra: Infra) -> CardsOf:
    """What an infra file gives each step."""

    def found(step: str) -> Cards | None:
        job = infra.trainjobs.get(step.partition(".")[0])
        if job is not None:
            given: TrainJobInfra | Resources = job
            count = job.nodes * job.processes_per_node
        else:
            given = infra.resources(step)
            count = given.gpu
        if not count or not given.gpu_memory_gb:
            return None
        return Cards(count, given.gpu_memory_gb, given.tokens_per_gpu_s)

    return found


@dataclass(frozen=True)
class Need:
    """What a step takes of each GPU and of its host."""

    step: str
    cards: Cards
    gpu_bytes: int
    host_bytes: int
    parts: str
    """How the sum is made."""
    remedy: str
    """What to try where it does not fit."""
    most_tokens: int = 0
    """What it writes and learns from at most; 0 where the data decide."""
    too_small: str = ""
    """What does not fit in its own share of a GPU, whatever the sum; empty where all does."""

    def fault(self) -> str:
        """Why it does not fit; empty where it does."""
        if self.too_small:
            return f"{self.step}: {self.too_small}"
        if self.gpu_bytes <= self.cards.memory_gb * GB:
            return ""
        return (
            f"{self.step} takes {self.gpu_bytes / GB:.1f} GB of a GPU that has {self.cards.memory_gb:g} GB "
            f"({self.parts})"
        )

    def line(self) -> str:
        """For a person."""
        return (
            f"{self.step:34} {self.gpu_bytes / GB:6.1f} GB per GPU of {self.cards} ({self.parts}), "
            f"{self.host_bytes / GB:.1f} GB of the host{self._work()}"
        )

    def _work(self) -> str:
        if not self.most_tokens:
            return ""
        told = f", at most {self.most_tokens / 1e6:,.1f} million tokens"
        rate = self.cards.tokens_per_s
        hours = (
            f", {self.most_tokens / rate / 3600:,.1f} GPU-hours at {rate:g} a second"
            if rate
            else ""
        )
        return told + hours


def needs(planned: Sequence[Planned], cards: CardsOf) -> list[Need]:
    """Of every step that trains or runs a local model of known size on GPUs of known memory."""
    found = []
    for item in planned:
        own = cards(item.step.name)
        need = _need(item.step.name, item.config, own) if own else None
        if need is not None:
            found.append(need)
    return found


def require_fit(planned: Sequence[Planned], cards: CardsOf) -> list[Need]:
    """The needs, all of which fit. Raises InputError naming each step that does not, with its sum."""
    found = needs(planned, cards)
    large = [need for need in found if need.fault()]
    if large:
        raise InputError(
            "; ".join(need.fault() for need in large),
            where=", ".join(dict.fromkeys(f"GPUs {need.cards}" for need in large)),
            remedy="; ".join(dict.fromkeys(need.remedy for need in large)),
        )
    return found


def _need(step: str, config: Config, cards: Cards) -> Need | None:
    size = _size(config)
    if size is None:
        return None
    if isinstance(config, RewardTraining | PolicyTraining):
        return _training(step, config, size, cards)
    if any(having(config, Generates)):
        return _generation(step, size, cards)
    return None


def _size(config: Config) -> Size | None:
    for part in having(config, UsesModel):
        if isinstance(part.model, LocalModel):
            return size_of(part.model.source)
    return None


def _training(step: str, config: RewardTraining | PolicyTraining, size: Size, cards: Cards) -> Need:
    shares = cards.count if config.sharding == "fsdp2" else 1
    most_tokens = 0
    if isinstance(config, RewardTraining):
        written, tokens = 0, 2 * config.pairs_per_forward * config.max_length_tokens
    else:
        written = config.minibatch_size * config.max_new_tokens
        tokens = config.minibatch_size * PROMPT_TOKENS + written
        most_tokens = (
            config.steps
            * config.prompts_per_step
            * config.samples_per_prompt
            * config.max_new_tokens
        )
    rank = config.lora.rank if config.lora else 0
    memory = training_memory(
        size, shares=shares, tokens_per_forward=tokens, written_tokens=written, lora_rank=rank
    )
    too_small = ""
    if isinstance(config, PolicyTraining):
        memory = _with_rollouts(memory, config, size, cards, shares)
        too_small = _too_small_for_vllm(memory, config, size, cards)
    remedy = (
        'sharding = "fsdp2" on more GPUs, or a table `lora`'
        if memory.state > cards.memory_gb * GB
        else "fewer pairs_per_forward, a smaller minibatch_size or vllm.memory_share, or more GPUs"
    )
    if too_small:
        remedy = "a larger vllm.memory_share or vllm.tensor_parallel"
    parts = _told(memory, size, rank, shares, tokens)
    return Need(step, cards, memory.gpu, memory.host, parts, remedy, most_tokens, too_small)


def _with_rollouts(
    memory: TrainingMemory, config: PolicyTraining, size: Size, cards: Cards, shares: int
) -> TrainingMemory:
    """And the initial model, where a penalty asks for it, and vLLM's share of the GPU."""
    has_reference = config.algorithm.kl_coefficient and not config.lora
    bytes_each = COMPUTE if config.dtype == "bfloat16" else WEIGHTS
    reference = bytes_each * size.parameters // shares if has_reference else 0
    policy = next(part.model for part in having(config, UsesModel))
    launch = next((part.launch for part in having(config, Trains)), None)
    on_gpu = isinstance(policy, LocalModel) and policy.engine == "vllm"
    if not on_gpu or (launch and launch.rollout_server):
        return replace(memory, reference=reference)
    given = int(config.vllm.memory_share * cards.memory_gb * GB)
    return replace(memory, reference=reference, engine=given, engine_sleeps=config.vllm.sleep)


def _too_small_for_vllm(
    memory: TrainingMemory, config: PolicyTraining, size: Size, cards: Cards
) -> str:
    whole = generation_memory(size, tokens=config.vllm.max_length_tokens)
    least = whole / config.vllm.tensor_parallel
    if not memory.engine or least <= memory.engine:
        return ""
    return (
        f"vLLM takes {least / GB:.1f} GB of each GPU for its weights, and {config.vllm.memory_share:g} of "
        f"{cards.memory_gb:g} GB is {memory.engine / GB:.1f}"
    )


def _told(memory: TrainingMemory, size: Size, rank: int, shares: int, tokens: int) -> str:
    """How the sum is made."""
    each = (
        f"{WEIGHTS} bytes, and matrices of rank {rank}"
        if rank
        else f"{STATE_BYTES_PER_PARAMETER} bytes"
    )
    split = f" / {shares} GPUs" if shares > 1 else ""
    told = [
        f"state {memory.state / GB:.1f}: {size.parameters / GB:.2f} billion parameters x {each}{split}",
        f"gathered layers {memory.gathered / GB:.1f}",
        f"activations {memory.activations / GB:.1f} for {tokens} tokens",
    ]
    if memory.reference:
        told.append(f"initial model {memory.reference / GB:.1f}")
    if memory.engine:
        asleep = " while it generates" if memory.engine_sleeps else ""
        told.append(f"vLLM {memory.engine / GB:.1f}{asleep}")
    return "; ".join(told)


def _generation(step: str, size: Size, cards: Cards) -> Need:
    """By vLLM with tensor parallelism over the cards it takes, the least power of two that holds the weights."""
    whole = generation_memory(size, tokens=2 * PROMPT_TOKENS)
    parallel = 1
    while parallel * 2 <= cards.count and whole / parallel > 0.9 * cards.memory_gb * GB:
        parallel *= 2
    parts = f"weights {2 * size.parameters / GB:.1f} in bfloat16, over {parallel} GPU{'s' if parallel > 1 else ''}"
    remedy = "a smaller model, or larger GPUs"
    return Need(step, cards, whole // parallel, 2 * size.parameters, parts, remedy)
