"""The parts that pipelines are made of, each a few steps that hand each other their outputs.

collect_seeds -> synthesize_tests -> load_problems -> oracle programs -> verdicts -> filter_tests
  -> candidates -> verdicts -> build_pairs -> train_reward_model
                           \\-> select_hard_problems -> train_policy
  -> for the initial model and the policy: programs -> verdicts -> evaluate_model -> promote_model
"""

from __future__ import annotations

from typing import Any, NamedTuple

from acecoder.components.build_pairs import build_pairs
from acecoder.components.check_platform import check_platform
from acecoder.components.collect_seeds import collect_seeds
from acecoder.components.evaluate_model import evaluate_model
from acecoder.components.filter_tests import filter_tests
from acecoder.components.judge_programs import judge_programs
from acecoder.components.load_problems import load_problems
from acecoder.components.promote_model import promote_model
from acecoder.components.sample_programs import sample_programs
from acecoder.components.select_hard_problems import select_hard_problems
from acecoder.components.synthesize_tests import synthesize_tests
from acecoder.components.train_policy import train_policy
from acecoder.components.train_reward_model import train_reward_model
from acecoder.config import Config
from acecoder.errors import InputError
from acecoder.profiles import Profile, as_json
from acecoder.stages.evaluate_model import EvaluateModelConfig
from acecoder.stages.load_problems import LoadProblemsConfig
from acecoder.stages.train_policy import TrainPolicyConfig


class Data(NamedTuple):
    """What the data part hands on."""

    problems: Any
    pairs: Any
    hard: Any


