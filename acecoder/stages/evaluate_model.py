"""evaluate_model: benchmark + programs (+ verdicts, + reward_model) -> scores with intervals."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from itertools import islice
from typing import Literal

from pydantic import Field

from acecoder.config import JsonValue
from acecoder.engine.contract import In, ModelIn, Out, Report, StageContext
from acecoder.engine.tables import read_table, write_table
from acecoder.errors import InputError
from acecoder.evaluation import tables
from acecoder.evaluation.comparing import difference_rows
from acecoder.evaluation.judged_programs import Candidate, pairs_of
from acecoder.evaluation.pair_accuracy import PairAccuracy
from acecoder.evaluation.reward_bands import Scored, bands
from acecoder.evaluation.rows import Samples, is_greedy, rows
from acecoder.evaluation.values import (
    CONTAMINATED_FILE,
    VALUES_FILE,
    Values,
    ValuesByModel,
    score_of,
)
from acecoder.judging.joined import Joined, joined
from acecoder.judging.table import Group, JudgingConfig, judge, verdict_of
from acecoder.reward.encoding import chat_of
from acecoder.reward.scoring import ReadsScores, RewardModel
from acecoder.schema import Outcome, Problem, Score, Verdict, pass_rate
from acecoder.synthesis.decontamination import Decontaminator

CHUNK_PROBLEMS = 256
MAX_NAMED = 20
DIFFERENCES_FILE = "differences.json"
BASE = "/base"
"""Behind a benchmark's name: of the tests of the benchmark that it extends alone."""


class EvaluateModelConfig(ReadsScores):
    """What is measured."""

    best_of: tuple[int, ...] = (2, 4, 8)
    """Sizes N of best-of-N, by the reward model and by the baselines; those above the number of
    samples are left out."""
    pass_at: tuple[int, ...] = (1,)
    """k of pass@k over the sampled programs."""
    without_programs: Literal["wrong", "left_out"] = "wrong"
    """What a problem without a program of a model counts as: not solved, or nothing."""
    shingle_words: int = Field(13, ge=3)
    """A problem that shares so many words in a row with a training problem is flagged."""
    judging: JudgingConfig = JudgingConfig()
    """For programs that have no verdict yet."""


def evaluate_model(
    config: EvaluateModelConfig,
    *,
    benchmark: In,
    programs: In,
    verdicts: In | None = None,
    generated_verdicts: In | None = None,
    training_problems: In | None = None,
    reward_model: ModelIn | None = None,
    scores: Out,
    context: StageContext,
) -> Report:
    """Write one score per (model, benchmark, row), the values per problem behind it, the paired
    differences of every two rows, and the table in every form.

    Rows: see `evaluation.rows`; `generated_verdicts` (on generated tests) allow `codet_of_N`. A
    benchmark that extends another is also scored by the other's tests alone, as NAME/base. Problems
    that share a run of words with one of `training_problems` are flagged, and counted. Raises
    InputError where there is nothing to measure.
    """
    flagged, num_problems = _flagged(config, benchmark, training_problems)
    measured = _Measured(config, reward_model, context)
    stream = joined(benchmark, programs=programs, verdicts=verdicts)
    generated = _generated(generated_verdicts)
    while chunk := list(islice(stream, CHUNK_PROBLEMS)):
        measured.add(chunk, generated)
    if not measured.values:
        raise InputError("no program belongs to a problem of the benchmark", where=str(programs))
    values = measured.complete()
    table = [
        score for model, own in values.items() for score in _table(own, model, measured.most[model])
    ]
    write_table(scores, Score, table)
    differences = difference_rows(values)
    for name, content in ((VALUES_FILE, values), (DIFFERENCES_FILE, differences)):
        (scores / name).write_text(json.dumps(content, indent=0, sort_keys=True) + "\n")
    if training_problems is not None:
        found = {"share": len(flagged) / max(1, num_problems), "problems": flagged}
        (scores / CONTAMINATED_FILE).write_text(json.dumps(found, indent=0) + "\n")
    rendered = tables.table_of(table)
    for suffix, render in tables.FORMATS.items():
        (scores / f"table.{suffix}").write_text(render(rendered), encoding="utf-8")
    _say(table, measured, flagged, context)
    cut = measured.num_cut_programs()
    if cut:
        context.progress.say(
            f"{cut} programs are longer than the reward model reads: it scored their ends"
        )
    several = len(values) > 1
    metrics = {
        _metric(
            f"{s.model}_{s.benchmark}_{s.metric}" if several else f"{s.benchmark}_{s.metric}"
        ): s.value
        for s in table
    }
    details: dict[str, JsonValue] = {
        "scores": [score.model_dump(mode="json") for score in table],
        "differences": json.loads(json.dumps(differences)),
        "without_programs": {
            model: list(ids[:MAX_NAMED]) for model, ids in measured.missing().items()
        },
        "contaminated": list(flagged[:MAX_NAMED]),
        "rewards": [
            {
                "model": model,
                "benchmark": benchmark,
                "bands": json.loads(json.dumps(bands([each for one in found for each in one]))),
            }
            for (model, benchmark), found in measured.rewards.items()
        ],
    }
    details["reward_model"] = {
        model: json.loads(json.dumps(accuracy.details()))
        for model, accuracy in measured.accuracy.items()
    }
    metrics["contaminated"] = float(len(flagged))
    metrics["programs_cut"] = float(cut)
    return Report(metrics, details=details)


