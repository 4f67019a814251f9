"""One look at git, the cluster and the registry, and what it takes to make them agree.

Level-triggered: a tick starts from what is there, never from an event, so any number of ticks may be
lost, late or doubled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from acecoder.cluster.api import Cluster
from acecoder.engine.contract import Registry
from acecoder.engine.home import Home
from acecoder.errors import AceCoderError, InputError
from acecoder.gitops.repository import Repository, Snapshot
from acecoder.pipelines.infra import Infra, RequestInfra
from acecoder.promotion import serving_files
from acecoder.promotion.release import RELEASE, Release, Workload, read_release
from acecoder.reconcile import checks, desired, occasions, runs
from acecoder.reconcile.aliases import Standing, State, follow
from acecoder.reconcile.desired import Desired
from acecoder.reconcile.served import WORKLOADS, observe

Say = Callable[[str], None]


@dataclass(frozen=True)
class World:
    """What a tick looks at."""

    infra: Infra
    home: Home
    cluster: Cluster
    registry: Registry


def serving(world: World, head: Snapshot) -> list[Standing]:
    """Let the aliases of every workload follow what serves.

    A fault of one workload is its standing and stops no other. Raises what `observe` raises.
    """
    infra = world.infra
    job = checks.CheckJob(
        namespace=infra.serving.namespace,
        image=infra.serving.check_image or infra.images.train,
        pull_policy=infra.images.pull_policy,
        arguments=infra.serving.check_arguments,
        memory=infra.serving.check_memory,
    )
    served = {each.workload: each for each in observe(world.cluster, infra.serving.namespace)}
    found = []
    for workload in WORKLOADS:
        try:
            standing = follow(
                served.get(workload),
                released(head, infra.serving.environment, workload),
                world.registry,
                lambda each: checks.check(world.cluster, job, each),
            )
        except InputError as error:
            standing = Standing(workload, State.DEGRADED, str(error).replace("\n", " "))
        if standing is not None:
            found.append(standing)
    return found


def released(head: Snapshot, environment: str, workload: Workload) -> Release | None:
    """What git says should serve. Raises InputError where a person broke the file."""
    path = f"{serving_files.folder(environment, workload)}/{RELEASE}"
    text = head.read(path)
    return read_release(text, path) if text is not None else None


def tick(world: World, say: Say) -> bool:
    """One tick; whether nothing is degraded. Raises AceCoderError where it could not look."""
    repository = Repository(world.infra.git, world.home.git)
    with repository.at_head() as head:
        say(f"git: {repository.shown} at {head.commit[:12] or 'nothing yet'}")
        standings = serving(world, head)
        wanted = list(desired.read(head))
        states = [_asked(world, repository, head, each, say) for each in world.infra.requests]
    for standing in standings:
        say(f"{standing.workload}: {standing.state}: {standing.told}")
        for alias, version in standing.moved:
            say(f"{standing.workload}: {alias} is version {version} now")
    if not standings:
        say("nothing is released and nothing is served")
    states += [standing.state for standing in standings]
    states += [_trained(world, name, each, say) for name, each in wanted]
    return State.DEGRADED not in states


def _asked(
    world: World, repository: Repository, head: Snapshot, asked: RequestInfra, say: Say
) -> State:
    """Propose a run that a schedule or a metric asks for; a fault of one stops no other."""
    try:
        steps = world.registry.finished() if asked.metric else []
        occasion = occasions.due(asked, steps, datetime.now(UTC))
        if occasion is not None:
            occasions.ask(repository, world.infra.git, head, asked, occasion, say)
    except AceCoderError as error:
        say(f"train/{asked.train}: degraded: {error!s}".replace("\n", " "))
        return State.DEGRADED
    return State.AGREED


def _trained(world: World, name: str, wanted: Desired | InputError, say: Say) -> State:
    """Where one run that git asks for stands; a fault of one stops no other."""
    state, told = State.DEGRADED, ""
    if isinstance(wanted, InputError):
        told = str(wanted).replace("\n", " ")
    elif not world.infra.kfp_host:
        state, told = State.WAITING, "no kfp_host in the infra file: runs are not started"
    else:
        try:
            state, told = runs.make_so(wanted, world.infra, world.cluster, say)
        except AceCoderError as error:
            told = str(error).replace("\n", " ")
    key = "" if isinstance(wanted, InputError) else f" ({wanted.key})"
    say(f"train/{name}{key}: {state}: {told}")
    return state
