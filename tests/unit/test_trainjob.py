"""TrainJobs: started once, adopted, told, and their failures raised."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from acecoder.cluster import trainjob
from acecoder.cluster.api import Cluster
from acecoder.cluster.launch import Launch, SecretKey
from acecoder.errors import PlatformError
from tests.unit.conftest import Api

JOBS = "/apis/trainer.kubeflow.org/v1alpha1/namespaces/acecoder/trainjobs"
PODS = "/api/v1/namespaces/acecoder/pods"
EVENTS = "/api/v1/namespaces/acecoder/events"
NAME = "train-reward-model-0123456789ab"
LAUNCH = Launch(runtime="acecoder-reward-model", nodes=2, processes_per_node=8)


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainjob, "LOOK_S", 0.01)
    monkeypatch.setattr(trainjob, "STUCK_S", 0.2)


def made(launch: Launch = LAUNCH) -> dict[str, Any]:
    return trainjob.trainjob(launch, NAME, ["torchrun", "x"], {"acecoder.dev/run-key": "k"}, "Q/m")


def at(seconds_ago: float) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds_ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


def job(
    condition: str = "", message: str = "", age_s: float = 1.0, name: str = ""
) -> dict[str, Any]:
    conditions = [{"type": condition, "status": "True", "message": message}] if condition else []
    return {
        "metadata": {"name": name or NAME, "creationTimestamp": at(age_s)},
        "status": {"conditions": conditions},
    }


def pod(phase: str, age_s: float = 1.0, **status: Any) -> dict[str, Any]:
    labels = {
        "jobset.sigs.k8s.io/jobset-name": NAME,
        "jobset.sigs.k8s.io/replicatedjob-name": "node",
        "batch.kubernetes.io/job-completion-index": "0",
    }
    return {
        "metadata": {"name": f"{NAME}-node-0-0-x", "labels": labels},
        "status": {"phase": phase, "startTime": at(age_s), **status},
    }


def in_turn(*answers: Any) -> Callable[[], Any]:
    """One answer a call, the last of them for ever."""
    left = list(answers)
    return lambda: left.pop(0) if len(left) > 1 else left[0]


def follow(api: Api, launch: Launch = LAUNCH) -> list[str]:
    said: list[str] = []
    trainjob.run(Cluster.connect(), launch, made(launch), said.append)
    return said


def test_the_object_is_what_trainer_takes() -> None:
    launch = LAUNCH.model_copy(
        update={
            "image": "train@sha256:0",
            "queue": "gpus",
            "requests": {"nvidia.com/gpu": "8"},
            "env": {"A": "b"},
            "secret_env": {"TOKEN": SecretKey(secret="s", key="k")},
        }
    )
    thing = made(launch)
    assert thing["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "gpus"
    assert thing["metadata"]["labels"]["acecoder.dev/run-key"] == "k"
    assert thing["spec"]["suspend"] is True, "Kueue wakes it"
    trainer = thing["spec"]["trainer"]
    assert trainer["env"] == [
        {"name": "A", "value": "b"},
        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
    ]
    assert (trainer["numNodes"], trainer["numProcPerNode"]) == (2, 8)
    assert trainer["resourcesPerNode"]["limits"] == {"nvidia.com/gpu": "8"}
    assert made()["spec"]["suspend"] is False, "nobody would wake it"
    assert "runtimePatches" not in made()["spec"]


def test_a_rollout_server_is_told_its_model_and_the_nodes_its_address() -> None:
    thing = made(LAUNCH.model_copy(update={"rollout_server": True}))
    (patch,) = thing["spec"]["runtimePatches"]
    (server,) = patch["trainingRuntimeSpec"]["template"]["spec"]["replicatedJobs"]
    container = server["template"]["spec"]["template"]["spec"]["containers"][0]
    assert container == {"name": "vllm", "env": [{"name": "MODEL", "value": "Q/m"}]}
    assert {"name": "ACECODER_ROLLOUT_SERVER", "value": "1"} in thing["spec"]["trainer"]["env"]


def test_a_node_finds_the_rollout_server_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from acecoder.rl.vllm import rollout_server

    assert rollout_server() == ""
    monkeypatch.setenv("ACECODER_ROLLOUT_SERVER", "1")
    monkeypatch.setenv("PET_MASTER_ADDR", f"{NAME}-2-node-0-0.{NAME}-2")
    assert rollout_server() == f"http://{NAME}-2-vllm-0-0.{NAME}-2:8000"
    monkeypatch.setenv("PET_MASTER_ADDR", "localhost")
    with pytest.raises(PlatformError):
        rollout_server()


def test_a_job_is_started_its_log_told_once_and_its_end_awaited(bare_api: Api) -> None:
    lines = [f"2026-01-01T00:00:0{i}.5Z step {i}" for i in range(4)]
    bare_api.table |= {
        JOBS: {"items": [job()]},
        PODS: {"items": [pod("Running")]},
        f"{PODS}/{NAME}-node-0-0-x/log": in_turn("\n".join(lines[:2]), "\n".join(lines)),
        f"{JOBS}/{NAME}": in_turn(job(), job(), job("Complete")),
    }
    said = follow(bare_api)
    assert said == [f"TrainJob {NAME} is there already: adopted", *[f"step {i}" for i in range(4)]]


@pytest.mark.parametrize(
    ("there", "name"),
    [
        ([], NAME),
        ([job("Failed")], f"{NAME}-2"),
        ([job("Failed", name=f"{NAME}-2"), job("Failed", name="other-9")], f"{NAME}-3"),
    ],
)
def test_one_that_failed_is_followed_by_another_under_its_own_name(
    bare_api: Api, there: list[dict[str, Any]], name: str
) -> None:
    """What is left of the old one would be taken for the new one's."""
    bare_api.table |= {JOBS: {"items": there}, PODS: {"items": []}, EVENTS: {"items": []}}

    def finish() -> None:
        while not bare_api.made:
            time.sleep(0.01)
        bare_api.table[f"{JOBS}/{name}"] = job("Complete")

    threading.Thread(target=finish).start()
    said = follow(bare_api)
    assert said[0] == f"TrainJob {name} started"
    assert [each["metadata"]["name"] for each in bare_api.made] == [name]
    removed = [call for call in bare_api.calls if call.startswith("DELETE")]
    assert removed == [
        f"DELETE {JOBS}/{each['metadata']['name']}"
        for each in there
        if "other" not in each["metadata"]["name"]
    ]


