"""What a change of code, data or profile in git starts: the whole DAG.

Under a name of its own, so that a list of runs tells retraining from experiments; finished steps
are not done again, and the gate compares with the champion.
"""

from typing import Any

from kfp import dsl

from pipelines.flow import Flow
from pipelines.placement import place
from pipelines.profile import Profile


def build(profile: Profile) -> Any:
    """The KFP pipeline of a profile; every step's config is in it. Raises InputError."""

    @dsl.pipeline(name="retrain", description=f"AceCoder, retraining, profile {profile.name}")
    def retrain(run_key: str = "") -> None:
        flow = Flow(profile, run_key)
        flow.everything()
        place(profile)

    profile.check_complete("retrain")
    return retrain
