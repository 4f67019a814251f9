"""Training on several nodes: start a TrainJob (Kubeflow Trainer), follow it, raise its failure.

The step that asks for it stays and waits; the job's pods run the same step (`engine.runner.run_node`).
The name is the step's key, so that a step that was restarted finds the job that is already there. One
that failed is followed by another, numbered: what is left of the old one (a JobSet, pods that still
end) would be taken for the new one's under the same name.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Literal

from acecoder.cluster.api import Cluster, Object
from acecoder.cluster.launch import Launch
from acecoder.cluster.waits import Wait, find_waits
from acecoder.errors import PlatformError

LOOK_S = 2.0
STUCK_S = 45.0
TAIL_LINES = 80
"""torchrun's own report of a failure is 33 lines, after the program's last words."""
NOTHING = Wait("", "", "")
JOBSET = "jobset.sigs.k8s.io"
RUN_KEY_LABEL = "acecoder.dev/run-key"
ROLLOUT_SERVER = "ACECODER_ROLLOUT_SERVER"
"""Told to the nodes where a vLLM server stands beside them."""
QUEUE_LABEL = "kueue.x-k8s.io/queue-name"


def trainjob(
    launch: Launch, name: str, command: list[str], labels: dict[str, str], model: str
) -> Object:
    """The TrainJob of a step (Trainer 2.2 or later); `model` is what a rollout server begins with."""
    env: list[Object] = [{"name": key, "value": value} for key, value in launch.env.items()]
    env += [
        {"name": key, "valueFrom": {"secretKeyRef": {"name": entry.secret, "key": entry.key}}}
        for key, entry in launch.secret_env.items()
    ]
    trainer: Object = {
        "command": command,
        "env": env,
        "numNodes": launch.nodes,
        "numProcPerNode": launch.processes_per_node,
    }
    if launch.image:
        trainer["image"] = launch.image
    if launch.requests:
        trainer["resourcesPerNode"] = {"requests": launch.requests, "limits": launch.requests}
    own = {"app.kubernetes.io/name": "trainer", "app.kubernetes.io/part-of": "acecoder", **labels}
    if launch.queue:
        own[QUEUE_LABEL] = launch.queue
    # Kueue admits what is suspended; without a queue nobody would wake it.
    spec: Object = {
        "runtimeRef": {"name": launch.runtime},
        "suspend": bool(launch.queue),
        "trainer": trainer,
    }
    if launch.rollout_server:
        # Its host is named after the job, whose number this does not know: the node asks PyTorch's
        # master address, which Trainer makes of the same name.
        env.append({"name": ROLLOUT_SERVER, "value": "1"})
        spec["runtimePatches"] = [_serving(model)]
    return {
        "apiVersion": "trainer.kubeflow.org/v1alpha1",
        "kind": "TrainJob",
        "metadata": {"name": name, "labels": own},
        "spec": spec,
    }


def _serving(model: str) -> Object:
    """The job `vllm` of the runtime is told which model to begin with."""
    pod = {"spec": {"containers": [{"name": "vllm", "env": [{"name": "MODEL", "value": model}]}]}}
    job = {"name": "vllm", "template": {"spec": {"template": pod}}}
    return {
        "manager": "acecoder.dev/launcher",
        "trainingRuntimeSpec": {"template": {"spec": {"replicatedJobs": [job]}}},
    }


def run(cluster: Cluster, launch: Launch, thing: Object, say: Callable[[str], None]) -> None:
    """Start the job or adopt a running one, print its first node's log, return when it is complete.

    Raises: PlatformError where it fails, where its pods cannot start, or where it waits or runs
    longer than allowed (the job is then removed, and with it its hold on GPUs).
    """
    name = _start(cluster, launch, thing, say)
    node = _Node(cluster, launch, name)
    watch = _Watch(launch, say)
    while True:
        found = cluster.get("trainjobs", name, launch.namespace)
        if found is None:
            raise PlatformError(
                f"TrainJob {name} was removed",
                where=launch.namespace,
                remedy="run again: it resumes from its last checkpoint",
            )
        for line in node.new_lines():
            say(line)
        state = condition_of(found)
        if state == "Complete":
            return
        if state == "Failed":
            raise _failure(node, name, found)
        fault = watch.fault(found, node)
        if fault is not None:
            cluster.delete("trainjobs", launch.namespace, name)
            raise fault
        time.sleep(LOOK_S)


def condition_of(found: Object) -> Literal["Complete", "Failed", "Suspended", ""]:
    """What a TrainJob's conditions come to."""
    true = {
        c["type"] for c in found.get("status", {}).get("conditions", ()) if c["status"] == "True"
    }
    if "Complete" in true:
        return "Complete"
    if "Failed" in true:
        return "Failed"
    return "Suspended" if "Suspended" in true else ""


def _start(cluster: Cluster, launch: Launch, thing: Object, say: Callable[[str], None]) -> str:
    """Adopt the job of the step that is alive or done, or make one; its name."""
    base = thing["metadata"]["name"]
    jobs = {str(j["metadata"]["name"]): j for j in cluster.items("trainjobs", launch.namespace)}
    own = {_attempt(name, base): name for name in jobs if _attempt(name, base)}
    last = own.get(max(own, default=0), "")
    if last and condition_of(jobs[last]) != "Failed":
        say(f"TrainJob {last} is there already: adopted")
        return last
    name = f"{base}-{max(own) + 1}" if own else base
    made = cluster.create(
        "trainjobs", launch.namespace, {**thing, "metadata": {**thing["metadata"], "name": name}}
    )
    say(f"TrainJob {name} {'started' if made else 'is there already: adopted'}")
    for old in own.values():
        say(f"TrainJob {old} failed before and is removed; {name} resumes from its last checkpoint")
        cluster.delete("trainjobs", launch.namespace, old)
    return name


