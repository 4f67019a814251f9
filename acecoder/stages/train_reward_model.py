"""train_reward_model: preference pairs -> reward_model, with its accuracy on held-out pairs."""

from __future__ import annotations

import hashlib
from statistics import mean, pstdev

from pydantic import Field

from acecoder.cluster.launch import Trains
from acecoder.config import incidental
from acecoder.engine.contract import In, ModelOut, Report, StageContext
from acecoder.engine.tables import read_table
from acecoder.errors import InputError
from acecoder.evaluation.estimators import mean_interval
from acecoder.llm.local import weights_of
from acecoder.llm.model import Model, UsesModel
from acecoder.reward.encoding import Chat
from acecoder.reward.record import Calibration
from acecoder.reward.scoring import RewardModel, ScoresPrograms
from acecoder.reward.training import RewardTraining, Trained, train
from acecoder.schema import Pair
from acecoder.training.processes import rank


class TrainRewardModelConfig(RewardTraining, UsesModel, Trains, ScoresPrograms):
    """How the reward model is trained, and checked on pairs that it has not seen."""

    registered_name: str = incidental("acecoder-reward-model", pattern=r"^[A-Za-z0-9][\w.-]*$")
    """Its name in the model registry."""

    model: Model
    """The language model whose weights it starts from."""
    held_out_share: float = Field(0.005, gt=0, lt=1)
    """Share of problems whose pairs are not trained on; split by problem, never by pair."""


def train_reward_model(
    config: TrainRewardModelConfig, *, pairs: In, reward_model: ModelOut, context: StageContext
) -> Report:
    """Train, then score the held-out pairs, whose scores calibrate the model.

    Pairs read are those trained on, held out and dropped together. Raises InputError where either part has
    no pairs.
    """

    from acecoder.training.callbacks import MarkWhole, ReportSteps

    read = list(read_table(pairs, Pair))
    training, held_out = split_by_problem(read, config.held_out_share)
    if not training or not held_out:
        raise InputError(
            f"{len(read)} pairs leave {len(training)} to train on and {len(held_out)} to check with",
            where="train_reward_model",
            remedy="more problems or samples, or a looser pair rule",
        )
    context.progress.say(f"{len(training)} pairs to train on, {len(held_out)} held out")
    trained = train(
        training,
        weights_of(config.model, context.home, where="train_reward_model"),
        config,
        scratch=context.scratch,
        destination=reward_model,
        callbacks=(
            MarkWhole(context.home),
            ReportSteps(context.progress, {"loss": "loss", "accuracy": "accuracy"}, context.log),
        ),
    )
    if rank() > 0:
        return Report({})  # the first process scores and reports for all
    _say_lost(trained, len(training), config, context)
    checked = _check(reward_model, held_out, config, trained)
    context.progress.say(
        f"accuracy by problem {checked['held_out_accuracy_by_problem']:.3f} "
        f"[{checked['held_out_accuracy_low']:.3f}, {checked['held_out_accuracy_high']:.3f}] on "
        f"{checked['problems_held_out']:.0f} held-out problems"
    )
    log = trained.log
    metrics = {
        "pairs": len(read),
        "pairs_trained": trained.num_pairs,
        "pairs_held_out": len(held_out),
        "pairs_dropped": sum(trained.dropped.values()),
        "pairs_cut": trained.num_cut,
        **checked,
        "final_loss": log[-1]["loss"],
        "steps": len(log),
    }
    return Report(
        {name: float(value) for name, value in metrics.items()},
        series={
            "loss": [e["loss"] for e in log],
            "accuracy": [e.get("accuracy", 0.0) for e in log],
        },
        details={"dropped": dict(trained.dropped)},
        registers={"reward_model": config.registered_name},
    )


def _say_lost(
    trained: Trained, num_pairs: int, config: TrainRewardModelConfig, context: StageContext
) -> None:
    for reason, count in trained.dropped.items():
        context.progress.say(
            f"{count} of {num_pairs} pairs are left out: {reason} "
            f"(max_length_tokens = {config.max_length_tokens})"
        )
    if trained.num_cut:
        context.progress.say(f"{trained.num_cut} of {num_pairs} pairs have a shortened question")


def _check(
    directory: ModelOut, held_out: list[Pair], config: TrainRewardModelConfig, trained: Trained
) -> dict[str, float]:
    """Score the held-out programs, write what their scores are like beside the weights; the accuracy."""
    model = RewardModel(directory, batch_size=config.score_batch_size)
    chats = [Chat(p.prompt, text) for p in held_out for text in (p.chosen, p.rejected)]
    scores = model.score(chats)
    distinct = list(dict(zip(chats, scores, strict=True)).values())
    calibration = Calibration(
        mean=mean(distinct), sigma=pstdev(distinct) or 1.0, num_programs=len(distinct)
    )
    trained.record.model_copy(update={"calibration": calibration}).write(directory)
    right = [float(scores[i] > scores[i + 1]) for i in range(0, len(scores), 2)]
    accuracy = problem_accuracy(held_out, right)
    interval = mean_interval(list(accuracy.values()))
    return {
        "problems_held_out": len(accuracy),
        "held_out_accuracy": sum(right) / len(right),
        "held_out_accuracy_by_problem": interval.value,
        "held_out_accuracy_low": interval.low,
        "held_out_accuracy_high": interval.high,
        "score_mean": calibration.mean,
        "score_sigma": calibration.sigma,
    }


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
    """Mean accuracy per problem: pairs of one problem share programs and are not independent."""
    grouped: dict[str, list[float]] = {}
    for pair, value in zip(pairs, right, strict=True):
        grouped.setdefault(pair.problem_id, []).append(value)
    return {name: sum(values) / len(values) for name, values in grouped.items()}
