"""Why a pod does not run: what Kubernetes knows and tells nobody who does not ask."""

from __future__ import annotations

from collections.abc import Sequence

from acecoder.cluster.api import Object

STUCK = {
    "ErrImagePull": "is the image's name right, has it been pushed, may this namespace pull it "
    "(images and pull_secrets in the infra file)?",
    "ImagePullBackOff": "is the image's name right, has it been pushed, may this namespace pull it "
    "(images and pull_secrets in the infra file)?",
    "ErrImageNeverPull": "load the image on the node, or pull_policy = \"IfNotPresent\"",
    "InvalidImageName": "correct images in the infra file",
    "CreateContainerConfigError": "make the Secret or ConfigMap it names (manifests/secrets.sh)",
    "CreateContainerError": "kubectl describe pod",
    "RunContainerError": "kubectl describe pod",
    "CrashLoopBackOff": "kubectl logs --previous",
}  # fmt: skip
"""Waiting reasons of a container that do not pass by themselves, and what to try."""


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
            return (f"{condition.get('reason', '')}: {condition.get('message', '')}",
                    "free or add such a node, or ask for less (steps in the infra file)")  # fmt: skip
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