def _attempt(name: str, base: str) -> int:
    """The number of a job of this step: 1 for `base`, 2 for `base-2`; 0 for another's."""
    if name == base:
        return 1
    stem, _, number = name.rpartition("-")
    return int(number) if stem == base and number.isdigit() else 0


class _Node:
    """The pods of a TrainJob, and the log of its first node so far."""

    def __init__(self, cluster: Cluster, launch: Launch, name: str) -> None:
        self._cluster, self._namespace, self._name = cluster, launch.namespace, name
        self._selector = f"{JOBSET}/jobset-name={name}"
        self._pod = ""
        self._told_until = ""

    def pods(self) -> list[Object]:
        return self._cluster.items("pods", self._namespace, labels=self._selector)

    def waits(self) -> list[Wait]:
        """What keeps its pods from running."""
        return find_waits(self._cluster, self._namespace, self._selector, owner=self._name)

    def first(self) -> Object | None:
        """Node 0, which logs for all."""
        for pod in self.pods():
            labels = pod["metadata"].get("labels", {})
            if (
                labels.get(f"{JOBSET}/replicatedjob-name") == "node"
                and labels.get("batch.kubernetes.io/job-completion-index") == "0"
            ):
                return pod
        return None

    def new_lines(self) -> Iterator[str]:
        """Lines of node 0's log that were not printed yet, each with its timestamp."""
        pod = self.first()
        if pod is None or pod["status"].get("phase") not in ("Running", "Succeeded", "Failed"):
            return
        if pod["metadata"]["name"] != self._pod:
            self._pod, self._told_until = pod["metadata"]["name"], ""
        log = self._cluster.stamped_log(self._namespace, self._pod, self._told_until)
        for line in log.splitlines():
            stamp, _, text = line.partition(" ")
            if stamp > self._told_until:
                self._told_until = stamp
                yield text

    def last_lines(self) -> str:
        """The end of the log of a pod that failed, else of node 0."""
        failed = [p for p in self.pods() if p["status"].get("phase") == "Failed"]
        pod = failed[0] if failed else self.first()
        if pod is None:
            return "(no pod is left)"
        log = self._cluster.log(self._namespace, pod["metadata"]["name"])
        return "\n".join(
            [f"--- {pod['metadata']['name']}", *log.strip().splitlines()[-TAIL_LINES:]]
        )


class _Watch:
    """Compares how long a job has waited and run with what is allowed."""

    def __init__(self, launch: Launch, say: Callable[[str], None]) -> None:
        self._launch = launch
        self._say = say
        self._said = ""
        self._stuck_since_s: float | None = None

    def fault(self, found: Object, node: _Node) -> PlatformError | None:
        """The error that ends the waiting, or None. Times are the cluster's, so a restart resets nothing."""
        name, where = found["metadata"]["name"], self._launch.namespace
        first = node.first()
        started = (first or {}).get("status", {}).get("startTime", "")
        if first is not None and first["status"].get("phase") == "Running":
            self._stuck_since_s = None
            if _age_s(started) > self._launch.run_timeout_s:
                return PlatformError(
                    f"TrainJob {name} ran longer than {self._launch.run_timeout_s:.0f} s",
                    where=where,
                    remedy="raise run_timeout_s ([trainjobs] in the infra file); "
                    "it resumes from its last checkpoint",
                )
            return None
        wait = self._why_not(found, node)
        why, remedy = wait.why, wait.remedy
        if why != self._said:
            self._said = why
            self._say(f"waits: {why}" if why else "its nodes are on their way")
        if _age_s(found["metadata"]["creationTimestamp"]) > self._launch.queue_timeout_s:
            return PlatformError(
                f"TrainJob {name} has waited longer than {self._launch.queue_timeout_s:.0f} s "
                f"for its nodes: {why or 'no reason given'}",
                where=where,
                remedy=remedy or "raise queue_timeout_s, or ask for fewer nodes",
            )
        # Waiting for room is normal; waiting for an image that does not exist never ends.
        for_room = wait.for_room or why.startswith("suspended")
        if why and not for_room:
            self._stuck_since_s = self._stuck_since_s or time.monotonic()
            if time.monotonic() - self._stuck_since_s > STUCK_S:
                return PlatformError(
                    f"TrainJob {name} cannot start: {why}", where=where, remedy=remedy
                )
        else:
            self._stuck_since_s = None
        return None

    def _why_not(self, found: Object, node: _Node) -> Wait:
        if condition_of(found) == "Suspended":
            why = "suspended: not admitted to its queue"
            return Wait(
                self._launch.queue, why, f"kubectl -n {self._launch.namespace} get workloads"
            )
        return next(iter(node.waits()), NOTHING)


def _failure(node: _Node, name: str, found: Object) -> PlatformError:
    conditions = found.get("status", {}).get("conditions", ())
    why = next((c.get("message", "") for c in conditions if c["type"] == "Failed"), "")
    return PlatformError(
        f"TrainJob {name} failed: {why}\n{node.last_lines()}",
        remedy="fix that and run again: it resumes from its last checkpoint",
    )


def _age_s(stamp: str) -> float:
    """Seconds since a Kubernetes time (UTC)."""
    then = datetime.fromisoformat(stamp.replace("Z", "+00:00"))
    return time.time() - then.timestamp()
