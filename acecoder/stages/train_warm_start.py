"""train_warm_start: problems + programs + verdicts -> policy, by supervised steps on programs that are right."""

from __future__ import annotations

import random
from collections.abc import Iterator

from pydantic import Field

from acecoder.chats import render_chat
from acecoder.cluster.launch import Trains
from acecoder.engine.contract import In, ModelOut, Report, StageContext
from acecoder.errors import InputError
from acecoder.judging.joined import Joined, joined
from acecoder.llm.local import weights_of
from acecoder.llm.model import Generates, Model
from acecoder.rendering import FENCE, OPEN_FENCE, PromptConfig, program_messages, program_prefill
from acecoder.rl.warm_start import Demonstration, WarmStartTraining, train
from acecoder.schema import Program
from acecoder.training.processes import rank


class TrainWarmStartConfig(WarmStartTraining, Generates, Trains):
    """Which programs are learnt, and how."""

    model: Model
    """The language model whose weights it starts from."""
    prompt: PromptConfig = PromptConfig()
    """How a problem is put to the policy: as in the RL that follows."""
    models: tuple[str, ...] = ()
    """Only programs of these models are learnt; empty for all."""
    min_pass_rate: float = Field(1.0, gt=0, le=1)
    """A program is learnt if it passes this share of its problem's tests."""
    max_programs_per_problem: int = Field(4, ge=1)
    """Of one problem so many different programs, drawn by `seed`."""


def train_warm_start(
    config: TrainWarmStartConfig,
    *,
    problems: In,
    programs: In,
    verdicts: In,
    policy: ModelOut,
    context: StageContext,
) -> Report:
    """Learn right programs, so that RL begins with a policy that knows the form of an answer.

    Raises: InputError where too few programs are right; PlatformError at a loss that is no number.
    """
    from transformers import AutoTokenizer

    from acecoder.training.callbacks import MarkWhole, ReportSteps

    if config.prompt.style == "completion":
        raise InputError(
            "programs are learnt as answers in a chat",
            where="prompt.style = completion",
            remedy='"plain" or "acecoder"',
        )
    base = weights_of(config.model, context.home, where="train_warm_start")
    tokenizer = AutoTokenizer.from_pretrained(base)
    known = list(joined(problems, programs=programs, verdicts=verdicts))
    demonstrations, solved = [], 0
    for each in known:
        right = list(_right(each, config))
        solved += bool(right)
        prefill = program_prefill(each.problem, config.prompt) if config.model.prefills else ""
        text = render_chat(tokenizer, program_messages(each.problem, config.prompt), prefill)
        demonstrations += [Demonstration(text, _answer(p.program, prefill)) for p in right]
    context.progress.say(
        f"{len(demonstrations)} right programs of {solved} of {len(known)} problems"
    )
    log = train(
        demonstrations,
        base,
        config,
        scratch=context.scratch,
        destination=policy,
        callbacks=(
            MarkWhole(context.home),
            ReportSteps(context.progress, {"loss": "loss"}, context.log),
        ),
    )
    if rank() > 0:
        return Report({})  # the first process reports for all
    metrics = {
        "problems": len(known),
        "problems_solved": solved,
        "programs_learnt": log.num_learnt,
        "programs_too_long": log.num_too_long,
        "updates": len(log.losses),
        "final_loss": log.losses[-1],
    }
    return Report(
        {name: float(value) for name, value in metrics.items()}, series={"loss": log.losses}
    )


def _right(each: Joined, config: TrainWarmStartConfig) -> Iterator[Program]:
    """Different programs of a problem that pass enough of its tests."""
    passed = {
        name for name, verdict in each.verdicts.items() if verdict.pass_rate >= config.min_pass_rate
    }
    found = {
        program.program.strip(): program
        for program in each.programs
        if program.id in passed and (not config.models or program.model in config.models)
    }
    order = sorted(found)
    random.Random(f"{config.seed}/{each.problem.id}").shuffle(order)
    return (found[text] for text in order[: config.max_programs_per_problem])


def _answer(program: str, prefill: str) -> str:
    """What the policy is to write behind the prefill, up to the fence that ends it."""
    return f"{'' if prefill else OPEN_FENCE}{program.strip()}\n{FENCE}"
