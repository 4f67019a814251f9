"""Quotas, nodes and waiting pods: the arithmetic and the words, on objects as Kubernetes has them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acecoder.cluster.capacity import Demand, Toleration, homeless, quantity, quota_shortages
from acecoder.cluster.waits import refused_pods, why_waiting

GPU = "nvidia.com/gpu"


def quota(hard: dict[str, str], used: dict[str, str]) -> dict[str, Any]:
    return {"metadata": {"name": "q"}, "status": {"hard": hard, "used": used}}


def node(
    allocatable: dict[str, str], labels: dict[str, str] | None = None, **spec: Any
) -> dict[str, Any]:
    return {
        "metadata": {"name": "n", "labels": labels or {}},
        "spec": spec,
        "status": {"allocatable": allocatable},
    }


def demand(**requests: str) -> Demand:
    return Demand(step="train_policy", requests=requests)


@pytest.mark.parametrize(
    ("hard", "used", "short"),
    [
        ({"requests.cpu": "8"}, {"requests.cpu": "3500m"}, False),
        ({"requests.cpu": "8"}, {"requests.cpu": "4500m"}, True),
        ({"cpu": "8"}, {"cpu": "4500m"}, True),
        ({"requests.memory": "16Gi"}, {"requests.memory": "8Gi"}, False),
        ({"requests.memory": "16G"}, {"requests.memory": "8Gi"}, True),
        ({"limits.cpu": "7"}, {}, True),
        ({"pods": "10"}, {"pods": "10"}, True),
        ({"count/pods": "10"}, {"count/pods": "9"}, False),
        ({"count/secrets": "0"}, {}, False),
    ],
)
def test_a_quota_is_held_against_what_a_step_asks(
    hard: dict[str, str], used: dict[str, str], short: bool
) -> None:
    asked = Demand(step="s", requests={"cpu": "4", "memory": "8Gi"}, limits={"cpu": "8"})
    assert bool(quota_shortages([quota(hard, used)], [asked])) is short


def test_gpus_of_a_quota_are_counted_and_the_text_names_what_is_left() -> None:
    asked = Demand(step="train_policy", requests={GPU: "2"})
    (text,) = quota_shortages([quota({f"requests.{GPU}": "8"}, {f"requests.{GPU}": "7"})], [asked])
    assert text == f"quota 'q' has 1 of 8 requests.{GPU} left, train_policy asks for 2"


@pytest.mark.parametrize(
    ("place", "why"),
    [
        (node({"cpu": "3900m", "memory": "64Gi", GPU: "1"}), "cpu: 3900m"),
        (node({"cpu": "8", "memory": "64Gi"}), f"{GPU}: none"),
        (node({"cpu": "8", "memory": "64Gi", GPU: "1"}, unschedulable=True), "cordoned"),
        (
            node(
                {"cpu": "8", "memory": "64Gi", GPU: "1"},
                taints=[{"key": "other", "effect": "NoExecute"}],
            ),
            "taint other",
        ),
    ],
)
def test_a_node_that_cannot_hold_a_step_says_why(place: dict[str, Any], why: str) -> None:
    asked = Demand(
        step="train_policy",
        requests={"cpu": "4", "memory": "32Gi", GPU: "1"},
        tolerations=(Toleration(key=GPU),),
    )
    (text,) = homeless([place], [asked])
    assert why in text
    right = node(
        {"cpu": "4", "memory": "32Gi", GPU: "1"}, taints=[{"key": GPU, "effect": "NoSchedule"}]
    )
    assert homeless([place, right], [asked]) == []


def test_a_node_selector_is_heeded_and_no_node_is_a_fault() -> None:
    asked = Demand(step="s", requests={"cpu": "1"}, node_selector={"gpu": "h100"})
    assert homeless([node({"cpu": "2"}, {"gpu": "h100"})], [asked]) == []
    assert "no label gpu=h100" in homeless([node({"cpu": "2"}, {"gpu": "a10"})], [asked])[0]
    assert "there is none" in homeless([], [asked])[0]


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_step_is_short_exactly_where_it_asks_for_more_than_is_left(
    hard: int, used: int, asked: int
) -> None:
    found = quota_shortages(
        [quota({"cpu": f"{hard}m"}, {"cpu": f"{used}m"})], [demand(cpu=f"{asked}m")]
    )
    assert bool(found) == (asked > hard - used)


def test_quantities_have_kubernetes_units() -> None:
    assert [quantity(t) for t in ("1500m", "2Gi", "1k", "3")] == [
        Decimal("1.5"),
        Decimal(2 << 30),
        Decimal(1000),
        Decimal(3),
    ]


def pod(**status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p"}, "status": status}


def waiting(reason: str, message: str) -> list[dict[str, Any]]:
    return [{"image": "i", "state": {"waiting": {"reason": reason, "message": message}}}]


@pytest.mark.parametrize(
    ("found", "why", "remedy"),
    [
        (
            pod(phase="Pending", containerStatuses=waiting("ImagePullBackOff", "Back-off pulling")),
            "ImagePullBackOff: Back-off pulling",
            "pull_secrets",
        ),
        (
            pod(phase="Pending", initContainerStatuses=waiting("ErrImagePull", "no such host")),
            "ErrImagePull: no such host",
            "pull_secrets",
        ),
        (
            pod(
                phase="Pending",
                containerStatuses=waiting("CreateContainerConfigError", 'secret "x" not found'),
            ),
            'secret "x" not found',
            "secrets.sh",
        ),
        (
            pod(
                phase="Pending",
                conditions=[
                    {
                        "type": "PodScheduled",
                        "status": "False",
                        "reason": "Unschedulable",
                        "message": "0/3 nodes",
                    }
                ],
            ),
            "Unschedulable: 0/3 nodes",
            "infra file",
        ),
        (pod(phase="Running", containerStatuses=[{"state": {"running": {}}}]), "", ""),
        (pod(phase="Pending", containerStatuses=waiting("ContainerCreating", "")), "", ""),
    ],
)
def test_what_a_pod_waits_for_is_told(found: dict[str, Any], why: str, remedy: str) -> None:
    said = why_waiting(found)
    assert why in said[0]
    assert remedy in said[1]
    assert bool(said[0]) == bool(why)


def test_events_tell_of_a_runtime_that_a_node_lacks_and_of_pods_that_are_refused() -> None:
    events = [
        {
            "involvedObject": {"name": "p"},
            "reason": "FailedCreatePodSandBox",
            "message": 'no runtime for "gvisor" is configured',
        },
        {"involvedObject": {"name": "other"}, "reason": "FailedCreatePodSandBox", "message": "x"},
        {
            "involvedObject": {"name": "sandbox-pool-77"},
            "reason": "FailedCreate",
            "message": "exceeded quota: q",
        },
    ]
    why, remedy = why_waiting(pod(phase="Pending"), events)
    assert 'no runtime for "gvisor"' in why
    assert "runsc" in remedy
    assert refused_pods(events, "sandbox-pool") == "exceeded quota: q"
    assert refused_pods(events, "judge-") == ""
