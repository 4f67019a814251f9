"""The whole DAG, from seeds to a gate decision; the same on one machine and on a cluster."""

from typing import Any

from kfp import dsl

from pipelines.flow import Flow
from pipelines.placement import place
from pipelines.profile import Profile


def build(profile: Profile) -> Any:
    """The KFP pipeline of a profile; every step's config is in it. Raises InputError."""

    @dsl.pipeline(name="acecoder", description=f"AceCoder, profile {profile.name}")
    def acecoder(run_key: str = "") -> None:
        flow = Flow(profile, run_key)
        flow.everything()
        place(profile)

    profile.check_complete("acecoder")
    return acecoder
