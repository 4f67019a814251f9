"""evaluate_reward_model: reward_model + pairs, or problems + programs + verdicts -> scores: does it judge programs?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from pydantic import Field

from acecoder.config import JsonValue
from acecoder.engine.contract import In, ModelIn, Out, Report, StageContext
from acecoder.engine.tables import write_table
from acecoder.errors import InputError
from acecoder.evaluation import tables
from acecoder.evaluation.judged_programs import (
    Candidate,
    as_samples,
    length_judges,
    pairs_of,
    samples_by_model,
)
from acecoder.evaluation.pair_accuracy import (
    BY_PROBLEM,
    REWARD_MODEL,
    JudgedPair,
    PairAccuracy,
    calibration_error,
)
from acecoder.evaluation.preferences import Answers, Preference, read_preferences
from acecoder.evaluation.rows import rows
from acecoder.evaluation.values import VALUES_FILE, score_of
from acecoder.filtering.pairs import PairRule
from acecoder.judging.joined import Joined, joined
from acecoder.reward.encoding import Chat, chat_of
from acecoder.reward.scoring import ReadsScores, RewardModel
from acecoder.schema import Score

CHUNK_PROBLEMS = 64
CHUNK_PAIRS = 2048
DIFFERENCES_FILE, CALIBRATION_FILE = "differences.json", "calibration.json"
NOTE = (
    "Percent, with 95 % intervals over problems; a tie counts half. `shorter` and `longer` prefer by "
    "length, `majority` what most programs of the problem answer alike, `random` either."
)


class EvaluateRewardModelConfig(ReadsScores):
    """What counts as a pair, and which choices are measured."""

    min_chosen: float = Field(1.0, ge=0, le=1)
    """Of programs with verdicts: the better one passes at least this share of the tests."""
    min_difference: float = Field(0.01, gt=0, le=1)
    """And at least this much more than the worse. The defaults pair every right program with every wrong
    one."""
    best_of: tuple[int, ...] = (2, 4, 8, 16, 32, 64)
    """Sizes N of best-of-N; those above the number of samples are left out."""
    answers: Answers = "program"
    """Of answers of RM-Bench and RewardBench: `program`, the program in their fence; `text`, all of them."""


def evaluate_reward_model(
    config: EvaluateRewardModelConfig,
    *,
    reward_model: ModelIn,
    pairs: In | None = None,
    problems: In | None = None,
    programs: In | None = None,
    verdicts: In | None = None,
    scores: Out,
    context: StageContext,
) -> Report:
    """Write the accuracy of the reward model and of the baselines, by problem and over pairs, overall and by
    gap of pass rate and of length; the paired differences; how sure it is and how right; best-of-N.

    `pairs`: a table of pairs, or JSONL in the way of RewardBench or RM-Bench (`evaluation.preferences`).
    Problems, programs and verdicts give every pair among a problem's programs, and best-of-N. Raises
    InputError where there is no pair.
    """
    measured = _Measured(config, reward_model, context)
    if pairs is not None:
        measured.add_preferences(read_preferences(pairs, config.answers))
    if problems is not None and programs is not None and verdicts is not None:
        measured.add_programs(joined(problems, programs=programs, verdicts=verdicts))
    elif problems is not None or programs is not None or verdicts is not None or pairs is None:
        raise InputError(
            "there is nothing to judge",
            where="evaluate_reward_model",
            remedy="--pairs FILE, or all three of --problems, --programs and --verdicts",
        )
    table = [*measured.accuracy.scores(), *measured.choices()]
    if not any(score.metric == BY_PROBLEM for score in table):
        raise InputError(
            "no problem has a better and a worse program",
            where="evaluate_reward_model",
            remedy="more samples per problem, or another min_chosen or min_difference",
        )
    write_table(scores, Score, table)
    differences, calibration = measured.accuracy.differences(), measured.accuracy.calibration()
    for name, content in (
        (VALUES_FILE, measured.accuracy.values()),
        (DIFFERENCES_FILE, differences),
        (CALIBRATION_FILE, calibration),
    ):
        (scores / name).write_text(json.dumps(content, indent=0, sort_keys=True) + "\n")
    rendered = replace(tables.table_of(table), notes=(NOTE,))
    (scores / "table.md").write_text(tables.markdown(rendered), encoding="utf-8")
    _say(table, context)
    metrics = {
        _metric(score): score.value
        for score in table
        if score.model == REWARD_MODEL and ":" not in score.metric and "gap" not in score.metric
    }
    metrics |= {
        f"calibration_error_{_word(group)}": calibration_error(bins)
        for group, bins in calibration.items()
    }
    metrics["programs_cut"] = float(measured.model.num_cut_programs)
    details: dict[str, JsonValue] = json.loads(json.dumps(measured.accuracy.details()))
    details["scores"] = [score.model_dump(mode="json") for score in table]
    return Report(metrics, details=details)


def _metric(score: Score) -> str:
    return f"{_word(score.benchmark)}_{_word(score.metric)}"


def _word(text: str) -> str:
    return "".join(c if c.isalnum() or c in "-._" else "_" for c in text)


def _say(table: list[Score], context: StageContext) -> None:
    for group in dict.fromkeys(score.benchmark for score in table):
        told = [
            f"{score.model} {score.value:.3f} [{score.low:.3f}, {score.high:.3f}]"
            for score in table
            if score.benchmark == group and score.metric == BY_PROBLEM
        ]
        if told:
            own = next(s for s in table if s.benchmark == group and s.metric == BY_PROBLEM)
            context.progress.say(
                f"{group}, {own.n_samples} pairs of {own.n_problems} problems, accuracy by problem: "
                + ", ".join(told)
            )


class _Measured:
    """Scores a chunk at a time, and keeps sums."""

    def __init__(
        self, config: EvaluateRewardModelConfig, directory: ModelIn, context: StageContext
    ) -> None:
        self._config, self._context = config, context
        self.accuracy = PairAccuracy()
        self.model = RewardModel(
            directory,
            batch_size=config.score_batch_size,
            server=config.server(),
            server_model=config.reward_server_model,
        )
        self._chosen: dict[tuple[str, str], list[float]] = {}
        """(model, way of choosing) -> value of each problem."""
        self._samples: dict[str, int] = {}
        """Model -> samples of the problem that has most."""

    def add_preferences(self, preferences: Iterator[Preference]) -> None:
        """Count every one."""
        while chunk := list(islice(preferences, CHUNK_PAIRS)):
            chats = [Chat(p.question, text) for p in chunk for text in (p.chosen, p.rejected)]
            found = self._scores(chats)
            for index, preference in enumerate(chunk):
                self.accuracy.add(_judged(preference, *found[2 * index : 2 * index + 2]))

    def add_programs(self, problems: Iterator[Joined]) -> None:
        """Count every pair of every problem, and choose among its samples."""
        config = self._config
        rule = PairRule(config.min_chosen, config.min_difference, rejected_above=-1.0)
        while chunk := list(islice(problems, CHUNK_PROBLEMS)):
            for problem_id, candidates in self._candidates(chunk):
                for pair in pairs_of(problem_id, candidates, rule.prefers):
                    self.accuracy.add(pair)
                self._choose(problem_id, candidates)

    def _candidates(self, chunk: list[Joined]) -> Iterator[tuple[str, list[Candidate]]]:
        judged = [
            (each, [p for p in each.programs if p.id in each.verdicts and p.program.strip()])
            for each in chunk
        ]
        chats = [chat_of(each.problem, p.program) for each, own in judged for p in own]
        scores = iter(self._scores(chats))
        for each, own in judged:
            yield (
                each.problem.id,
                [
                    Candidate(
                        program.model,
                        program.program,
                        each.verdicts[program.id].pass_rate,
                        each.verdicts[program.id].behaviour,
                        next(scores),
                    )
                    for program in own
                ],
            )

    def _choose(self, problem_id: str, candidates: list[Candidate]) -> None:
        for model, own in samples_by_model(candidates).items():
            self._samples[model] = max(self._samples.get(model, 0), len(own))
            found = rows(as_samples(own), self._config.best_of, self._config.best_of, problem_id)
            for row, value in found.items():
                self._chosen.setdefault((model, row), []).append(value)

    def choices(self) -> Iterator[Score]:
        """Best-of-N and its baselines, of models with enough samples for some N."""
        for (model, row), values in self._chosen.items():
            if self._samples[model] >= min(self._config.best_of, default=0):
                yield score_of(
                    values,
                    model=REWARD_MODEL if row.startswith("best_of") else "baseline",
                    benchmark=f"choosing among samples of {model}",
                    metric=row,
                    num_samples=self._samples[model],
                )

    def _scores(self, chats: list[Chat]) -> list[float]:
        progress = self._context.progress
        return self.model.score(
            chats, lambda done, total: progress.count(done, total, "different programs scored")
        )


def _judged(preference: Preference, chosen: float, rejected: float) -> JudgedPair:
    return JudgedPair(
        preference.group,
        preference.problem_id,
        {REWARD_MODEL: chosen, **length_judges(preference.chosen)},
        {REWARD_MODEL: rejected, **length_judges(preference.rejected)},
        preference.rate_gap,
        len(preference.chosen) / max(1, len(preference.rejected)),
        preference.level,
    )
