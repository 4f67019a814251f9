"""What a cluster serves: its Deployments as they are observed, and the check that ran after a rollout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from acecoder.cluster.api import Cluster, Object
from acecoder.cluster.waits import why_waiting
from acecoder.promotion.release import Workload
from acecoder.promotion.serving_files import ANNOTATION

WORKLOADS: tuple[Workload, ...] = get_args(Workload)


@dataclass(frozen=True)
class Served:
    """One workload's Deployment."""

    workload: Workload
    name: str
    version: str
    digest: str
    ready: bool
    """All of its pods are of this version and ready."""
    broken: bool
    """It will not get there by waiting."""
    told: str
    """Where it stands, in words."""
    release_config_map: str = ""
    """The ConfigMap with the release that its pods read."""


def observe(cluster: Cluster, namespace: str) -> list[Served]:
    """The workloads that are there. Raises as `Cluster.get`."""
    found = ((each, cluster.get("deployments", f"{each}-server", namespace)) for each in WORKLOADS)
    return [
        _served(cluster, namespace, workload, deployment)
        for workload, deployment in found
        if deployment is not None
    ]


def _served(cluster: Cluster, namespace: str, workload: Workload, deployment: Object) -> Served:
    notes = deployment["spec"]["template"]["metadata"].get("annotations") or {}
    name, version, digest = (
        str(notes.get(f"{ANNOTATION}/{key}", "")) for key in ("model", "version", "digest")
    )
    ready, told = rolled_out(deployment)
    broken = ""
    if not ready:
        broken = _broken(cluster, namespace, workload, deployment)
    volumes = deployment["spec"]["template"]["spec"].get("volumes") or []
    release = next((v["configMap"]["name"] for v in volumes if v["name"] == "release"), "")
    return Served(workload, name, version, digest, ready, bool(broken), broken or told, release)


def rolled_out(deployment: Object) -> tuple[bool, str]:
    """Whether every pod of a Deployment is of its newest template and ready, and where it stands."""
    status, generation = deployment.get("status", {}), deployment["metadata"].get("generation", 0)
    wanted = deployment["spec"].get("replicas", 1)
    if status.get("observedGeneration", 0) < generation:
        return False, "the change has not been observed yet"
    counts = {
        key: status.get(key, 0) for key in ("updatedReplicas", "replicas", "availableReplicas")
    }
    if not wanted:
        return False, "it has no replicas"
    if all(count == wanted for count in counts.values()):
        return True, f"{wanted} of {wanted} pods serve it"
    return False, (
        f"{counts['updatedReplicas']} of {wanted} pods are of this version, "
        f"{counts['availableReplicas']} serve"
    )


def _broken(cluster: Cluster, namespace: str, workload: Workload, deployment: Object) -> str:
    """Why a rollout will not end by itself, or nothing."""
    for condition in deployment.get("status", {}).get("conditions", ()):
        if condition.get("reason") == "ProgressDeadlineExceeded":
            return f"the rollout has not ended in time: {condition.get('message', '')}"
    pods = cluster.items("pods", namespace, labels=f"app.kubernetes.io/name={workload}")
    for pod in pods:
        said = _last_words(pod)
        why, _ = why_waiting(pod)
        if said and why:
            return f"{pod['metadata']['name']}: {said}"
        if why and not why.startswith(("Unschedulable", "SchedulingGated")):
            return f"{pod['metadata']['name']}: {why}"
    return ""


def _last_words(pod: Object) -> str:
    """The end of what a container said before it failed the last time."""
    status = pod.get("status", {})
    for container in (
        *status.get("initContainerStatuses", ()),
        *status.get("containerStatuses", ()),
    ):
        for state in (container.get("state", {}), container.get("lastState", {})):
            ended = state.get("terminated") or {}
            if ended.get("exitCode"):
                lines = str(ended.get("message") or ended.get("reason") or "").strip().splitlines()
                return " ".join(line.strip() for line in lines[-3:])
    return ""
