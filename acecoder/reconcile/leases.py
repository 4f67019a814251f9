"""A Lease around looking and making: of many ticks at once one at a time."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from acecoder.cluster.api import Cluster, Object

HELD_S = 180
"""A holder that has not let go by then is dead; it takes seconds to look and make."""


@contextmanager
def lease(cluster: Cluster, namespace: str, name: str) -> Iterator[bool]:
    """Whether the Lease is ours for the duration. One whose holder died is taken over.

    The clocks of two nodes may differ, so this keeps two makers apart in all ordinary cases and is not
    the only guard: `start` lets the older of two runs stay. Raises as `Cluster.get`.
    """
    holder = secrets.token_hex(8)
    ours = cluster.create("leases", namespace, _lease(name, holder))
    if ours is None:
        ours = _taken_over(cluster, namespace, name, holder)
    try:
        yield ours is not None
    finally:
        if ours is not None:
            now = cluster.get("leases", name, namespace)
            if now is not None and now["spec"].get("holderIdentity") == holder:
                cluster.delete("leases", namespace, name)


def _taken_over(cluster: Cluster, namespace: str, name: str, holder: str) -> Object | None:
    found = cluster.get("leases", name, namespace)
    if found is None:
        return cluster.create("leases", namespace, _lease(name, holder))
    since = datetime.fromisoformat(found["spec"]["acquireTime"].replace("Z", "+00:00"))
    if abs((datetime.now(UTC) - since).total_seconds()) < HELD_S:
        return None
    again = _lease(name, holder)
    again["metadata"]["resourceVersion"] = found["metadata"]["resourceVersion"]
    return cluster.replace("leases", namespace, name, again)


def _lease(name: str, holder: str) -> Object:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name},
        "spec": {
            "holderIdentity": holder,
            "leaseDurationSeconds": HELD_S,
            "acquireTime": now,
            "renewTime": now,
        },
    }
