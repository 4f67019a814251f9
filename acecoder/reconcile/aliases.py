"""The registry's aliases follow what serves: `champion` is the version that is healthy, `previous` the one
before it. Decided from what is observed alone, so that a lost event or a kill in between does no harm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from acecoder.engine.contract import Registry
from acecoder.promotion.aliases import crown
from acecoder.promotion.release import Release, Workload
from acecoder.reconcile.served import Served


class State(StrEnum):
    """How a workload stands."""

    AGREED = "agreed"
    WAITING = "waiting"
    DEGRADED = "degraded"


@dataclass(frozen=True)
class Standing:
    """What a tick found of one workload, and what it did."""

    workload: Workload
    state: State
    told: str
    moved: tuple[tuple[str, str], ...] = ()
    """(alias, version), in the order in which they were moved."""


Checked = Callable[[Served], tuple[State, str]]
"""Where the check after a rollout stands, and where to look; it is started where it has not run."""


def follow(
    served: Served | None, release: Release | None, registry: Registry, checked: Checked
) -> Standing | None:
    """Move the aliases of one workload to what serves; None where nothing is released or served.

    `release` is what git says should serve. Raises TrackingUnavailable.
    """
    if served is None:
        if release is None:
            return None
        return Standing(
            release.workload,
            State.WAITING,
            f"{release.served_name} is released, and nothing is applied",
        )
    refused = _refused(served, release, registry)
    if refused:
        return Standing(served.workload, State.DEGRADED, refused)
    called = f"{served.name}/{served.version}"
    if not served.ready:
        state = State.DEGRADED if served.broken else State.WAITING
        return Standing(served.workload, state, f"{called}: {served.told}")
    state, where = checked(served)
    if state is State.DEGRADED:
        return Standing(
            served.workload, state, f"{called} serves, and its check has failed: {where}"
        )
    if state is State.WAITING:
        return Standing(served.workload, state, f"{called} serves and is being checked: {where}")
    moved = crown(registry, served.name, served.version)
    if release is not None and release.digest != served.digest:
        told = f"{called} serves, {release.served_name} is released and not applied yet"
        return Standing(served.workload, State.WAITING, told, moved)
    return Standing(served.workload, State.AGREED, f"{called} serves", moved)


def _refused(served: Served, release: Release | None, registry: Registry) -> str:
    """Why what a Deployment says of itself is not believed, or nothing."""
    if not served.name or not served.version:
        return "its Deployment names no model and version: it was not made by promotion"
    called = f"{served.name}/{served.version}"
    known = registry.version(served.name, served.version)
    if known is None:
        return f"{called} is not in the registry: was its manifest edited by hand? `git revert` it"
    if known.digest != served.digest:
        return (
            f"{called} has the digest {served.digest[:12]} in its manifest and {known.digest[:12]} in "
            "the registry: was it edited by hand? `git revert` it"
        )
    same = release is not None and release.served_name == called
    if release is not None and same and release.digest != served.digest:
        return f"{called} has another digest in git than on the cluster: was it edited by hand?"
    return ""
