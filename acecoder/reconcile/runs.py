"""The runs that git asks for against those that KFP has: started once, adopted, or told to have failed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from acecoder.cluster.api import Cluster
from acecoder.pipelines import cluster_commands, compiling, dags, submitting
from acecoder.pipelines.infra import Infra
from acecoder.profiles import Profile
from acecoder.reconcile.aliases import State
from acecoder.reconcile.desired import Desired
from acecoder.reconcile.leases import lease

Say = Callable[[str], None]


@dataclass(frozen=True)
class Action:
    """What a desired run comes to."""

    do: Literal["start", "nothing"]
    state: State
    told: str
    attempt: int = 1


def decide(desired: Desired, runs: Sequence[submitting.Run], now: datetime) -> Action:
    """What to do about a key that KFP has these runs of."""
    alive = [run for run in runs if not run.ended]
    done = [run for run in runs if run.state == "SUCCEEDED"]
    if done:
        return Action("nothing", State.AGREED, f"run {submitting.oldest(done).id} succeeded")
    if alive:
        first = submitting.oldest(alive)
        return Action("nothing", State.WAITING, f"run {first.id} is {first.state.lower()}")
    most = desired.request.max_attempts
    if not runs:
        return Action("start", State.WAITING, "no run yet")
    if len(runs) >= most:
        last = max(runs, key=lambda run: run.created)
        return Action(
            "nothing",
            State.DEGRADED,
            f"{len(runs)} of {most} attempts failed, the last one is run {last.id}: see `acecoder logs`, "
            "then commit a change, or raise max_attempts",
        )
    waited_s = (now - max(run.created for run in runs)).total_seconds()
    if 0 <= waited_s < desired.request.retry_after_s:
        return Action("nothing", State.WAITING, f"{len(runs)} attempts failed; the next one comes")
    told = f"{len(runs)} of {most} attempts failed"
    return Action("start", State.WAITING, told, len(runs) + 1)


@dataclass(frozen=True)
class Compiled:
    """A desired run as KFP takes it."""

    graph: object
    steps: dict[str, str]


def compile_run(desired: Desired, infra: Infra) -> Compiled:
    """Raises InputError where the profile and this cluster do not go together."""
    own = {key: image for key, image in desired.request.images.model_dump().items() if image}
    images = infra.images.model_copy(update=own)
    profile = Profile(
        f"train/{desired.name}/{Path(desired.request.profile).stem}.toml",
        desired.profile,
        overlay=infra.model_copy(update={"images": images}),
    )
    graph = dags.build(desired.request.pipeline, profile)
    return Compiled(graph, compiling.step_names(compiling.compiled(graph)))


def make_so(
    desired: Desired, infra: Infra, cluster: Cluster, say: Say, host: str = ""
) -> tuple[State, str]:
    """Start the run where it is due, under its Lease; where it stands. Raises AceCoderError."""
    kfp = submitting.Kfp(host or infra.kfp_host, infra.namespace, {})
    action = decide(desired, kfp.runs(desired.key), datetime.now(UTC))
    if action.do == "nothing":
        return action.state, action.told
    compiled = compile_run(desired, infra)
    with lease(cluster, infra.namespace, f"acecoder-run-{desired.key}") as ours:
        if not ours:
            return State.WAITING, "another tick is starting it"
        action = decide(desired, kfp.runs(desired.key), datetime.now(UTC))
        if action.do == "nothing":
            return action.state, action.told
        name = f"retrain-{desired.name}-{desired.key}"
        run = cluster_commands.start(
            kfp,
            compiled.graph,
            name if action.attempt == 1 else f"{name}-{action.attempt}",
            desired.key,
            infra.service_account,
            say,
        )
    return State.WAITING, f"run {run.id} started ({action.told})"
