"""A run's steps as Argo's Workflow object has them.

KFP's API tells of steps too, but stops in the middle of a run as large as ours: Argo compresses the
nodes of a Workflow of over a megabyte, and KFP (2.17) reads uncompressed ones alone. So who may
read Workflows gets the truth from there.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from acecoder.cluster.api import Cluster, Object
from acecoder.errors import InputError, PlatformError
from acecoder.pipelines.submitting import Task
from acecoder.pipelines.watching import RUN_LABEL


def tasks(namespace: str, run_id: str, steps: Mapping[str, str]) -> list[Task]:
    """The steps that have begun, in their order; none where Kubernetes cannot be asked."""
    try:
        found = Cluster.connect().items("workflows", namespace, labels=f"{RUN_LABEL}={run_id}")
    except (InputError, PlatformError):
        return []
    return tasks_of_workflow(found[0], steps) if found else []


def log(namespace: str, pod: str) -> str:
    """What a step said, while its pod is there; empty where Kubernetes cannot be asked."""
    try:
        return Cluster.connect().log(namespace, pod, container="main")
    except (InputError, PlatformError):
        return ""


def tasks_of_workflow(workflow: Object, steps: Mapping[str, str]) -> list[Task]:
    """`steps`: task of the compiled pipeline -> its step."""
    nodes = _nodes(workflow)
    name = str(workflow["metadata"]["name"])
    found = []
    for node in nodes.values():
        step = steps.get(node.get("displayName", ""))
        if step is None or node.get("phase") in ("", None, "Omitted"):
            continue
        pods = tuple(_pod_name(name, pod) for pod in _pods(node, nodes))
        state = {"Error": "FAILED"}.get(node["phase"], node["phase"].upper())
        found.append((node.get("startedAt") or "", Task(step, state, _seconds(node), pods)))
    return [task for _, task in sorted(found, key=lambda item: str(item[0]))]


def _nodes(workflow: Object) -> dict[str, Any]:
    status = workflow.get("status", {})
    if "compressedNodes" in status:
        found: dict[str, Any] = json.loads(
            gzip.decompress(base64.b64decode(status["compressedNodes"]))
        )
        return found
    return dict(status.get("nodes", {}))


def _pods(node: Object, nodes: Mapping[str, Any]) -> Iterator[Object]:
    """The pods beneath a node, attempt by attempt; what comes after it hangs beneath it too."""
    for child in node.get("children", ()):
        below = nodes.get(child)
        if below is None or "-driver" in below.get("displayName", ""):
            continue
        if below.get("type") == "Pod":
            yield below
        else:
            yield from _pods(below, nodes)


def _pod_name(workflow: str, node: Object) -> str:
    """As Argo 4 names pods: workflow, template, the node's number."""
    return f"{workflow}-{node.get('templateName', '')}-{str(node['id']).rpartition('-')[2]}"


def _seconds(node: Object) -> float:
    if not node.get("startedAt") or not node.get("finishedAt"):
        return 0.0
    begun, ended = (
        datetime.fromisoformat(node[key].replace("Z", "+00:00"))
        for key in ("startedAt", "finishedAt")
    )
    return (ended - begun).total_seconds()
