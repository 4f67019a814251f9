"""What KFP does not tell of a run: why its pods do not start, and the TrainJobs it left.

Asked of Kubernetes, where the account that submits may ask it; without a kubeconfig, nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from acecoder.cluster.api import Cluster
from acecoder.cluster.trainjob import RUN_KEY_LABEL
from acecoder.cluster.waits import why_waiting
from acecoder.errors import InputError, PlatformError

RUN_LABEL = "pipeline/runid"
STUCK_S = 45.0


class Wait(NamedTuple):
    """A pod that does not start."""

    pod: str
    why: str
    remedy: str

    @property
    def for_room(self) -> bool:
        """Waiting for a node is what queues are for; an image that is not there never comes."""
        return self.why.startswith(("Unschedulable", "SchedulingGated"))


def waits(namespace: str, run_id: str) -> list[Wait]:
    """The pods of a run that do not start; none where Kubernetes cannot be asked."""
    try:
        cluster = Cluster.connect()
        pods = cluster.items("pods", namespace, labels=f"{RUN_LABEL}={run_id}")
        pending = [pod for pod in pods if pod["status"].get("phase") == "Pending"]
        events = cluster.items("events", namespace) if pending else []
    except (InputError, PlatformError):
        return []
    found = [Wait(pod["metadata"]["name"], *why_waiting(pod, events)) for pod in pending]
    return [wait for wait in found if wait.why]


class Watch:
    """Tells once of each pod that waits, and ends the waiting for one that never starts."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._since_s: dict[str, float] = {}

    def look(self, run_id: str, say: Callable[[str], None]) -> None:
        """Raises PlatformError where a pod has not been able to start for a while."""
        now_s = time.monotonic()
        found = {wait.pod: wait for wait in waits(self._namespace, run_id)}
        self._since_s = {pod: s for pod, s in self._since_s.items() if pod in found}
        for wait in found.values():
            if wait.pod not in self._since_s:
                say(f"pod {wait.pod} waits: {wait.why}")
            since_s = self._since_s.setdefault(wait.pod, now_s)
            if not wait.for_room and now_s - since_s > STUCK_S:
                raise PlatformError(
                    f"pod {wait.pod} cannot start: {wait.why}", where=f"run {run_id}",
                    remedy=f"{wait.remedy}\n  the run waits on: mend it, or `acecoder cancel`",
                )  # fmt: skip


def remove_trainjobs(namespace: str, run_key: str) -> list[str]:
    """Remove what a cancelled run still has on several nodes; the names."""
    try:
        cluster = Cluster.connect()
        found = cluster.items("trainjobs", namespace, labels=f"{RUN_KEY_LABEL}={run_key}")
        names = [str(each["metadata"]["name"]) for each in found]
        for name in names:
            cluster.delete("trainjobs", namespace, name)
    except (InputError, PlatformError):
        return []
    return names
