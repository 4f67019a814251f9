"""evaluate_model: benchmark + programs (+ verdicts, + reward_model) -> scores with intervals."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from statistics import fmean

from pydantic import Field

from acecoder.config import incidental
from acecoder.engine.contract import In, ModelIn, Out, Report, StageContext
from acecoder.engine.tables import read_table, write_table
from acecoder.errors import InputError
from acecoder.evaluation.estimators import best_of_n, mean_interval, pass_at_k
from acecoder.evaluation.values import VALUES_FILE, Values
from acecoder.judging.table import JudgingConfig, judge
from acecoder.reward.scoring import RewardModel, ScoresPrograms
from acecoder.schema import Problem, Program, Score, Verdict


class EvaluateModelConfig(ScoresPrograms):
    """What is measured."""

    best_of: tuple[int, ...] = (2, 4, 8)
    """Sizes N of best-of-N by the reward model; those above the number of samples are left out."""
    pass_at: tuple[int, ...] = (1,)
    """k of pass@k over the sampled programs."""
    judging: JudgingConfig = JudgingConfig()
    """For programs that have no verdict yet."""
    score_batch_size: int = incidental(16, ge=1)
    """Programs per forward pass of the reward model."""
    max_length_tokens: int = Field(2048, ge=16)
    """The reward model reads at most this many tokens of a chat, its end."""


@dataclass
class _Samples:
    """One problem's programs: greedy correctness, sampled correctness and scores."""

    benchmark: str
    greedy: float | None = None
    correct: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)


def evaluate_model(
    config: EvaluateModelConfig, *, benchmark: In, programs: In, verdicts: In | None = None,
    reward_model: ModelIn | None = None, scores: Out, context: StageContext,
) -> Report:  # fmt: skip
    """Write one score a (benchmark, metric), and the values a problem behind it.

    Metrics: `greedy`, `average` (pass@1 over samples), `pass_at_k`, `best_of_N`, `oracle` (some
    sample is right), `test_pass_rate`. Raises InputError where there is nothing to measure.
    """
    problems = {problem.id: problem for problem in read_table(benchmark, Problem)}
    read = [p for p in read_table(programs, Program) if p.problem_id in problems]
    if not read:
        raise InputError("no program belongs to a problem of the benchmark", where=str(programs))
    judged = _verdicts(config, problems, read, verdicts, context)
    ranks = _score(config, problems, read, reward_model, context)
    samples = _gather(problems, read, judged, ranks)
    model = read[0].model
    values = _values(samples, config, scored=reward_model is not None)
    num_samples = max((len(item.correct) for item in samples.values()), default=0)
    table = _table(values, model, num_samples)
    write_table(scores, table)
    (scores / VALUES_FILE).write_text(json.dumps(values, indent=0, sort_keys=True) + "\n")
    for score in table:
        context.progress.say(
            f"{score.benchmark} {score.metric}: {score.value:.3f} "
            f"[{score.low:.3f}, {score.high:.3f}] on {score.n_problems} problems"
        )
    metrics = {f"{s.benchmark}_{s.metric}": s.value for s in table}
    return Report(metrics, details={"scores": [score.model_dump(mode="json") for score in table]})


def _verdicts(
    config: EvaluateModelConfig, problems: dict[str, Problem], programs: list[Program],
    verdicts: In | None, context: StageContext,
) -> dict[str, Verdict]:  # fmt: skip
    given = {} if verdicts is None else {v.program_id: v for v in read_table(verdicts, Verdict)}
    missing = [program for program in programs if program.id not in given]
    if missing:
        progress = context.progress
        made = judge(
            problems, missing, config.judging, context, lambda d, n: progress.count(d, n, "judged")
        )
        given |= {verdict.program_id: verdict for verdict in made}
    return given


def _score(
    config: EvaluateModelConfig, problems: dict[str, Problem], programs: list[Program],
    reward_model: ModelIn | None, context: StageContext,
) -> dict[str, float]:  # fmt: skip
    if reward_model is None:
        return {}
    sampled = [program for program in programs if not _is_greedy(program)]
    model = RewardModel(
        reward_model, batch_size=config.score_batch_size, max_length_tokens=config.max_length_tokens
    )
    items = [(problems[p.problem_id].question, p.program) for p in sampled]
    progress = context.progress
    found = model.score(
        items, lambda done, total: progress.count(done, total, "different programs scored")
    )
    return {program.id: score for program, score in zip(sampled, found, strict=True)}


def _is_greedy(program: Program) -> bool:
    return (program.model_extra or {}).get("decoding") == "greedy"


def _gather(
    problems: dict[str, Problem], programs: list[Program], judged: dict[str, Verdict],
    ranks: dict[str, float],
) -> dict[str, _Samples]:  # fmt: skip
    samples: dict[str, _Samples] = {}
    for program in programs:
        name = problems[program.problem_id].source or "benchmark"
        item = samples.setdefault(program.problem_id, _Samples(name))
        rate = judged[program.id].pass_rate
        if _is_greedy(program):
            item.greedy = float(rate == 1.0)
            continue
        item.correct.append(float(rate == 1.0))
        item.rates.append(rate)
        if program.id in ranks:
            item.scores.append(ranks[program.id])
    return samples


def _values(samples: dict[str, _Samples], config: EvaluateModelConfig, *, scored: bool) -> Values:
    """benchmark -> metric -> problem id -> value in [0, 1]."""
    values: dict[str, dict[str, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    for problem_id, item in samples.items():
        here = values[item.benchmark]
        if item.greedy is not None:
            here["greedy"][problem_id] = item.greedy
        count = len(item.correct)
        if not count:
            continue
        here["average"][problem_id] = fmean(item.correct)
        here["test_pass_rate"][problem_id] = fmean(item.rates)
        here["oracle"][problem_id] = max(item.correct)
        for k in config.pass_at:
            if 1 < k <= count:
                here[f"pass_at_{k}"][problem_id] = pass_at_k(count, int(sum(item.correct)), k)
        for n in config.best_of if scored else ():
            if n <= count:
                here[f"best_of_{n}"][problem_id] = best_of_n(item.correct, item.scores, n)
    return {name: dict(metrics) for name, metrics in values.items()}


def _table(values: Values, model: str, num_samples: int) -> list[Score]:
    table = []
    for benchmark, metrics in values.items():
        for metric, by_problem in metrics.items():
            estimate = mean_interval(list(by_problem.values()))
            table.append(
                Score(
                    model=model, benchmark=benchmark, metric=metric, value=estimate.value,
                    low=estimate.low, high=estimate.high, n_problems=len(by_problem),
                    n_samples=1 if metric == "greedy" else num_samples,
                )
            )  # fmt: skip
    return table
