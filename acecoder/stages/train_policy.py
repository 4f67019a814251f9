"""train_policy: problems (+ reward_model, initial) -> policy, by REINFORCE++, GRPO, RLOO or DAPO."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path

from pydantic import Field

from acecoder.chats import as_read, render_chat
from acecoder.cluster.launch import Trains
from acecoder.engine.contract import In, ModelIn, ModelOut, Report, StageContext
from acecoder.engine.distinct import distinct
from acecoder.errors import PlatformError
from acecoder.llm.local import weights_of
from acecoder.llm.model import Generates, Model
from acecoder.rendering import (
    OPEN_FENCE,
    PromptConfig,
    program_messages,
    program_prefill,
    stops,
    whole_answer,
)
from acecoder.rewards.outages import PatientReward
from acecoder.rewards.reward import Reward
from acecoder.rl import training
from acecoder.rl.completions import over_time
from acecoder.rl.measures import write_measures
from acecoder.rl.reward_functions import RewardPart, ScoreFunction
from acecoder.rl.series import series
from acecoder.rl.training import HackingLook, PolicyTraining, TrainingLog
from acecoder.rl.watches.watch import HackingWatch, WatchConfig, rewarded
from acecoder.schema import Problem
from acecoder.training.processes import rank

COUNTED = (
    "completions_unscorable",
    "groups_without_spread",
    "groups_refilled",
    "rollouts_without_spread",
)
"""What the trainer counts in every rollout."""
UNMEASURED = "hacking/unmeasured"
LOOKED = {"hacking/gap", UNMEASURED}
"""One of them is logged of a rollout that was looked at."""


class TrainPolicyConfig(PolicyTraining, Generates, Trains):
    """How the policy is trained; the defaults are the paper's rule-reward run on 7B."""

    model: Model
    """The language model whose weights it starts from; its `engine` writes the rollouts."""
    reward: Reward = Field("tests_binary", validate_default=True)
    """What completions earn: a table, or the name of a reward (`tests_binary`, `tests_pass_rate`,
    `reward_model`, `format`, `length`, `weighted_sum`)."""
    prompt: PromptConfig = PromptConfig()
    """How a problem is put to the policy."""
    hacking: HackingWatch | None = None
    """A table holds tests back from the reward, which tell whether the policy earns it by being right."""


