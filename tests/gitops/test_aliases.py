"""`champion` and `previous` follow what serves, from whatever state a tick finds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acecoder.promotion.release import Release
from acecoder.reconcile.aliases import Standing, State, follow
from acecoder.reconcile.served import Served, rolled_out
from tests.gitops.registry import FakeRegistry

NAME = "acecoder-policy"


def registry(count: int = 3) -> FakeRegistry:
    made = FakeRegistry()
    for number in range(1, count + 1):
        made.register(NAME, Path(), f"s3://x/{number}", {"digest": f"digest-{number}"})
    return made


def served(version: int, **over: Any) -> Served:
    given = {"ready": True, "broken": False, "told": "told", "digest": f"digest-{version}"} | over
    return Served(workload="policy", name=NAME, version=str(version), **given)


def release(version: int, **over: Any) -> Release:
    given = {"digest": f"digest-{version}", "source": "s3://x", "files": {}} | over
    return Release(workload="policy", name=NAME, version=str(version), **given)


def passed(state: State = State.AGREED):
    return lambda served: (state, "job/check")


def aliases(known: FakeRegistry) -> tuple[str | None, str | None]:
    return known.aliases.get((NAME, "champion")), known.aliases.get((NAME, "previous"))


def standing(*given: Any, **named: Any) -> Standing:
    found = follow(*given, **named)
    assert found is not None
    return found


def test_an_alias_moves_when_the_version_serves_and_its_check_has_passed() -> None:
    known = registry()
    assert follow(None, None, known, passed()) is None
    assert standing(None, release(1), known, passed()).state is State.WAITING
    for waiting in (served(1, ready=False), served(1)):
        check = passed(State.WAITING)
        assert standing(waiting, release(1), known, check).state is State.WAITING
    failed = standing(served(1), release(1), known, passed(State.DEGRADED))
    assert failed.state is State.DEGRADED and aliases(known) == (None, None)
    agreed = standing(served(1), release(1), known, passed())
    assert agreed.state is State.AGREED and agreed.moved == (("champion", "1"),)
    assert standing(served(1), release(1), known, passed()).moved == ()


def test_a_rollback_swaps_the_aliases() -> None:
    known = registry()
    standing(served(1), release(1), known, passed())
    assert standing(served(2), release(2), known, passed()).moved == (
        ("previous", "1"), ("champion", "2"),
    )  # fmt: skip
    reverted = standing(served(2), release(1), known, passed())
    assert reverted.state is State.WAITING and "acecoder-policy/1 is released" in reverted.told
    standing(served(1), release(1), known, passed())
    assert aliases(known) == ("1", "2")


@given(st.lists(st.tuples(st.integers(1, 3), st.booleans()), min_size=1, max_size=12))
def test_a_kill_between_two_moves_is_made_good_by_the_next_tick(
    history: list[tuple[int, bool]],
) -> None:
    """Whatever served before, and wherever a tick was killed."""
    known, champions = registry(), []
    for version, killed in history:
        if killed and champions and champions[-1] != version:
            known.point(
                NAME, "previous", str(champions[-1])
            )  # the first of two moves, then the end
            continue
        standing(served(version), release(version), known, passed())
        if not champions or champions[-1] != version:
            champions.append(version)
    if champions:
        assert aliases(known)[0] == str(champions[-1])
    if len(champions) > 1 and not history[-1][1]:
        standing(served(champions[-1]), None, known, passed())
        assert aliases(known)[1] in {str(champions[-2]), str(champions[-1])}


@pytest.mark.parametrize(
    ("what", "git", "said"),
    [
        (
            served(9),
            release(9),
            "acecoder-policy/9 is not in the registry: was its manifest edited",
        ),
        (served(2, digest="other"), release(2), "was it edited by hand"),
        (served(2), release(2, digest="other"), "another digest in git than on the cluster"),
        (served(1, ready=False, broken=True, told="x: sha256 wrong"), release(1), "sha256 wrong"),
    ],
)
def test_what_was_edited_by_hand_moves_nothing(what: Served, git: Release, said: str) -> None:
    known = registry()
    found = standing(what, git, known, passed())
    assert found.state is State.DEGRADED and said in found.told
    assert aliases(known) == (None, None)


def test_a_deployment_that_promotion_did_not_make_is_not_believed() -> None:
    bare = Served("policy", "", "", "", True, False, "")
    assert "not made by promotion" in standing(bare, None, registry(), passed()).told


@pytest.mark.parametrize(
    ("status", "ready"),
    [
        ({"observedGeneration": 2, "updatedReplicas": 2, "replicas": 2, "availableReplicas": 2}, True),
        ({"observedGeneration": 1, "updatedReplicas": 2, "replicas": 2, "availableReplicas": 2}, False),
        ({"observedGeneration": 2, "updatedReplicas": 1, "replicas": 3, "availableReplicas": 2}, False),
        ({"observedGeneration": 2, "updatedReplicas": 2, "replicas": 3, "availableReplicas": 3}, False),
        ({}, False),
    ],
)  # fmt: skip
def test_a_rollout_has_ended_when_every_pod_is_new_and_ready(
    status: dict[str, int], ready: bool
) -> None:
    deployment = {"metadata": {"generation": 2}, "spec": {"replicas": 2}, "status": status}
    assert rolled_out(deployment)[0] is ready
