"""A schedule, or a metric that dropped, asks for a run: by a pull request, never by starting one.

What is proposed is `train/<name>/occasion.toml`, which is part of the run's key. A person merges it, or
does not; the same occasion is proposed once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from acecoder.config import Config
from acecoder.engine.contract import FinishedStep
from acecoder.gitops.config import GitConfig
from acecoder.gitops.proposals import Proposal, propose
from acecoder.gitops.repository import Repository, Snapshot
from acecoder.pipelines.infra import RequestInfra
from acecoder.reconcile.desired import FOLDER, OCCASION

EPOCH = datetime(2026, 1, 5, tzinfo=UTC)
"""A Monday: schedules of whole weeks begin on one."""
Say = Callable[[str], None]


class Occasion(Config):
    """Why a run is asked for."""

    kind: str
    what: str
    """The date of a schedule's period, or the metric, its value and the step that measured it."""

    def text(self) -> str:
        """As it is committed."""
        return f'kind = "{self.kind}"\nwhat = "{self.what}"\n'


def due(asked: RequestInfra, steps: Sequence[FinishedStep], now: datetime) -> Occasion | None:
    """The occasion that there is now, or None."""
    if asked.every_days:
        periods = (now - EPOCH) // timedelta(days=asked.every_days)
        start = EPOCH + periods * timedelta(days=asked.every_days)
        return Occasion(kind="schedule", what=start.strftime("%Y-%m-%d"))
    newest = next((s for s in steps if s.step == asked.step and asked.metric in s.metrics), None)
    if newest is None or newest.metrics[asked.metric] >= asked.below:
        return None
    value = newest.metrics[asked.metric]
    return Occasion(
        kind="metric", what=f"{asked.metric} {value:.4f} < {asked.below} of {newest.stage_key[:12]}"
    )


def ask(
    repository: Repository,
    config: GitConfig,
    head: Snapshot,
    asked: RequestInfra,
    occasion: Occasion,
    say: Say,
) -> None:
    """Propose it, unless it is on the branch or proposed already. Raises InputError, PlatformError."""
    path = f"{FOLDER}/{asked.train}/{OCCASION}"
    if head.read(path) == occasion.text():
        return
    name = "".join(c if c.isalnum() else "-" for c in occasion.what)[:60].strip("-")
    branch = f"request/{asked.train}-{name}"
    title = f"Train {asked.train}: {occasion.kind} {occasion.what}"
    made = repository.commit(lambda _: {path: occasion.text()}, title, branch=branch)
    if made.made:
        address = propose(config, Proposal(branch, title, "Merging this starts a run."))
        say(f"train/{asked.train}: {occasion.kind} {occasion.what}: proposed on {branch} {address}")