def test_pods_that_are_refused_are_told(bare_api: Api) -> None:
    refusal = {
        "involvedObject": {"name": f"{NAME}-node-0"},
        "reason": "FailedCreate",
        "message": 'violates PodSecurity "restricted:latest"',
    }
    bare_api.table |= {
        JOBS: {"items": [job()]},
        f"{JOBS}/{NAME}": job(),
        PODS: {"items": []},
        EVENTS: {"items": [refusal]},
    }
    with pytest.raises(PlatformError, match="its pods are refused: violates PodSecurity"):
        follow(bare_api)


def test_a_failure_is_raised_with_the_end_of_the_log(bare_api: Api) -> None:
    bare_api.table |= {
        JOBS: {"items": [job()]},
        f"{JOBS}/{NAME}": in_turn(job(), job("Failed", "jobset failed")),
        PODS: {"items": [pod("Failed")]},
        f"{PODS}/{NAME}-node-0-0-x/log": "CUDA out of memory",
    }
    with pytest.raises(PlatformError, match="jobset failed") as caught:
        follow(bare_api)
    assert "CUDA out of memory" in caught.value.what


@pytest.mark.parametrize(
    ("found", "pods", "what"),
    [
        (
            job(age_s=999),
            [
                pod(
                    "Pending",
                    conditions=[
                        {
                            "type": "PodScheduled",
                            "status": "False",
                            "reason": "Unschedulable",
                            "message": "0/3 nodes",
                        }
                    ],
                )
            ],
            "has waited longer than 100 s for its nodes: Unschedulable",
        ),
        (job("Suspended", age_s=999), [], "not admitted to its queue"),
        (job(), [pod("Running", age_s=999)], "ran longer than 100 s"),
        (
            job(age_s=-9999),
            [
                pod(
                    "Pending",
                    containerStatuses=[
                        {
                            "state": {
                                "waiting": {"reason": "ErrImagePull", "message": "no such image"}
                            }
                        }
                    ],
                )
            ],
            "cannot start: ErrImagePull: no such image",
        ),
    ],
)
def test_what_waits_or_runs_too_long_is_removed_and_told(
    bare_api: Api, found: dict[str, Any], pods: list[dict[str, Any]], what: str
) -> None:
    bare_api.table |= {
        JOBS: {"items": [found]},
        f"{JOBS}/{NAME}": found,
        PODS: {"items": pods},
        f"{PODS}/{NAME}-node-0-0-x/log": "",
    }
    launch = LAUNCH.model_copy(update={"queue_timeout_s": 100.0, "run_timeout_s": 100.0})
    with pytest.raises(PlatformError) as caught:
        follow(bare_api, launch)
    assert what in caught.value.what
    assert f"DELETE {JOBS}/{NAME}" in bare_api.calls, "it must not hold GPUs"


def test_waiting_for_room_is_no_fault(bare_api: Api) -> None:
    waiting = pod(
        "Pending",
        conditions=[
            {
                "type": "PodScheduled",
                "status": "False",
                "reason": "Unschedulable",
                "message": "0/3 nodes",
            }
        ],
    )
    ends_s = time.monotonic() + 0.6  # three times as long as a pod may be stuck
    bare_api.table |= {
        JOBS: {"items": [job()]},
        EVENTS: {"items": []},
        f"{JOBS}/{NAME}": lambda: job("Complete") if time.monotonic() > ends_s else job(),
        PODS: {"items": [waiting]},
    }
    assert follow(bare_api) == [
        f"TrainJob {NAME} is there already: adopted",
        "waits: Unschedulable: 0/3 nodes",
    ]
