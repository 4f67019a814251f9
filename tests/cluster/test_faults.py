"""Clusters that lack something: check_platform, as the pod KFP would make, says what and what to try."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acecoder.cluster.waits import why_waiting
from acecoder.pipelines import compiling, dags
from acecoder.pipelines.infra import Infra
from acecoder.profiles import Profile
from tests.cluster.conftest import INFRA
from tests.cluster.kfp_pods import NAMESPACE, Compiled, run
from tests.cluster.kube import get, kubectl, until

pytestmark = pytest.mark.cluster
RUN_KEY = "fau17s0000000000"


def check(directory: Path, changes: dict[str, str], pipeline: str = "evaluate") -> tuple[str, str]:
    """check_platform of a pipeline with a changed infra file: (phase, log)."""
    text = Path(INFRA).read_text()
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new, 1)
    (directory / "infra.toml").write_text(text)
    profile = Profile.load("smoke", (), Infra.load(directory / "infra.toml"))
    path = directory / "pipeline.yaml"
    compiling.compile_to(dags.build(pipeline, profile), path)
    return run(Compiled(path), "check-platform", "minio://acecoder/v2/artifacts/faults", RUN_KEY)


def test_a_whole_cluster_passes(installation: str, tmp_path: Path) -> None:
    phase, log = check(tmp_path, {})
    assert phase == "Succeeded", log
    for name in ("store", "gvisor", "admission", "quota", "nodes", "sandbox"):
        assert f"[check_platform] {name}: " in log


def test_a_network_that_enforces_no_policy_is_noticed(installation: str, tmp_path: Path) -> None:
    """On one that does, the check passes: either way the pods' own word decides."""
    phase, log = check(tmp_path, {"open_network_allowed = true": "open_network_allowed = false"})
    if phase == "Succeeded":
        assert "no replica has a way out" in log
    else:
        assert "the network does not isolate sandbox pods" in log
        assert "enforces NetworkPolicy" in log


@pytest.fixture
def no_gpus_left() -> Iterator[None]:
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "fault-gpus"},
        "spec": {"hard": {"requests.nvidia.com/gpu": "0"}},
    }
    kubectl("-n", NAMESPACE, "apply", "-f", "-", given=json.dumps(quota))
    until(
        "the quota counts",
        lambda: "hard" in get("resourcequota", NAMESPACE, "fault-gpus")["status"],
    )
    yield
    kubectl("-n", NAMESPACE, "delete", "resourcequota", "fault-gpus")


def test_an_exhausted_quota_and_a_node_too_small_are_both_told(
    installation: str, no_gpus_left: None, tmp_path: Path
) -> None:
    step = '[steps.evaluate_model]\ngpu = 1\nmemory = "8000Gi"\n\n[steps.default]'
    phase, log = check(tmp_path, {"[steps.default]": step})
    assert phase == "Failed"
    assert "2 things are missing" in log
    assert (
        "quota 'fault-gpus' has 0 of 0 requests.nvidia.com/gpu left, evaluate_model asks for 1"
        in log
    )
    assert "no node can hold evaluate_model" in log


@pytest.fixture
def wrong_keys() -> Iterator[None]:
    kubectl("-n", NAMESPACE, "delete", "secret", "fault-store", "--ignore-not-found")
    kubectl(
        "-n",
        NAMESPACE,
        "create",
        "secret",
        "generic",
        "fault-store",
        "--from-literal=AWS_ACCESS_KEY_ID=nobody",
        "--from-literal=AWS_SECRET_ACCESS_KEY=nothing",
    )
    yield
    kubectl("-n", NAMESPACE, "delete", "secret", "fault-store")


def test_a_store_that_refuses_is_told(installation: str, wrong_keys: None, tmp_path: Path) -> None:
    phase, log = check(tmp_path, {"[store]": '[store]\nsecret = "fault-store"'})
    assert phase == "Failed"
    assert "the object store says " in log
    assert "try: the keys of this pod must be allowed to read, write and list the bucket" in log


def test_mlflow_down_for_half_a_minute_is_waited_for(installation: str, tmp_path: Path) -> None:
    if not kubectl("-n", NAMESPACE, "get", "deployment", "mlflow", "--ignore-not-found"):
        pytest.skip("this installation's MLflow is elsewhere")
    kubectl("-n", NAMESPACE, "scale", "deployment/mlflow", "--replicas=0")
    until(
        "MLflow is gone",
        lambda: not get("pods", NAMESPACE, "-l", "app.kubernetes.io/name=mlflow")["items"],
    )

    def come_back() -> None:
        time.sleep(15)
        kubectl("-n", NAMESPACE, "scale", "deployment/mlflow", "--replicas=1")

    thread = threading.Thread(target=come_back)
    thread.start()
    try:
        phase, log = check(tmp_path, {})
    finally:
        thread.join()
        kubectl("-n", NAMESPACE, "rollout", "status", "deployment/mlflow", "--timeout=120s")
    assert phase == "Succeeded", log


@pytest.fixture
def absent_runtime() -> Iterator[str]:
    name = "acecoder-fault-absent"
    thing = {
        "apiVersion": "node.k8s.io/v1",
        "kind": "RuntimeClass",
        "metadata": {"name": name},
        "handler": "absent",
    }
    kubectl("apply", "-f", "-", given=json.dumps(thing))
    yield name
    kubectl(
        "-n", NAMESPACE, "delete", "pod", name, "--ignore-not-found", "--grace-period=0", "--force"
    )
    kubectl("delete", "runtimeclass", name)


def test_a_node_without_the_runtime_is_told(
    installation: str, absent_runtime: str, infra: Infra
) -> None:
    security = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    pod: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": absent_runtime},
        "spec": {
            "runtimeClassName": absent_runtime,
            "restartPolicy": "Never",
            "containers": [
                {
                    "name": "c",
                    "image": infra.images.cpu,
                    "securityContext": security,
                    "imagePullPolicy": "IfNotPresent",
                }
            ],
        },
    }
    kubectl("-n", NAMESPACE, "apply", "-f", "-", given=json.dumps(pod))

    def told() -> tuple[str, str]:
        events = get("events", NAMESPACE)["items"]
        return why_waiting(get("pod", NAMESPACE, absent_runtime), events)

    until("the node says so", lambda: "absent" in told()[0], 60)
    assert "runsc" in told()[1]
