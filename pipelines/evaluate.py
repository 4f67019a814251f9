"""A DAG that only evaluates: problems -> programs -> verdicts -> scores, for one model."""

from typing import Any

from kfp import dsl

from components.check_platform import check_platform
from components.evaluate_model import evaluate_model
from components.judge_programs import judge_programs
from components.load_problems import load_problems
from components.sample_programs import sample_programs
from pipelines.profile import Profile


def build(profile: Profile) -> Any:
    """The KFP pipeline of a profile. Raises InputError."""

    @dsl.pipeline(name="evaluate", description=f"Evaluation, profile {profile.name}")
    def evaluate(run_key: str = "") -> None:
        def step(name: str) -> dict[str, Any]:
            return {"step": name, "config": profile.config(name), "run_key": run_key}

        checked = check_platform(**step("check_platform"))
        benchmark = load_problems(**step("load_problems")).after(checked).outputs["problems"]
        programs = sample_programs(**step("sample_programs"), problems=benchmark).outputs[
            "programs"
        ]
        verdicts = judge_programs(
            **step("judge_programs"), problems=benchmark, programs=programs
        ).outputs["verdicts"]
        evaluate_model(
            **step("evaluate_model"), benchmark=benchmark, programs=programs, verdicts=verdicts
        )

    profile.check_complete()
    return evaluate
