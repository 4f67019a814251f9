"""The DAG up to preference pairs and hard problems."""

from typing import Any

from kfp import dsl

from pipelines.flow import Flow
from pipelines.placement import place
from pipelines.profile import Profile


def build(profile: Profile) -> Any:
    """The KFP pipeline of a profile; every step's config is in it. Raises InputError."""

    @dsl.pipeline(name="data", description=f"AceCoder, data, profile {profile.name}")
    def data(run_key: str = "") -> None:
        flow = Flow(profile, run_key)
        flow.data()
        place(profile)

    profile.check_complete("data")
    return data
