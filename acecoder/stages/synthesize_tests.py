"""synthesize_tests: seeds -> problems; a model imagines a question and ~20 tests for each."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from pydantic import Field

from acecoder.engine.contract import In, Out, Report, StageContext
from acecoder.engine.tables import read_table, write_table
from acecoder.llm.interface import Answer, Request, SetAside, complete, token_counts
from acecoder.llm.model import Generates, Model
from acecoder.rendering import SYNTHESIS_PREFILLS, synthesis_messages
from acecoder.schema import Problem, Seed
from acecoder.synthesis.answers import Unusable, parse_answer


class SynthesizeTestsConfig(Generates):
    """How questions and tests are imagined (METHOD, M2)."""

    model: Model
    """The model that imagines."""
    temperature: float = Field(0.7, ge=0)
    """Of sampling; 0 is greedy."""
    top_p: float = Field(1.0, gt=0, le=1)
    """Only the likeliest tokens with this much probability are sampled."""
    max_tokens: int = Field(8192, ge=16)
    """An answer is cut after this many tokens."""
    style: Literal["json", "text"] = "json"
    """How the answer is asked for; `text`, with a worked example, for models too small for JSON."""
    min_tests: int = Field(5, ge=1)
    """An answer with fewer usable tests yields no problem."""
    seed: int = 0
    """Of sampling."""


def synthesize_tests(
    config: SynthesizeTestsConfig, *, seeds: In, problems: Out, context: StageContext
) -> Report:
    """Ask once per seed; write a problem for every usable answer. Raises LLMUnavailable."""
    read = list(read_table(seeds, Seed))
    prefill = SYNTHESIS_PREFILLS[config.style] if config.model.prefills else ""
    requests = [
        Request(
            messages=synthesis_messages(seed.code, _instruction(seed), config.style),
            prefill=prefill,
            max_tokens=config.max_tokens,
            temperature=config.temperature,
            top_p=config.top_p,
            seed=config.seed,
            stop=("\n```",) if prefill else (),
        )
        for seed in read
    ]
    answers: list[Answer | SetAside] = []
    if requests:
        generator = config.model.open(context.home)
        journal = context.journal("answers", "synthesis")
        progress = context.progress
        answers = complete(
            generator, requests, journal, lambda d, n: progress.count(d, n, "answers")
        )
    made, why = [], Counter({reason.value: 0 for reason in Unusable})
    for seed, answer in zip(read, answers, strict=True):
        if isinstance(answer, SetAside):
            why[answer.reason] += 1
            continue
        imagined = parse_answer(
            prefill + answer.text, min_tests=config.min_tests, truncated=answer.truncated
        )
        if isinstance(imagined, Unusable):
            why[imagined.value] += 1
            continue
        made.append(
            Problem.model_validate(
                {
                    "id": f"synthesized/{seed.id.removeprefix('seed/')}",
                    "question": imagined.question,
                    "tests": imagined.tests,
                    "entry_point": imagined.entry_point,
                    "source": "synthesized",
                    "split": "train",
                    "seed_id": seed.id,
                    "seed_origin": seed.origin,
                }
            )
        )
    write_table(problems, Problem, made)
    context.progress.say(f"{len(made)} problems from {len(read)} seeds; unusable: {dict(why)}")
    metrics = {
        "seeds": len(read),
        "problems": len(made),
        **token_counts(answers),
        "tests": sum(len(p.tests) for p in made),
    }
    metrics |= {f"unusable_{name}": count for name, count in why.items()}
    return Report({name: float(value) for name, value in metrics.items()})


def _instruction(seed: Seed) -> str:
    return str((seed.model_extra or {}).get("instruction") or "")
