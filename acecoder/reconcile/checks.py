"""The check after a rollout, as a Job: one per version and digest, made where it is not there."""

from __future__ import annotations

from dataclasses import dataclass

from acecoder.cluster.api import Cluster, Object
from acecoder.reconcile.aliases import State
from acecoder.reconcile.served import Served


@dataclass(frozen=True)
class CheckJob:
    """How the Job is made."""

    namespace: str
    image: str
    pull_policy: str
    arguments: tuple[str, ...]
    """More arguments of `acecoder check-served` (how many prompts, which tolerance)."""
    memory: str = "8Gi"


def check(cluster: Cluster, made_by: CheckJob, served: Served) -> tuple[State, str]:
    """Where the Job of a served version stands, and how to see why; it is started where there is
    none."""
    name = f"check-{served.workload}-v{served.version}-{served.digest[:8]}"
    job = cluster.get("jobs", name, made_by.namespace)
    if job is None:
        cluster.create("jobs", made_by.namespace, _job(name, made_by, served))
        return State.WAITING, f"job/{name} has been started"
    for condition in job.get("status", {}).get("conditions", ()):
        if condition.get("status") == "True":
            if condition.get("type") == "Complete":
                return State.AGREED, name
            if condition.get("type") == "Failed":
                look = f"kubectl -n {made_by.namespace} logs job/{name}"
                return State.DEGRADED, f"`{look}` says why; delete the Job to check again"
    return State.WAITING, f"job/{name}"


def _job(name: str, made_by: CheckJob, served: Served) -> Object:
    labels = {
        "app.kubernetes.io/name": "check-served",
        "app.kubernetes.io/part-of": "acecoder",
        "acecoder.dev/model-client": "true",
    }
    closed = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    container = {
        "name": "check",
        "image": made_by.image,
        "imagePullPolicy": made_by.pull_policy,
        "command": [
            "acecoder",
            "check-served",
            f"--url=http://{served.workload}-server.{made_by.namespace}.svc:8000",
            f"--name={served.name}/{served.version}",
            f"--workload={served.workload}",
            *made_by.arguments,
        ],
        "env": [{"name": "HOME", "value": "/work"}, {"name": "HF_HUB_OFFLINE", "value": "1"}],
        "envFrom": [
            {"configMapRef": {"name": "weights-source", "optional": True}},
            {"secretRef": {"name": "weights-source", "optional": True}},
        ],
        "securityContext": closed,
        "resources": {
            "requests": {"cpu": "200m", "memory": made_by.memory},
            "limits": {"cpu": "4", "memory": made_by.memory},
        },
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": "release", "mountPath": "/release", "readOnly": True},
            {"name": "work", "mountPath": "/work"},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 (an emptyDir of the pod)
        ],
    }
    pod = {
        "restartPolicy": "Never",
        "serviceAccountName": f"{served.workload}-server",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "fsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [
            {"name": "release", "configMap": {"name": served.release_config_map}},
            {"name": "work", "emptyDir": {"sizeLimit": "40Gi"}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}},
        ],
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "backoffLimit": 2,
            "activeDeadlineSeconds": 3600,
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
