"""The DAG up to the policy. What earlier DAGs finished is not done again."""

from typing import Any

from kfp import dsl

from pipelines.flow import Flow
from pipelines.placement import place
from pipelines.profile import Profile


def build(profile: Profile) -> Any:
    """The KFP pipeline of a profile; every step's config is in it. Raises InputError."""

    @dsl.pipeline(name="policy", description=f"AceCoder, policy, profile {profile.name}")
    def policy(run_key: str = "") -> None:
        flow = Flow(profile, run_key)
        data = flow.data()
        flow.policy(data, flow.reward_model(data))
        place(profile)

    profile.check_complete("policy")
    return policy
