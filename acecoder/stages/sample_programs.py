"""sample_programs: problems + a model -> programs."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pydantic import Field

from acecoder.engine.contract import In, ModelIn, Out, Report, StageContext
from acecoder.engine.distinct import distinct
from acecoder.engine.tables import write_table
from acecoder.errors import InputError
from acecoder.llm.interface import MAX_SEED, Answer, Request, SetAside, complete, token_counts
from acecoder.llm.model import Generates, Model
from acecoder.rendering import (
    PromptConfig,
    extract_program,
    program_messages,
    program_prefill,
    stops,
    whole_answer,
)
from acecoder.schema import Problem, Program
from acecoder.synthesis.mutation import mutants

REFERENCE = "reference"


class SampleProgramsConfig(Generates):
    """How many programs, and how they are drawn (METHOD, M4)."""

    model: Model
    """The model that writes the programs; an input `model` replaces its weights."""
    model_name: str = ""
    """Name in the records; the model's source or endpoint name if empty."""
    num_samples: int = Field(16, ge=0)
    """Sampled programs per problem."""
    temperature: float = Field(0.7, ge=0)
    """Of sampling; 0 is greedy."""
    top_p: float = Field(1.0, gt=0, le=1)
    """Only the likeliest tokens with this much probability are sampled."""
    max_tokens: int = Field(1024, ge=1)
    """An answer is cut after this many tokens."""
    greedy: bool = False
    """Also one greedy program per problem, at index 0."""
    use_reference: bool = False
    """A problem that brings a reference program gets that one, and the model is not asked."""
    num_mutants: int = Field(0, ge=0)
    """Also so many wrong variants of the reference; for models too weak to be half right."""
    prompt: PromptConfig = PromptConfig()
    """How a problem is put to the model."""
    seed: int = 0
    """Of sampling; every sample of a problem has a seed of its own, made of this one."""


def sample_programs(
    config: SampleProgramsConfig,
    *,
    problems: In,
    model: ModelIn | None = None,
    programs: Out,
    context: StageContext,
) -> Report:
    """Write the programs of every problem, in the order of the problems. Raises LLMUnavailable."""
    if config.prompt.style == "completion" and not config.model.prefills:
        raise InputError(
            "a chat endpoint cannot complete code",
            where="prompt.style = completion",
            remedy="a local model, or another style",
        )
    read = list(distinct(problems, Problem))
    given = {problem.id: _given(problem, config) for problem in read}
    asked = [p for p in read if not (config.use_reference and given[p.id])]
    requests = [request for problem in asked for request in _requests(problem, config)]
    answers: list[Answer | SetAside] = []
    if requests:
        generator = config.model.open(context.home, weights=model)
        journal = context.journal("answers", "programs")
        progress = context.progress
        answers = complete(
            generator, requests, journal, lambda d, n: progress.count(d, n, "programs")
        )
    name = config.model_name or config.model.name
    written: list[Program] = []
    stream = iter(answers)
    asked_ids = {problem.id for problem in asked}
    truncated = empty = 0
    aside: Counter[str] = Counter()
    for problem in read:
        written += given[problem.id]
        for index in range(_num_answers(config)) if problem.id in asked_ids else ():
            answer = next(stream)
            if isinstance(answer, SetAside):
                aside[answer.reason] += 1
                continue
            text = extract_program(whole_answer(answer.text, problem, config.prompt), problem)
            truncated += answer.truncated
            empty += not text
            decoding = "greedy" if config.greedy and index == 0 else "sampled"
            written.append(_program(problem, name, index, text, decoding))
    write_table(programs, Program, written)
    metrics = {
        "problems": len(read),
        "programs": len(written),
        "asked": len(requests),
        "truncated": truncated,
        "empty": empty,
        **token_counts(answers),
    }
    metrics |= {f"set_aside_{reason}": count for reason, count in aside.items()}
    if aside:
        context.progress.say(f"no program in {sum(aside.values())} answers: {dict(aside)}")
    return Report({key: float(value) for key, value in metrics.items()})


def _num_answers(config: SampleProgramsConfig) -> int:
    return config.num_samples + config.greedy


def _requests(problem: Problem, config: SampleProgramsConfig) -> list[Request]:
    prefill = program_prefill(problem, config.prompt) if config.model.prefills else ""
    common: dict[str, Any] = {
        "messages": program_messages(problem, config.prompt),
        "prefill": prefill,
        "max_tokens": config.max_tokens,
        "stop": stops(config.prompt, prefill),
    }
    greedy = [Request(**common, temperature=0.0, seed=config.seed)] if config.greedy else []
    sampled = [
        Request(
            **common,
            temperature=config.temperature,
            top_p=config.top_p,
            seed=(config.seed * 1_000_003 + index) % MAX_SEED,
        )
        for index in range(config.num_samples)
    ]
    return greedy + sampled


def _given(problem: Problem, config: SampleProgramsConfig) -> list[Program]:
    """The programs that need no model: the reference and its mutants."""
    reference = problem.reference
    if not reference:
        return []
    made = []
    if config.use_reference or config.num_mutants:
        made.append(_program(problem, REFERENCE, 0, reference, "given"))
    if config.num_mutants:
        variants = mutants(reference, count=config.num_mutants, seed=problem.id)
        made += [_program(problem, "mutant", i, text, "given") for i, text in enumerate(variants)]
    return made


def _program(problem: Problem, model: str, index: int, text: str, decoding: str) -> Program:
    return Program.model_validate(
        {
            "problem_id": problem.id,
            "model": model,
            "program_index": index,
            "program": text,
            "decoding": decoding,
        }
    )
