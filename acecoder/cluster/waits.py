"""Why a pod does not run, from its conditions and events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from acecoder.cluster.api import Cluster, Object

STUCK = {
    "ErrImagePull": "is the image's name right, has it been pushed, may this namespace pull it "
    "(images and pull_secrets in the infra file)?",
    "ImagePullBackOff": "is the image's name right, has it been pushed, may this namespace pull it "
    "(images and pull_secrets in the infra file)?",
    "ErrImageNeverPull": 'load the image on the node, or pull_policy = "IfNotPresent"',
    "InvalidImageName": "correct images in the infra file",
    "CreateContainerConfigError": "make the Secret or ConfigMap it names (manifests/secrets.sh)",
    "CreateContainerError": "kubectl describe pod",
    "RunContainerError": "kubectl describe pod",
    "CrashLoopBackOff": "kubectl logs --previous",
}
"""Waiting reasons of a container that do not pass by themselves, and what to try."""


class Wait(NamedTuple):
    """Something that does not start: a pod, or an owner whose pods are refused."""

    name: str
    why: str
    remedy: str

    @property
    def for_room(self) -> bool:
        """Waiting for room is normal; waiting for an image that does not exist never ends."""
        return (
            self.why.startswith(("Unschedulable", "SchedulingGated"))
            or "exceeded quota" in self.why
        )


def find_waits(cluster: Cluster, namespace: str, labels: str, owner: str) -> list[Wait]:
    """What keeps the pods with these labels from running; none where a pod waits for nothing.

    Where there is no pod at all, why `owner` (what makes them; its name's beginning) may not make
    any. Raises as `Cluster.items`.
    """
    pods = cluster.items("pods", namespace, labels=labels)
    pending = [pod for pod in pods if pod["status"].get("phase") == "Pending"]
    if pods and not pending:
        return []
    events = cluster.items("events", namespace)
    refused = refused_pods(events, owner) if not pods else ""
    if refused:
        return [
            Wait(owner, f"its pods are refused: {refused}", f"kubectl -n {namespace} get events")
        ]
    found = [Wait(pod["metadata"]["name"], *why_waiting(pod, events)) for pod in pending]
    return [wait for wait in found if wait.why]


REFUSALS = ("FailedCreate", "TrainJobResourcesCreationFailed")
"""Events of an owner whose pods were not let in: by a quota, by Pod Security, by a webhook."""


def why_waiting(pod: Object, events: Sequence[Object] = ()) -> tuple[str, str]:
    """(what keeps a pod from running, what to try); empty texts where nothing does.

    `events` are the namespace's; those of other pods are ignored.
    """
    status = pod.get("status", {})
    statuses = [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
    for container in statuses:
        waiting = container.get("state", {}).get("waiting", {})
        reason = waiting.get("reason", "")
        if reason in STUCK:
            message = waiting.get("message", "") or container.get("image", "")
            return f"{reason}: {message}", STUCK[reason]
    for condition in status.get("conditions", ()):
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return (
                f"{condition.get('reason', '')}: {condition.get('message', '')}",
                "free or add such a node, or ask for less (steps in the infra file)",
            )
    if status.get("phase") == "Pending":
        return _sandbox_trouble(pod, events)
    return "", ""


def _sandbox_trouble(pod: Object, events: Sequence[Object]) -> tuple[str, str]:
    """A runtime that the node lacks shows in events alone."""
    name = pod["metadata"]["name"]
    for event in reversed(events):
        if event.get("involvedObject", {}).get("name") != name:
            continue
        if event.get("reason") == "FailedCreatePodSandBox":
            message = str(event.get("message", ""))
            remedy = "kubectl describe pod"
            if "runtime" in message:
                remedy = "install runsc and its containerd handler on that node, or keep the pod "
                remedy += "from it (scheduling in the RuntimeClass)"
            return f"FailedCreatePodSandBox: {message}", remedy
    return "", ""


def refused_pods(events: Sequence[Object], owner: str) -> str:
    """Why an owner (a ReplicaSet, a Job) whose name begins so may not make pods; empty if it may."""
    for event in reversed(events):
        named = str(event.get("involvedObject", {}).get("name", ""))
        if named.startswith(owner) and event.get("reason") in REFUSALS:
            return str(event.get("message", ""))
    return ""