def train_policy(
    config: TrainPolicyConfig,
    *,
    problems: In,
    reward_model: ModelIn | None = None,
    initial: ModelIn | None = None,
    policy: ModelOut,
    context: StageContext,
) -> Report:
    """Train, from the weights of `initial` where it is given, and prove that the weights moved.

    Raises: InputError on no problems or a missing reward model; PlatformError where training left
    every weight as it was; SandboxUnavailable.
    """
    from acecoder.training.callbacks import MarkWhole, ReportSteps

    read = {problem.id: problem for problem in distinct(problems, Problem)}
    base = str(initial or weights_of(config.model, context.home, where="train_policy"))
    prompts = _prompts(config, read, base)
    say = context.progress.say
    say(f"{len(prompts)} problems, {config.steps} steps of {config.algorithm.kind}")
    with ExitStack() as opened:
        rewards = _opened(config, rewarded(read, config.hacking), reward_model, say, opened)
        log = training.train(
            prompts,
            rewards,
            base,
            config,
            stop=stops(config.prompt, OPEN_FENCE if config.model.prefills else ""),
            use_vllm=getattr(config.model, "engine", "") == "vllm",
            scratch=context.scratch,
            destination=policy,
            callbacks=(
                MarkWhole(context.home),
                ReportSteps(context.progress, {"reward": "reward", "kl": "kl"}, context.log),
            ),
            hacking=_look(config.hacking, config.prompt, read, say) if config.hacking else None,
            say=say,
        )
    if rank() > 0:
        return Report({})  # the first process reports for all
    distance, changed = training.weight_change(base, policy)
    if not changed:
        raise PlatformError("training left every weight as it was", where="train_policy")
    say(f"weights moved by {distance:.2e} (relative), {changed} tensors")
    curve = [entry["reward"] for entry in log.rollouts]
    quarter = max(1, len(curve) // 4)
    metrics = {
        "problems": len(prompts),
        "rollouts": len(curve),
        "updates": log.updates,
        "weight_change": distance,
        "tensors_changed": changed,
        "reward_first_quarter": sum(curve[:quarter]) / quarter,
        "reward_last_quarter": sum(curve[-quarter:]) / quarter,
        "completions_rewarded": len(curve) * config.prompts_per_step * config.samples_per_prompt,
        **{name: sum(each.get(name, 0.0) for each in log.rollouts) for name in COUNTED},
        **_held_out(log),
    }
    curves = series(log.rollouts, log.seconds)
    if log.evaluations:
        curves["held_out_reward"] = log.evaluations
    if config.hacking and "hacking_gap" in curves:
        metrics["hacking_gap"] = curves["hacking_gap"][-1]
        metrics["hacking_alarms"] = sum(g > config.hacking.max_gap for g in curves["hacking_gap"])
        last = next(each for each in reversed(log.rollouts) if LOOKED & each.keys())
        if UNMEASURED not in last:  # else nobody knows the gap of what is published
            write_measures(policy, hacking_gap=metrics["hacking_gap"])
    return Report(
        {name: float(value) for name, value in metrics.items()},
        series=curves,
        details={
            "completions": [asdict(each) for each in over_time(log.completions)],
            "stopped": log.stopped,
        },
    )


def _held_out(log: TrainingLog) -> dict[str, float]:
    """What the evaluations in training came to."""
    found: dict[str, float] = {"stopped_early": float(bool(log.stopped))}
    if log.evaluations:
        found |= {
            "held_out_reward_first": log.evaluations[0],
            "held_out_reward_last": log.evaluations[-1],
        }
    if log.best:
        found |= {"best_rollout": log.best.rollout, "held_out_reward_best": log.best.reward}
    return found


def _look(
    config: WatchConfig,
    prompt: PromptConfig,
    problems: Mapping[str, Problem],
    say: Callable[[str], None],
) -> HackingLook:
    """Looks at every so many rollouts, and says where the gap is too wide, or nothing could be measured."""

    def look(rollout: int, names: list[str], completions: list[str]) -> Mapping[str, float]:
        if rollout % config.every_steps:
            return {}
        answers = zip(names, completions, strict=True)
        texts = [whole_answer(text, problems[name], prompt) for name, text in answers]
        try:
            found = config.gaps(problems, names, texts)
        except PlatformError as fault:
            say(f"rollout {rollout}: nothing was measured for the hacking gap: {fault.what}")
            return {"unmeasured": 1.0}
        if found.get("gap", 0.0) > config.max_gap:
            say(
                f"rollout {rollout}: programs pass {found['gap']:.2f} more of the tests they are rewarded for "
                f"than of others (max_gap = {config.max_gap}): the policy may be learning the tests"
            )
        return found

    return look


def _opened(
    config: TrainPolicyConfig,
    problems: Mapping[str, Problem],
    reward_model: Path | None,
    say: Callable[[str], None],
    stack: ExitStack,
) -> list[RewardPart]:
    """The parts of the reward, open until the stack is closed."""
    parts = []
    for name, part in config.reward.named_parts().items():
        opening = partial(part.open, problems, reward_model)
        patient = stack.enter_context(PatientReward(opening, outage_s=part.outage_s, say=say))
        function = _of_whole_answers(patient, problems, config.prompt)
        parts.append(RewardPart(name, part.weight, function, part.overlaps))
    return parts


def _of_whole_answers(
    reward: ScoreFunction, problems: Mapping[str, Problem], prompt: PromptConfig
) -> ScoreFunction:
    """The reward of what a completion and the code that it continues make together."""

    def rewarded(names: list[str], completions: list[str]) -> Sequence[float | None]:
        answers = zip(names, completions, strict=True)
        return reward(names, [whole_answer(text, problems[name], prompt) for name, text in answers])

    return rewarded


def _prompts(
    config: TrainPolicyConfig, problems: dict[str, Problem], base: str
) -> list[tuple[str, str]]:
    """(problem id, the text the policy goes on from) of every problem."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base)
    prompts = []
    for problem in problems.values():
        prefill = program_prefill(problem, config.prompt) if config.model.prefills else ""
        messages = program_messages(problem, config.prompt)
        text = render_chat(tokenizer, messages, prefill)
        prompts.append((problem.id, as_read(tokenizer, text)))
    return prompts
