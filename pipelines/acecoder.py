"""The DAG: from seeds to a gate decision. The one definition, for one machine and for a cluster.

collect_seeds -> synthesize_tests -> load_problems -> oracle programs -> verdicts -> filter_tests
  -> candidates -> verdicts -> build_pairs -> train_reward_model
                           \\-> select_hard_problems -> train_policy
  -> for the initial model and the policy: programs -> verdicts -> evaluate_model -> promote_model
"""

from typing import Any

from kfp import dsl

from components.build_pairs import build_pairs
from components.check_platform import check_platform
from components.collect_seeds import collect_seeds
from components.evaluate_model import evaluate_model
from components.filter_tests import filter_tests
from components.judge_programs import judge_programs
from components.load_problems import load_problems
from components.promote_model import promote_model
from components.sample_programs import sample_programs
from components.select_hard_problems import select_hard_problems
from components.synthesize_tests import synthesize_tests
from components.train_policy import train_policy
from components.train_reward_model import train_reward_model
from pipelines.profile import Profile


def build(profile: Profile) -> Any:
    """The KFP pipeline of a profile; every step's config is in it. Raises InputError."""

    @dsl.pipeline(name="acecoder", description=f"AceCoder, profile {profile.name}")
    def acecoder(run_key: str = "") -> None:
        def step(name: str) -> dict[str, Any]:
            return {"step": name, "config": profile.config(name), "run_key": run_key}

        checked = check_platform(**step("check_platform"))
        problems = _problems(step, checked)
        kept = _filtered(step, "train", problems)
        programs = sample_programs(**step("sample_programs.candidates"), problems=kept).outputs[
            "programs"
        ]
        verdicts = judge_programs(
            **step("judge_programs.candidates"), problems=kept, programs=programs
        ).outputs["verdicts"]
        pairs = build_pairs(
            **step("build_pairs"), problems=kept, programs=programs, verdicts=verdicts
        ).outputs["pairs"]
        reward_model = train_reward_model(**step("train_reward_model"), pairs=pairs).outputs[
            "reward_model"
        ]
        hard = select_hard_problems(
            **step("select_hard_problems"), problems=kept, verdicts=verdicts
        ).outputs["hard"]
        policy = train_policy(
            **step("train_policy"), problems=hard, reward_model=reward_model
        ).outputs["policy"]
        benchmark = _benchmark(step, checked)
        initial = _evaluated(step, "initial", benchmark, reward_model)
        trained = _evaluated(step, "policy", benchmark, reward_model, policy)
        promote_model(
            **step("promote_model"), policy=policy, candidate_scores=trained, initial_scores=initial
        )

    profile.check_complete()
    return acecoder


def _problems(step: Any, checked: Any) -> Any:
    """Seeds, imagined problems, and the problem sets beside them."""
    seeds = collect_seeds(**step("collect_seeds")).after(checked).outputs["seeds"]
    synthesized = synthesize_tests(**step("synthesize_tests"), seeds=seeds).outputs["problems"]
    return load_problems(**step("load_problems.train"), synthesized=synthesized).outputs["problems"]


def _benchmark(step: Any, checked: Any) -> Any:
    """The problems that models are measured on, through the same filter."""
    loaded = load_problems(**step("load_problems.benchmark")).after(checked)
    return _filtered(step, "benchmark", loaded.outputs["problems"])


def _filtered(step: Any, use: str, problems: Any) -> Any:
    oracle = f"{use}_oracle"
    programs = sample_programs(**step(f"sample_programs.{oracle}"), problems=problems).outputs[
        "programs"
    ]
    verdicts = judge_programs(
        **step(f"judge_programs.{oracle}"), problems=problems, programs=programs
    ).outputs["verdicts"]
    return filter_tests(
        **step(f"filter_tests.{use}"), problems=problems, verdicts=verdicts
    ).outputs["kept"]


def _evaluated(step: Any, name: str, benchmark: Any, reward_model: Any, policy: Any = None) -> Any:
    weights = {} if policy is None else {"model": policy}
    programs = sample_programs(
        **step(f"sample_programs.{name}"), problems=benchmark, **weights
    ).outputs["programs"]
    verdicts = judge_programs(
        **step(f"judge_programs.{name}"), problems=benchmark, programs=programs
    ).outputs["verdicts"]
    return evaluate_model(
        **step(f"evaluate_model.{name}"), benchmark=benchmark, programs=programs,
        verdicts=verdicts, reward_model=reward_model,
    ).outputs["scores"]  # fmt: skip