def _metric(name: str) -> str:
    """MLflow takes a slash for a folder."""
    return name.replace("/", "_")


def _say(
    table: list[Score], measured: _Measured, flagged: list[str], context: StageContext
) -> None:
    say, several = context.progress.say, len(measured.values) > 1
    for score in table:
        whose = f"{score.model}, " if several else ""
        say(
            f"{whose}{score.benchmark} {score.metric}: {score.value:.3f} "
            f"[{score.low:.3f}, {score.high:.3f}] on {score.n_problems} problems"
        )
    for model, ids in measured.missing().items():
        if ids:
            say(f"{len(ids)} problems without a program of {model}: {', '.join(ids[:3])}, ...")
    if flagged:
        say(
            f"{len(flagged)} problems share a text with a training problem: {', '.join(flagged[:3])}"
        )


class _Measured:
    """Measures a chunk of problems at a time, and keeps one number per problem and row."""

    def __init__(
        self, config: EvaluateModelConfig, reward_model: ModelIn | None, context: StageContext
    ) -> None:
        self._config, self._context = config, context
        self._scorer = None
        if reward_model is not None:
            self._scorer = RewardModel(
                reward_model,
                batch_size=config.score_batch_size,
                server=config.server(),
                server_model=config.reward_server_model,
            )
        self.values: dict[str, dict[str, dict[str, dict[str, float]]]] = defaultdict(
            lambda: defaultdict(lambda: defaultdict(dict))
        )
        """model -> benchmark -> row -> problem id -> value in [0, 1]."""
        self.most: dict[str, int] = defaultdict(int)
        """Samples of the problem that has most, by model."""
        self.rewards: dict[tuple[str, str], list[list[Scored]]] = defaultdict(list)
        """By model and benchmark: the scored samples of each problem."""
        self.accuracy: dict[str, PairAccuracy] = defaultdict(PairAccuracy)
        """By model: whether the reward model tells its right samples from its wrong ones."""
        self._problems: dict[str, list[str]] = defaultdict(list)
        """The problems of each benchmark."""

    def num_cut_programs(self) -> int:
        """Programs that are longer than the reward model reads."""
        return self._scorer.num_cut_programs if self._scorer else 0

    def add(self, chunk: list[Joined], generated: dict[str, tuple[bool, ...]]) -> None:
        """Judge what has no verdict, score what is sampled, measure."""
        self._judge(chunk)
        ranks = self._ranks(chunk)
        for each in chunk:
            benchmark = each.problem.source or "benchmark"
            self._problems[benchmark].append(each.problem.id)
            self._measure(each, benchmark, len(each.problem.tests), ranks, generated)
            if each.problem.num_base_tests:
                base = f"{benchmark}{BASE}"
                self._problems[base].append(each.problem.id)
                self._measure(each, base, each.problem.num_base_tests, ranks, generated)

    def _measure(
        self,
        each: Joined,
        benchmark: str,
        num_tests: int,
        ranks: dict[str, float],
        generated: dict[str, tuple[bool, ...]],
    ) -> None:
        """Put the values of one problem, by its first tests, to those of the benchmark."""
        by_model: dict[str, Samples] = defaultdict(Samples)
        for program in each.programs:
            samples, verdict = by_model[program.model], each.verdicts[program.id]
            rate = pass_rate(verdict.outcomes[:num_tests])
            if is_greedy(program):
                samples.greedy = float(rate == 1.0)
                continue
            samples.correct.append(float(rate == 1.0))
            samples.rates.append(rate)
            samples.lengths.append(len(program.program))
            samples.behaviours.append(verdict.behaviour)
            if program.id in ranks:
                samples.scores.append(ranks[program.id])
            if program.id in generated:
                samples.agreements.append(generated[program.id])
        self._compare(each, benchmark, num_tests, ranks)
        config = self._config
        for model, samples in by_model.items():
            self.most[model] = max(self.most[model], len(samples.correct))
            if len(samples.agreements) != len(samples.correct):
                samples.agreements.clear()
            if samples.scores:
                scored = list(zip(samples.scores, samples.correct, strict=True))
                self.rewards[model, benchmark].append(scored)
            found = rows(samples, config.best_of, config.pass_at, each.problem.id)
            for row, value in found.items():
                self.values[model][benchmark][row][each.problem.id] = value

    def _compare(
        self, each: Joined, benchmark: str, num_tests: int, ranks: dict[str, float]
    ) -> None:
        """Whether the reward model gives right samples more than wrong ones of the same model."""
        by_model: dict[str, list[Candidate]] = defaultdict(list)
        for program in each.programs:
            if program.id in ranks:
                verdict = each.verdicts[program.id]
                by_model[program.model].append(
                    Candidate(
                        program.model,
                        program.program,
                        pass_rate(verdict.outcomes[:num_tests]),
                        verdict.behaviour,
                        ranks[program.id],
                    )
                )
        for model, own in by_model.items():
            for pair in pairs_of(each.problem.id, own, _is_right_against_wrong):
                self.accuracy[model].add(replace(pair, group=benchmark))

    def complete(self) -> ValuesByModel:
        """All values; problems without a program of a model count as the config says."""
        values: ValuesByModel = json.loads(json.dumps(self.values))
        if self._config.without_programs == "wrong":
            missing = self.missing()
            for model, benchmarks in values.items():
                for benchmark, by_row in benchmarks.items():
                    absent = set(missing[model]) & set(self._problems[benchmark])
                    for by_problem in by_row.values():
                        by_problem |= dict.fromkeys(sorted(absent), 0.0)
        return values

    def missing(self) -> dict[str, list[str]]:
        """The problems of which each model has no program, of the benchmarks that it has any of."""
        found = {}
        for model, benchmarks in self.values.items():
            with_some = {
                p for by_row in benchmarks.values() for ids in by_row.values() for p in ids
            }
            every = dict.fromkeys(p for name in benchmarks for p in self._problems[name])
            found[model] = [p for p in every if p not in with_some]
        return found

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
        items = [(e.problem, p) for e in chunk for p in e.programs if not is_greedy(p)]
        progress = self._context.progress
        found = self._scorer.score(
            [chat_of(problem, program.program) for problem, program in items],
            lambda done, total: progress.count(done, total, "different programs scored"),
        )
        return {program.id: score for (_, program), score in zip(items, found, strict=True)}


