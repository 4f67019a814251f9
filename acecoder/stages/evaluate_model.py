"""evaluate_model: benchmark + programs (+ verdicts, + reward_model) -> scores with intervals."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import islice
from statistics import fmean

from pydantic import Field

from acecoder.config import incidental
from acecoder.engine.contract import In, ModelIn, Out, Report, StageContext
from acecoder.engine.tables import write_table
from acecoder.errors import InputError
from acecoder.evaluation.estimators import best_of_n, mean_interval, pass_at_k
from acecoder.evaluation.values import VALUES_FILE, Values, ValuesByModel
from acecoder.judging.joined import Joined, joined
from acecoder.judging.table import Group, JudgingConfig, judge, verdict_of
from acecoder.reward.scoring import RewardModel, ScoresPrograms
from acecoder.schema import Program, Score

CHUNK_PROBLEMS = 256


class EvaluateModelConfig(ScoresPrograms):
    """What is measured."""

    best_of: tuple[int, ...] = (2, 4, 8)
    """Sizes N of best-of-N, by the reward model and by the shortest program; those above the number of
    samples are left out."""
    pass_at: tuple[int, ...] = (1,)
    """k of pass@k over the sampled programs."""
    judging: JudgingConfig = JudgingConfig()
    """For programs that have no verdict yet."""
    score_batch_size: int = incidental(16, ge=1)
    """Programs per forward pass of the reward model."""
    max_length_tokens: int = Field(2048, ge=16)
    """The reward model reads at most this many tokens of a chat, its end."""


@dataclass
class _Sampled:
    """One problem's programs of one model: greedy correctness, sampled correctness and scores."""

    benchmark: str
    greedy: float | None = None
    correct: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    """Characters of each sampled program."""

    def take(self, program: Program, rate: float, score: float | None) -> None:
        """One more program, with its pass rate and the reward model's score."""
        if _is_greedy(program):
            self.greedy = float(rate == 1.0)
            return
        self.correct.append(float(rate == 1.0))
        self.rates.append(rate)
        self.lengths.append(len(program.program))
        if score is not None:
            self.scores.append(score)


def evaluate_model(
    config: EvaluateModelConfig,
    *,
    benchmark: In,
    programs: In,
    verdicts: In | None = None,
    reward_model: ModelIn | None = None,
    scores: Out,
    context: StageContext,
) -> Report:
    """Write one score per (benchmark, metric), and the values per problem behind it.

    Each model's programs are measured apart. Metrics: `greedy`, `average` (pass@1 over samples, what
    picking at random gives), `pass_at_k`, `best_of_N` by the reward model, `shortest_of_N` (the
    shortest program, a baseline that any reward model should beat), `oracle` (some sample is right),
    `test_pass_rate`. Raises InputError where there is nothing to measure.
    """
    samples = _Samples(config, reward_model, context)
    stream = joined(benchmark, programs=programs, verdicts=verdicts)
    while chunk := list(islice(stream, CHUNK_PROBLEMS)):
        samples.add([each for each in chunk if each.programs])
    if not samples.values:
        raise InputError("no program belongs to a problem of the benchmark", where=str(programs))
    values: ValuesByModel = json.loads(json.dumps(samples.values))
    table = [
        score
        for model, measured in values.items()
        for score in _table(measured, model, samples.most[model])
    ]
    write_table(scores, Score, table)
    (scores / VALUES_FILE).write_text(json.dumps(values, indent=0, sort_keys=True) + "\n")
    for score in table:
        whose = f"{score.model}, " if len(values) > 1 else ""
        context.progress.say(
            f"{whose}{score.benchmark} {score.metric}: {score.value:.3f} "
            f"[{score.low:.3f}, {score.high:.3f}] on {score.n_problems} problems"
        )
    several = len(values) > 1
    metrics = {
        f"{s.model}_{s.benchmark}_{s.metric}" if several else f"{s.benchmark}_{s.metric}": s.value
        for s in table
    }
    return Report(metrics, details={"scores": [score.model_dump(mode="json") for score in table]})


