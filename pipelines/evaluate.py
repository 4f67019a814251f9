"""A DAG that only evaluates: problems -> programs -> verdicts -> scores, for one model."""

from typing import Any

from kfp import dsl

from pipelines.flow import Flow
from pipelines.placement import place
from pipelines.profile import Profile


def build(profile: Profile) -> Any:
    """The KFP pipeline of a profile; every step's config is in it. Raises InputError."""

    @dsl.pipeline(name="evaluate", description=f"Evaluation, profile {profile.name}")
    def evaluate(run_key: str = "") -> None:
        flow = Flow(profile, run_key)
        flow.evaluation()
        place(profile)

    profile.check_complete("evaluate")
    return evaluate
