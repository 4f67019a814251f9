"""What KFP does not tell of a run: why its pods do not start, and the TrainJobs it left.

Needs a kubeconfig whose account may read pods; without one, nothing is reported.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from acecoder.cluster.api import Cluster
from acecoder.cluster.trainjob import RUN_KEY_LABEL
from acecoder.cluster.waits import Wait, find_waits
from acecoder.errors import InputError, PlatformError

RUN_LABEL = "pipeline/runid"
"""On every pod and Workflow of a run."""
STUCK_S = 45.0


def waits(namespace: str, run_id: str) -> list[Wait]:
    """The pods of a run that do not start; none where Kubernetes cannot be asked."""
    try:
        return find_waits(Cluster.connect(), namespace, f"{RUN_LABEL}={run_id}", owner=run_id)
    except (InputError, PlatformError):
        return []


class Watch:
    """Reports each waiting pod once, and raises for one that never starts."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._since_s: dict[str, float] = {}

    def look(self, run_id: str, say: Callable[[str], None]) -> None:
        """Raises PlatformError where a pod has not been able to start for a while."""
        now_s = time.monotonic()
        found = {wait.name: wait for wait in waits(self._namespace, run_id)}
        self._since_s = {pod: s for pod, s in self._since_s.items() if pod in found}
        for wait in found.values():
            if wait.name not in self._since_s:
                say(f"pod {wait.name} waits: {wait.why}")
            since_s = self._since_s.setdefault(wait.name, now_s)
            if not wait.for_room and now_s - since_s > STUCK_S:
                raise PlatformError(
                    f"pod {wait.name} cannot start: {wait.why}",
                    where=f"run {run_id}",
                    remedy=f"{wait.remedy}\n  the run keeps waiting: fix it, or `acecoder cancel`",
                )


def remove_trainjobs(namespace: str, run_key: str) -> list[str]:
    """Remove the TrainJobs of a cancelled run; their names."""
    try:
        cluster = Cluster.connect()
        found = cluster.items("trainjobs", namespace, labels=f"{RUN_KEY_LABEL}={run_key}")
        names = [str(each["metadata"]["name"]) for each in found]
        for name in names:
            cluster.delete("trainjobs", namespace, name)
    except (InputError, PlatformError):
        return []
    return names