class _Samples:
    """Measures a chunk of problems at a time, and keeps one number per problem and metric."""

    def __init__(
        self, config: EvaluateModelConfig, reward_model: ModelIn | None, context: StageContext
    ) -> None:
        self._config, self._context = config, context
        self._scorer = None
        if reward_model is not None:
            self._scorer = RewardModel(
                reward_model,
                batch_size=config.score_batch_size,
                max_length_tokens=config.max_length_tokens,
            )
        self.values: dict[str, dict[str, dict[str, dict[str, float]]]] = defaultdict(
            lambda: defaultdict(lambda: defaultdict(dict))
        )
        """model -> benchmark -> metric -> problem id -> value in [0, 1]."""
        self.most: dict[str, int] = defaultdict(int)
        """Samples of the problem that has most, by model."""

    def add(self, chunk: list[Joined]) -> None:
        """Judge what has no verdict, score what is sampled, measure."""
        self._judge(chunk)
        ranks = self._ranks(chunk)
        for each in chunk:
            by_model: dict[str, _Sampled] = {}
            for program in each.programs:
                item = by_model.setdefault(
                    program.model, _Sampled(each.problem.source or "benchmark")
                )
                item.take(program, each.verdicts[program.id].pass_rate, ranks.get(program.id))
            for model, item in by_model.items():
                self.most[model] = max(self.most[model], len(item.correct))
                for metric, value in _measured(item, self._config).items():
                    self.values[model][item.benchmark][metric][each.problem.id] = value

    def _judge(self, chunk: list[Joined]) -> None:
        missing: list[Group] = []
        for each in chunk:
            programs = [p for p in each.programs if p.id not in each.verdicts]
            if programs:
                missing.append((each.problem, programs))
        if not missing:
            return
        judging, context = self._config.judging, self._context
        journal = context.journal("verdicts", judging.sandbox.digest())
        judge(missing, sum(len(p) for _, p in missing), judging, journal, context.progress)
        for each in chunk:
            for program in each.programs:
                if program.id not in each.verdicts:
                    each.verdicts[program.id] = verdict_of(each.problem, program, journal)

    def _ranks(self, chunk: list[Joined]) -> dict[str, float]:
        """Reward-model scores of the sampled programs, by program id."""
        if self._scorer is None:
            return {}
        items = [(e.problem, p) for e in chunk for p in e.programs if not _is_greedy(p)]
        progress = self._context.progress
        found = self._scorer.score(
            [(problem.question, program.program) for problem, program in items],
            lambda done, total: progress.count(done, total, "different programs scored"),
        )
        return {program.id: score for (_, program), score in zip(items, found, strict=True)}


def _is_greedy(program: Program) -> bool:
    return (program.model_extra or {}).get("decoding") == "greedy"


def _measured(item: _Sampled, config: EvaluateModelConfig) -> dict[str, float]:
    """One problem's value of every metric that its programs allow."""
    found = {} if item.greedy is None else {"greedy": item.greedy}
    count = len(item.correct)
    if not count:
        return found
    found |= {
        "average": fmean(item.correct),
        "test_pass_rate": fmean(item.rates),
        "oracle": max(item.correct),
    }
    for k in config.pass_at:
        if 1 < k <= count:
            found[f"pass_at_{k}"] = pass_at_k(count, int(sum(item.correct)), k)
    for n in config.best_of:
        if n <= count:
            if item.scores:
                found[f"best_of_{n}"] = best_of_n(item.correct, item.scores, n)
            shortest = [-float(length) for length in item.lengths]
            found[f"shortest_of_{n}"] = best_of_n(item.correct, shortest, n)
    return found


def _table(values: Values, model: str, num_samples: int) -> list[Score]:
    table = []
    for benchmark, metrics in values.items():
        for metric, by_problem in metrics.items():
            estimate = mean_interval(list(by_problem.values()))
            table.append(
                Score(
                    model=model,
                    benchmark=benchmark,
                    metric=metric,
                    value=estimate.value,
                    low=estimate.low,
                    high=estimate.high,
                    n_problems=len(by_problem),
                    n_samples=1 if metric == "greedy" else num_samples,
                )
            )
    return table
