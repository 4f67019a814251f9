"""A schedule or a drop asks in git, once, and starts nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from acecoder.engine.contract import FinishedStep
from acecoder.gitops.config import GitConfig
from acecoder.gitops.repository import Repository
from acecoder.pipelines.infra import RequestInfra
from acecoder.reconcile.desired import Desired, read
from acecoder.reconcile.occasions import Occasion, ask, due

MONDAY, SUNDAY = datetime(2026, 11, 30, 1, tzinfo=UTC), datetime(2026, 11, 29, 23, tzinfo=UTC)
WEEKLY = RequestInfra(train="policy", every_days=7)
DROP = RequestInfra(train="policy", metric="humaneval_average", below=0.5)


def measured(value: float, key: str = "k") -> FinishedStep:
    metrics = {"humaneval_average": value}
    return FinishedStep("evaluate_model", "evaluate_model", key, "", {}, {}, "", metrics, "")


def test_a_schedule_has_one_occasion_a_period() -> None:
    assert due(WEEKLY, [], MONDAY) == Occasion(kind="schedule", what="2026-11-30")
    assert due(WEEKLY, [], SUNDAY) == Occasion(kind="schedule", what="2026-11-23")


@pytest.mark.parametrize(
    ("steps", "there"),
    [([], False), ([measured(0.6), measured(0.1)], False), ([measured(0.4)], True)],
)
def test_the_newest_value_of_a_metric_counts(steps: list[FinishedStep], there: bool) -> None:
    found = due(DROP, steps, MONDAY)
    assert (found is not None) == there
    if found is not None:
        assert found.what == "humaneval_average 0.4000 < 0.5 of k"


def test_an_occasion_is_proposed_once_and_runs_when_a_person_merges_it(tmp_path: Path) -> None:
    repository, said = Repository(GitConfig(), tmp_path / "git"), []
    request = {"train/policy/request.toml": 'profile = "smoke"\n'}
    repository.commit(lambda head: request, "Start")

    def tick(now: datetime) -> str:
        occasion = due(WEEKLY, [], now)
        assert occasion is not None
        with repository.at_head() as head:
            ask(repository, GitConfig(), head, WEEKLY, occasion, said.append)
            ((_, wanted),) = read(head)
        assert isinstance(wanted, Desired)
        return wanted.key

    key = tick(SUNDAY)
    assert tick(SUNDAY) == key and len(said) == 1, "proposed once, and nothing has started"
    assert "request/policy-2026-11-23" in said[0]
    with repository.at_head("request/policy-2026-11-23") as proposed:
        merged = {"train/policy/occasion.toml": proposed.read("train/policy/occasion.toml")}
    repository.commit(lambda head: merged, "Merge")
    after = tick(SUNDAY)
    assert after != key and len(said) == 1
    assert tick(MONDAY) == after and len(said) == 2
