"""Which artifacts nobody needs any more. What is needed, and why, is decided here; nothing is removed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from acecoder.engine.contract import FinishedStep, Version
from acecoder.promotion.lineage import trace

RELEASED = "released."
"""Beginning of the tags of a version that was committed to an environment."""


@dataclass(frozen=True)
class Keeping:
    """What is kept beside what a model needs."""

    newest_runs: int
    days: float
    """Everything that ended within so many days."""
    now: datetime


@dataclass(frozen=True)
class Artifact:
    """One artifact of the home: the outputs of a step under a stage key."""

    name: str
    """STEP/STAGE_KEY."""
    num_bytes: int
    why_kept: str
    """Empty where nobody needs it."""


def look(
    artifacts: Mapping[str, int],
    steps: Sequence[FinishedStep],
    versions: Iterable[tuple[Version, Sequence[str]]],
    keeping: Keeping,
    used: Mapping[str, Sequence[str]],
) -> list[Artifact]:
    """Every artifact (name -> bytes) with the reason why it stays.

    `used`: run key -> the artifacts of its steps, those included that an earlier run had made.
    `versions` are all of the registry with their aliases. What an alias names, what was ever released
    (a serving manifest, a rollback), what those came from, and what recent runs made stays; so does
    what MLflow does not know.
    """
    reasons: dict[str, str] = {}
    for version, aliases in versions:
        released = [tag for tag in version.tags if tag.startswith(RELEASED)]
        if not aliases and not released:
            continue
        what = f"alias {aliases[0]}" if aliases else "it was released"
        told = f"{version.name}/{version.version}: {what}"
        for address in (version.source, version.scores):
            reasons.setdefault(artifact_of(address), told)
        for link in trace(version, steps):
            reasons.setdefault(
                f"{link.step.step}/{link.step.stage_key}", f"{told}, which came from it"
            )
    since = (keeping.now - timedelta(days=keeping.days)).strftime("%Y-%m-%d %H:%M")
    newest = _newest_runs(steps, keeping.newest_runs)
    for step in steps:
        name = f"{step.step}/{step.stage_key}"
        if step.run_key in newest:
            reasons.setdefault(name, f"run {step.run_key} is one of the newest")
        elif step.ended >= since:
            reasons.setdefault(name, f"it ended within {keeping.days:g} days")
    for run in newest:
        for name in used.get(run, ()):
            reasons.setdefault(name, f"run {run} is one of the newest, and found it done")
    known = {f"{step.step}/{step.stage_key}" for step in steps}
    return [
        Artifact(name, size, reasons.get(name, "" if name in known else "MLflow does not know it"))
        for name, size in sorted(artifacts.items())
    ]


def _newest_runs(steps: Sequence[FinishedStep], count: int) -> set[str]:
    ended: dict[str, str] = {}
    for step in steps:
        if step.run_key:
            ended[step.run_key] = max(step.ended, ended.get(step.run_key, ""))
    return set(sorted(ended, key=lambda run: ended[run], reverse=True)[:count])


def artifact_of(address: str) -> str:
    """STEP/STAGE_KEY of an address of one of its outputs."""
    parts = address.rpartition("/artifacts/")[2].split("/")
    return "/".join(parts[:2])
