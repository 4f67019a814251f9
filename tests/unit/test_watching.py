"""What KFP does not tell of a run's pods, asked of a Kubernetes API."""

from __future__ import annotations

from typing import Any

import pytest

from acecoder.errors import PlatformError
from acecoder.pipelines import watching, workflows
from tests.unit.conftest import Api

NAMESPACE = "/api/v1/namespaces/acecoder"
TRAINJOBS = "/apis/trainer.kubeflow.org/v1alpha1/namespaces/acecoder/trainjobs"


def pod(**status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "run-x-impl-1"}, "status": {"phase": "Pending", **status}}


def unpullable() -> dict[str, Any]:
    waiting = {"reason": "ErrImagePull", "message": "no such image"}
    return pod(containerStatuses=[{"state": {"waiting": waiting}}])


def test_a_pod_that_can_never_start_is_told_and_ends_the_waiting(
    bare_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "STUCK_S", 0.0)
    bare_api.table |= {
        f"{NAMESPACE}/pods": {"items": [unpullable()]},
        f"{NAMESPACE}/events": {"items": []},
    }
    said: list[str] = []
    watch = watching.Watch("acecoder")
    with pytest.raises(
        PlatformError, match="run-x-impl-1 cannot start: ErrImagePull: no such image"
    ) as caught:
        for _ in range(3):
            watch.look("r", said.append)
    assert said == ["pod run-x-impl-1 waits: ErrImagePull: no such image"]
    assert "pull_secrets" in caught.value.remedy
    assert "acecoder cancel" in caught.value.remedy


def test_waiting_for_a_node_is_told_once_and_is_no_fault(
    bare_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "STUCK_S", 0.0)
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "0/3 nodes",
    }
    bare_api.table |= {
        f"{NAMESPACE}/pods": {"items": [pod(conditions=[condition])]},
        f"{NAMESPACE}/events": {"items": []},
    }
    said: list[str] = []
    watch = watching.Watch("acecoder")
    for _ in range(3):
        watch.look("r", said.append)
    assert said == ["pod run-x-impl-1 waits: Unschedulable: 0/3 nodes"]


def test_a_cancelled_runs_trainjobs_are_removed(bare_api: Api) -> None:
    bare_api.table[TRAINJOBS] = {"items": [{"metadata": {"name": "train-policy-1"}}]}
    assert watching.remove_trainjobs("acecoder", "k") == ["train-policy-1"]
    assert f"DELETE {TRAINJOBS}/train-policy-1" in bare_api.calls


def test_where_kubernetes_cannot_be_asked_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", "/nowhere")
    assert watching.waits("acecoder", "r") == []
    assert watching.remove_trainjobs("acecoder", "k") == []
    assert workflows.tasks("acecoder", "r", {}) == []
    assert workflows.log("acecoder", "p") == ""