def _is_right_against_wrong(better: float, worse: float) -> bool:
    return better == 1.0 > worse


def _generated(verdicts: In | None) -> dict[str, tuple[bool, ...]]:
    """Which generated tests each program passes, by program id."""
    if verdicts is None:
        return {}
    return {
        verdict.program_id: tuple(outcome is Outcome.PASSED for outcome in verdict.outcomes)
        for verdict in read_table(verdicts, Verdict)
    }


def _flagged(
    config: EvaluateModelConfig, benchmark: In, training_problems: In | None
) -> tuple[list[str], int]:
    """The problems that share a run of words with a training problem, and how many were held against
    it."""
    if training_problems is None:
        return [], 0
    questions = (problem.question for problem in read_table(training_problems, Problem))
    guard = Decontaminator(questions, size=config.shingle_words)
    kept, hit = guard.parted(read_table(benchmark, Problem))
    return [problem.id for problem in hit], len(kept) + len(hit)


def _table(values: Values, model: str, num_samples: int) -> list[Score]:
    return [
        score_of(
            by_problem.values(),
            model=model,
            benchmark=benchmark,
            metric=row,
            num_samples=1 if row == "greedy" else num_samples,
        )
        for benchmark, by_row in values.items()
        for row, by_problem in by_row.items()
    ]
