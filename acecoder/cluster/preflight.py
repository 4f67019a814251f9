"""What a run needs of a cluster, checked before anything is spent."""

from __future__ import annotations

from typing import Literal

from acecoder.cluster.api import Cluster
from acecoder.cluster.capacity import Demand, homeless, quota_shortages
from acecoder.cluster.waits import find_waits
from acecoder.config import Config, incidental
from acecoder.errors import PlatformError, SandboxUnavailable


class ClusterNeeds(Config):
    """What the run asks of its cluster, from the infra file."""

    namespace: str = "acecoder"
    """Where the pods of steps run."""
    sandbox_namespace: str = "acecoder-sandbox"
    """Where the pods of the sandbox pool run."""
    sandbox_labels: str = "app.kubernetes.io/name=sandbox-pool"
    """Label selector of the pods of the pool."""
    runtime_class: str = "gvisor"
    """RuntimeClass of the pods of the pool."""
    policies: tuple[str, ...] = ("acecoder-sandbox",)
    """ValidatingAdmissionPolicies."""
    bindings: tuple[str, ...] = ("acecoder-sandbox-namespaces", "acecoder-sandbox-pods")
    """Bindings of these policies."""
    demands: tuple[Demand, ...] = ()
    """What the pods of the pipeline's steps ask for."""
    nodes: Literal["fixed", "autoscaled"] = "fixed"
    """`autoscaled`: a node that fits may be made when a pod waits, so that none is no fault."""
    open_network_allowed: bool = False
    """The pool may run where no network policy is enforced: a machine of your own."""


class KnowsCluster(Config):
    """A config of something that is told what the run asks of its cluster."""

    cluster: ClusterNeeds | None = incidental(None)
    """The cluster the run is for, as its infra file says; None for this machine."""


def check_runtime_class(cluster: Cluster, needs: ClusterNeeds) -> str:
    """Raises PlatformError where it is missing."""
    found = cluster.get("runtimeclasses", needs.runtime_class)
    if found is None:
        raise PlatformError(
            f"no RuntimeClass '{needs.runtime_class}'",
            where=cluster.where,
            remedy="install runsc on the nodes, then kubectl apply -k manifests/components/runtimeclass",
        )
    return f"RuntimeClass {needs.runtime_class}, handler {found.get('handler')}"


def check_admission(cluster: Cluster, needs: ClusterNeeds) -> str:
    """Raises PlatformError where a policy or its binding is missing."""
    wanted = [("validatingadmissionpolicies", name) for name in needs.policies]
    wanted += [("validatingadmissionpolicybindings", name) for name in needs.bindings]
    missing = [f"{kind}/{name}" for kind, name in wanted if cluster.get(kind, name) is None]
    if missing:
        raise PlatformError(
            f"no policy keeps sandbox pods in gVisor: no {', '.join(missing)}",
            where=cluster.where,
            remedy="kubectl apply --server-side -k manifests/overlays/NAME",
        )
    return "sandbox pods outside gVisor are refused"


def check_quotas(cluster: Cluster, needs: ClusterNeeds) -> str:
    """Raises PlatformError where a step's pod would be refused now."""
    quotas = cluster.items("resourcequotas", needs.namespace)
    short = quota_shortages(quotas, needs.demands)
    if short:
        raise PlatformError(
            "; ".join(short),
            where=f"namespace {needs.namespace}",
            remedy="wait for other runs, raise the quota, or ask for less (steps in the infra file)",
        )
    return f"{len(quotas)} quotas leave room for {len(needs.demands)} kinds of steps"


def check_nodes(cluster: Cluster, needs: ClusterNeeds) -> str:
    """Raises PlatformError where a step's pod could never be scheduled."""
    nodes = cluster.items("nodes")
    without = homeless(nodes, needs.demands)
    if without and needs.nodes == "fixed":
        raise PlatformError(
            "; ".join(without),
            where=cluster.where,
            remedy="add such a node, correct steps in the infra file, or "
            '[cluster] nodes = "autoscaled" where one will be made',
        )
    return f"{len(nodes)} nodes" + (f"; to be made: {'; '.join(without)}" if without else "")


def explained(cluster: Cluster, needs: ClusterNeeds, fault: SandboxUnavailable) -> PlatformError:
    """The error of a pool that does not answer, with the reason why its pods do not start."""
    waits = find_waits(cluster, needs.sandbox_namespace, needs.sandbox_labels, owner="sandbox-pool")
    if not waits:
        return fault
    first = waits[0]
    alike = f" (and {len(waits) - 1} more)" if len(waits) > 1 else ""
    return SandboxUnavailable(
        f"{fault.what}; {first.name}{alike}: {first.why}", where=fault.where, remedy=first.remedy
    )
