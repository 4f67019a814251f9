"""train_reward_model: preference pairs -> reward_model, with its accuracy on held-out pairs."""

from __future__ import annotations

import hashlib
from typing import Literal

from pydantic import Field

from acecoder.cluster.launch import Launch
from acecoder.config import Config, ModelConfig, incidental
from acecoder.engine.contract import In, Out, Report, StageContext
from acecoder.engine.tables import read_table
from acecoder.errors import InputError
from acecoder.evaluation.estimators import mean_interval
from acecoder.schema import Pair


class TrainRewardModelConfig(Config):
    """Hyperparameters; defaults are AceCodeRM-7B's (AceCoder, section 4)."""

    model: ModelConfig
    """The language model whose weights it starts from."""
    learning_rate: float = Field(1e-5, gt=0)
    batch_size: int = Field(4, ge=1)
    """Pairs a forward pass."""
    accumulation: int = Field(4, ge=1)
    epochs: float = Field(1.0, gt=0)
    warmup_share: float = Field(0.1, ge=0, lt=1)
    max_length_tokens: int = Field(2048, ge=16)
    held_out_share: float = Field(0.005, gt=0, lt=1)
    """Share of problems whose pairs are not trained on; split by problem, never by pair."""
    dtype: Literal["float32", "bfloat16"] = "bfloat16"
    save_every_steps: int = incidental(50, ge=1)
    score_batch_size: int = incidental(16, ge=1)
    launch: Launch | None = incidental(None)
    """Train on several nodes of a cluster; the infra file says how."""
    seed: int = 0


def train_reward_model(
    config: TrainRewardModelConfig, *, pairs: In, reward_model: Out, context: StageContext
) -> Report:
    """Train, then score the held-out pairs. Raises InputError where either part has no pairs."""
    from acecoder.llm import weights
    from acecoder.reward.scoring import RewardModel
    from acecoder.reward.training import RewardTraining, train
    from acecoder.training.checkpoints import MarkWhole, ReportSteps, rank

    read = list(read_table(pairs, Pair))
    training, held_out = split_by_problem(read, config.held_out_share)
    if not training or not held_out:
        raise InputError(
            f"{len(read)} pairs leave {len(training)} to train on and {len(held_out)} to check with",
            where="train_reward_model", remedy="more problems or samples, or a looser pair rule",
        )  # fmt: skip
    context.progress.say(f"{len(training)} pairs to train on, {len(held_out)} held out")
    log = train(
        training, weights.resolve(config.model, context.home),
        RewardTraining(
            learning_rate=config.learning_rate, batch_size=config.batch_size,
            accumulation=config.accumulation, epochs=config.epochs,
            warmup_share=config.warmup_share, max_length_tokens=config.max_length_tokens,
            seed=config.seed, save_every_steps=config.save_every_steps, dtype=config.dtype,
        ),
        scratch=context.scratch, destination=reward_model,
        callbacks=(MarkWhole(context.keep_checkpoint),
                   ReportSteps(context.progress, {"loss": "loss", "accuracy": "accuracy"})),
    )  # fmt: skip
    if rank() > 0:
        return Report({})  # the first process scores and reports for all
    model = RewardModel(
        reward_model, batch_size=config.score_batch_size, max_length_tokens=config.max_length_tokens
    )
    items = [(p.prompt, text) for p in held_out for text in (p.chosen, p.rejected)]
    scores = model.score(items)
    right = [float(scores[i] > scores[i + 1]) for i in range(0, len(scores), 2)]
    accuracy = problem_accuracy(held_out, right)
    interval = mean_interval(list(accuracy.values()))
    micro = sum(right) / len(right)
    context.progress.say(f"accuracy {micro:.3f} on {len(right)} held-out pairs")
    metrics = {
        "pairs_trained": len(training), "pairs_held_out": len(held_out),
        "problems_held_out": len(accuracy), "held_out_accuracy": micro,
        "held_out_accuracy_by_problem": interval.value,
        "held_out_accuracy_low": interval.low, "held_out_accuracy_high": interval.high,
        "final_loss": log[-1]["loss"], "steps": len(log),
    }  # fmt: skip
    return Report(
        {name: float(value) for name, value in metrics.items()},
        series={
            "loss": [e["loss"] for e in log],
            "accuracy": [e.get("accuracy", 0.0) for e in log],
        },
    )


def split_by_problem(pairs: list[Pair], share: float) -> tuple[list[Pair], list[Pair]]:
    """(training, held out): problems with the smallest digests are held out, at least one."""
    order = sorted(
        {pair.problem_id for pair in pairs}, key=lambda name: hashlib.sha256(name.encode()).digest()
    )
    held = set(order[: max(1, round(share * len(order)))])
    return (
        [pair for pair in pairs if pair.problem_id not in held],
        [pair for pair in pairs if pair.problem_id in held],
    )


def problem_accuracy(pairs: list[Pair], right: list[float]) -> dict[str, float]:
    """Mean accuracy a problem: pairs of one problem share programs and are not independent."""
    grouped: dict[str, list[float]] = {}
    for pair, value in zip(pairs, right, strict=True):
        grouped.setdefault(pair.problem_id, []).append(value)
    return {name: sum(values) / len(values) for name, values in grouped.items()}
