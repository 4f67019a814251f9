"""The DAG up to the reward model. What the data DAG finished is not done again."""

from typing import Any

from kfp import dsl

from pipelines.flow import Flow
from pipelines.placement import place
from pipelines.profile import Profile


def build(profile: Profile) -> Any:
    """The KFP pipeline of a profile; every step's config is in it. Raises InputError."""

    @dsl.pipeline(
        name="reward-model", description=f"AceCoder, reward model, profile {profile.name}"
    )
    def reward_model(run_key: str = "") -> None:
        flow = Flow(profile, run_key)
        flow.reward_model(flow.data())
        place(profile)

    profile.check_complete("reward_model")
    return reward_model
