"""Do a run's pods fit: the arithmetic of quotas and nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal

from pydantic import Field

from acecoder.cluster.api import Object
from acecoder.config import Config


class Toleration(Config):
    """As Kubernetes has it; an empty effect stands for all."""

    key: str
    """Key of the taint."""
    operator: Literal["Exists", "Equal"] = "Exists"
    """Whether the taint must have `value` too."""
    value: str = ""
    """Value of the taint, for `Equal`."""
    effect: Literal["", "NoSchedule", "PreferNoSchedule", "NoExecute"] = "NoSchedule"
    """Effect of the taint; empty for all."""


class Demand(Config):
    """What one step's pod asks for."""

    step: str
    """Its name."""
    requests: dict[str, str]
    """Resource -> quantity: cpu, memory, a GPU's name."""
    limits: dict[str, str] = Field(default_factory=dict)
    """Resource -> quantity that it may use at most."""
    node_selector: dict[str, str] = Field(default_factory=dict)
    """Labels that its node must have."""
    tolerations: tuple[Toleration, ...] = ()
    """Taints of nodes that it may run on."""


def quota_shortages(quotas: Sequence[Object], demands: Sequence[Demand]) -> list[str]:
    """One text for each step and resource that a quota has too little left for.

    Steps are compared with what is free one by one, since KFP's steps run one after another or wait.
    """
    found = []
    for quota in quotas:
        status = quota.get("status", {})
        hard, used = status.get("hard", {}), status.get("used", {})
        for demand in demands:
            for name, asked in _counted(demand).items():
                if name not in hard:
                    continue
                left = quantity(hard[name]) - quantity(used.get(name, "0"))
                if quantity(asked) > left:
                    found.append(
                        f"quota '{quota['metadata']['name']}' has {_text(left)} of {hard[name]} "
                        f"{name} left, {demand.step} asks for {asked}"
                    )
    return found


def _counted(demand: Demand) -> dict[str, str]:
    """A demand in the names that quotas have."""
    counted = {"pods": "1", "count/pods": "1"}
    for name, value in demand.requests.items():
        counted |= (
            {name: value, f"requests.{name}": value}
            if "/" not in name
            else {f"requests.{name}": value}
        )
    return counted | {f"limits.{name}": value for name, value in demand.limits.items()}


def homeless(nodes: Sequence[Object], demands: Sequence[Demand]) -> list[str]:
    """One text for each step whose requests exceed every node, even an empty one."""
    found = []
    for demand in demands:
        reasons = [_why_not(node, demand) for node in nodes]
        if all(reasons):
            # The nodes' reasons, each once; a large cluster's nodes are alike.
            why = "; ".join(sorted(set(reasons)))
            asked = ", ".join(f"{value} {name}" for name, value in demand.requests.items())
            found.append(f"no node can hold {demand.step} ({asked}): {why or 'there is none'}")
    return found


def _why_not(node: Object, demand: Demand) -> str:
    labels = node["metadata"].get("labels", {})
    for name, value in demand.node_selector.items():
        if labels.get(name) != value:
            return f"no label {name}={value}"
    if node.get("spec", {}).get("unschedulable"):
        return "cordoned"
    for taint in node.get("spec", {}).get("taints", ()):
        if taint.get("effect") != "PreferNoSchedule" and not _tolerated(taint, demand):
            return f"taint {taint['key']}"
    allocatable = node.get("status", {}).get("allocatable", {})
    for name, asked in demand.requests.items():
        if quantity(asked) > quantity(allocatable.get(name, "0")):
            return f"{name}: {allocatable.get(name, 'none')}"
    return ""


def _tolerated(taint: Mapping[str, str], demand: Demand) -> bool:
    return any(
        each.key == taint["key"]
        and each.effect in ("", taint.get("effect"))
        and (each.operator == "Exists" or each.value == taint.get("value", ""))
        for each in demand.tolerations
    )


def quantity(text: str) -> Decimal:
    """A Kubernetes quantity (`500m`, `2Gi`) as a number."""
    from kubernetes.utils import parse_quantity

    found: Decimal = parse_quantity(text)
    return found


def _text(number: Decimal) -> str:
    return f"{max(number, Decimal(0)):.12g}"