class Flow:
    """Makes steps of one profile inside a KFP pipeline under construction."""

    def __init__(self, profile: Profile, run_key: Any) -> None:
        self._profile = profile
        self._run_key = run_key
        self._checked = check_platform(**self._step("check_platform"))

    def _step(self, name: str) -> dict[str, Any]:
        config = as_json(self._profile.config(name))
        return {"step": name, "config": config, "run_key": self._run_key}

    def data(self) -> Data:
        """From seeds to preference pairs and hard problems."""
        seeds = collect_seeds(**self._step("collect_seeds")).after(self._checked).outputs["seeds"]
        synthesized = synthesize_tests(**self._step("synthesize_tests"), seeds=seeds).outputs[
            "problems"
        ]
        problems = load_problems(
            **self._step("load_problems.train"), synthesized=synthesized
        ).outputs["problems"]
        kept = self._filtered("train", problems)
        programs, verdicts = self._judged("candidates", kept)
        pairs = build_pairs(
            **self._step("build_pairs"), problems=kept, programs=programs, verdicts=verdicts
        ).outputs["pairs"]
        hard = select_hard_problems(
            **self._step("select_hard_problems"), problems=kept, verdicts=verdicts
        ).outputs["hard"]
        return Data(kept, pairs, hard)

    def reward_model(self, data: Data) -> Any:
        """The reward model, trained on the pairs."""
        return train_reward_model(**self._step("train_reward_model"), pairs=data.pairs).outputs[
            "reward_model"
        ]

    def policy(self, data: Data, reward_model: Any) -> Any:
        """The policy, trained on the hard problems, with the reward model if its reward asks."""
        model = {"reward_model": reward_model} if self.rewards_by_model() else {}
        return train_policy(**self._step("train_policy"), problems=data.hard, **model).outputs[
            "policy"
        ]

    def rewards_by_model(self) -> bool:
        """Whether the policy is rewarded by the reward model."""
        config = self._profile.config("train_policy")
        assert isinstance(config, TrainPolicyConfig)
        return config.reward.needs_reward_model

    def ranks(self, name: str) -> bool:
        """Whether the evaluation of a model has best-of-N rows, which the reward model ranks."""
        config = self._profile.config(f"evaluate_model.{name}")
        assert isinstance(config, EvaluateModelConfig)
        return bool(config.best_of)

    def spare_reward_model(self) -> None:
        """Nothing in the profile asks for a reward model: none is trained."""
        self._profile.spared.add("train_reward_model")

    def benchmark(self) -> Any:
        """The problems that models are measured on, through the same filter."""
        _check_protected(
            *(self._profile.config(f"load_problems.{use}") for use in ("train", "benchmark"))
        )
        loaded = load_problems(**self._step("load_problems.benchmark")).after(self._checked)
        return self._filtered("benchmark", loaded.outputs["problems"])

    def scores(
        self, name: str, benchmark: Any, data: Data, reward_model: Any, policy: Any = None
    ) -> Any:
        """The scores of the initial model, or of `policy`."""
        programs, verdicts = self._judged(name, benchmark, policy)
        model = {"reward_model": reward_model} if self.ranks(name) else {}
        return evaluate_model(
            **self._step(f"evaluate_model.{name}"),
            benchmark=benchmark,
            programs=programs,
            verdicts=verdicts,
            training_problems=data.problems,
            **model,
        ).outputs["scores"]

    def promotion(
        self, policy: Any, candidate_scores: Any, initial_scores: Any, reward_model: Any
    ) -> None:
        """The gate."""
        model = {} if reward_model is None else {"reward_model": reward_model}
        promote_model(
            **self._step("promote_model"),
            policy=policy,
            candidate_scores=candidate_scores,
            initial_scores=initial_scores,
            **model,
        )

    def everything(self) -> None:
        """From seeds to a gate decision."""
        data = self.data()
        reward_model = None
        if self.rewards_by_model() or any(map(self.ranks, ("initial", "policy"))):
            reward_model = self.reward_model(data)
        else:
            self.spare_reward_model()
        policy = self.policy(data, reward_model)
        benchmark = self.benchmark()
        initial = self.scores("initial", benchmark, data, reward_model)
        trained = self.scores("policy", benchmark, data, reward_model, policy)
        self.promotion(policy, trained, initial, reward_model)

    def evaluation(self) -> None:
        """One model on one set of problems, without oracle and filter."""
        loaded = load_problems(**self._step("load_problems")).after(self._checked)
        benchmark = loaded.outputs["problems"]
        programs = sample_programs(**self._step("sample_programs"), problems=benchmark).outputs[
            "programs"
        ]
        verdicts = judge_programs(
            **self._step("judge_programs"), problems=benchmark, programs=programs
        ).outputs["verdicts"]
        evaluate_model(
            **self._step("evaluate_model"),
            benchmark=benchmark,
            programs=programs,
            verdicts=verdicts,
        )

    def _filtered(self, use: str, problems: Any) -> Any:
        _, verdicts = self._judged(f"{use}_oracle", problems)
        return filter_tests(
            **self._step(f"filter_tests.{use}"), problems=problems, verdicts=verdicts
        ).outputs["kept"]

    def _judged(self, use: str, problems: Any, model: Any = None) -> tuple[Any, Any]:
        weights = {} if model is None else {"model": model}
        programs = sample_programs(
            **self._step(f"sample_programs.{use}"), problems=problems, **weights
        ).outputs["programs"]
        verdicts = judge_programs(
            **self._step(f"judge_programs.{use}"), problems=problems, programs=programs
        ).outputs["verdicts"]
        return programs, verdicts


def _check_protected(train: Config, benchmark: Config) -> None:
    """Raises InputError where a set is evaluated that the training problems may share texts with."""
    assert isinstance(train, LoadProblemsConfig)
    assert isinstance(benchmark, LoadProblemsConfig)
    missing = [name for name in benchmark.sets if name not in train.decontaminate_against]
    if missing:
        raise InputError(
            f"training problems are not held against what is evaluated: {', '.join(missing)}",
            where="[load_problems.train] decontaminate_against",
            remedy="name there every set of [load_problems.benchmark]",
        )
