"""What check_platform says of a cluster that lacks something, over a real HTTP API."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from acecoder.cluster import preflight
from acecoder.cluster.api import Cluster
from acecoder.cluster.capacity import Demand
from acecoder.cluster.preflight import ClusterNeeds
from acecoder.engine.home import Home
from acecoder.engine.runner import run_stage
from acecoder.errors import InputError, PlatformError, SandboxUnavailable
from acecoder.stages.check_platform import check_platform
from tests.unit.conftest import Api, kubeconfig

ADMISSION = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolic"
QUOTAS = "/api/v1/namespaces/acecoder/resourcequotas"
SANDBOX = "/api/v1/namespaces/acecoder-sandbox"
WHOLE: dict[str, Any] = {
    "/apis/node.k8s.io/v1/runtimeclasses/gvisor": {"handler": "runsc"},
    f"{ADMISSION}ies/acecoder-sandbox": {},
    f"{ADMISSION}ybindings/acecoder-sandbox-namespaces": {},
    f"{ADMISSION}ybindings/acecoder-sandbox-pods": {},
    QUOTAS: {"items": []},
    "/api/v1/nodes": {"items": [{"metadata": {"name": "n"}, "status": {"allocatable": {
        "cpu": "4", "memory": "8Gi"}}}]},
}  # fmt: skip
NEEDS = ClusterNeeds(demands=(Demand(step="train_policy", requests={"cpu": "2"}),))


@pytest.fixture
def api(bare_api: Api) -> Api:
    """A cluster that lacks nothing."""
    bare_api.table = copy.deepcopy(WHOLE)
    return bare_api


CHECKS = (
    preflight.check_runtime_class,
    preflight.check_admission,
    preflight.check_quotas,
    preflight.check_nodes,
)


def test_a_whole_cluster_passes(api: Api) -> None:
    cluster = Cluster.connect()
    said = [check(cluster, NEEDS) for check in CHECKS]
    assert said[0] == "RuntimeClass gvisor, handler runsc"
    assert said[3] == "1 nodes"


@pytest.mark.parametrize(
    ("path", "answer", "what", "remedy"),
    [
        ("/apis/node.k8s.io/v1/runtimeclasses/gvisor", 404, "no RuntimeClass 'gvisor'", "runsc"),
        (f"{ADMISSION}ies/acecoder-sandbox", 404, "policies/acecoder-sandbox", "kubectl apply"),
        (
            f"{ADMISSION}ybindings/acecoder-sandbox-pods",
            404,
            "bindings/acecoder-sandbox-pods",
            "kubectl apply",
        ),
        (
            QUOTAS,
            {
                "items": [
                    {
                        "metadata": {"name": "team"},
                        "status": {"hard": {"cpu": "10"}, "used": {"cpu": "9"}},
                    }
                ]
            },
            "quota 'team' has 1 of 10 cpu left, train_policy asks for 2",
            "wait for other runs",
        ),
        (
            "/api/v1/nodes",
            {"items": [{"metadata": {"name": "n"}, "status": {"allocatable": {"cpu": "1"}}}]},
            "no node can hold train_policy (2 cpu): cpu: 1",
            "autoscaled",
        ),
    ],
)
def test_what_is_missing_is_named_with_its_remedy(
    api: Api, path: str, answer: Any, what: str, remedy: str
) -> None:
    api.table[path] = answer
    cluster, said = Cluster.connect(), []
    for check in CHECKS:
        try:
            check(cluster, NEEDS)
        except PlatformError as error:
            said.append(error)
    (error,) = said
    assert what in error.what
    assert remedy in error.remedy


def test_a_node_that_will_be_made_is_no_fault(api: Api) -> None:
    api.table["/api/v1/nodes"] = {"items": []}
    said = preflight.check_nodes(
        Cluster.connect(), NEEDS.model_copy(update={"nodes": "autoscaled"})
    )
    assert "to be made" in said


def test_an_account_without_the_roles_is_told_so(api: Api) -> None:
    api.table[QUOTAS] = 403
    with pytest.raises(InputError, match="refuses GET") as caught:
        preflight.check_quotas(Cluster.connect(), NEEDS)
    assert "manifests/base/stages" in caught.value.remedy
    assert api.calls.count(QUOTAS) == 1, "a refusal is not asked for again"


def test_a_server_that_stumbles_is_asked_again(api: Api) -> None:
    api.table[QUOTAS] = 503
    with pytest.raises(PlatformError, match="says 503"):
        preflight.check_quotas(Cluster.connect(), NEEDS)
    assert api.calls.count(QUOTAS) == 3


@pytest.mark.parametrize("text", [None, "", "{", "apiVersion: v1\nkind: Config\n"])
def test_a_wrong_kubeconfig_is_one_clear_error(
    text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kubeconfig"
    kubeconfig(path, 1, monkeypatch)
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(InputError, match="no cluster to speak to") as caught:
        Cluster.connect()
    assert caught.value.where == str(path)
    assert "KUBECONFIG" in caught.value.remedy


def test_a_cluster_that_is_not_there_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kubeconfig(tmp_path / "kubeconfig", 1, monkeypatch)
    with pytest.raises(PlatformError, match="does not answer"):
        preflight.check_quotas(Cluster.connect(), NEEDS)


def test_a_pool_that_does_not_answer_is_explained_by_its_pods(api: Api) -> None:
    fault = SandboxUnavailable("no replica answers", where="sandbox pool")
    pod = {"metadata": {"name": "sandbox-pool-1"}, "status": {"phase": "Pending"}}
    api.table[f"{SANDBOX}/pods"] = {"items": [pod]}
    api.table[f"{SANDBOX}/events"] = {
        "items": [
            {
                "involvedObject": {"name": "sandbox-pool-1"},
                "reason": "FailedCreatePodSandBox",
                "message": 'no runtime for "runsc" is configured',
            }
        ]
    }
    told = preflight.explained(Cluster.connect(), NEEDS, fault)
    assert "sandbox-pool-1: FailedCreatePodSandBox: no runtime" in told.what
    assert "install runsc" in told.remedy
    api.table[f"{SANDBOX}/pods"] = {"items": []}
    api.table[f"{SANDBOX}/events"] = {
        "items": [
            {
                "involvedObject": {"name": "sandbox-pool-77"},
                "reason": "FailedCreate",
                "message": "exceeded quota: sandbox-pool",
            }
        ]
    }
    told = preflight.explained(Cluster.connect(), NEEDS, fault)
    assert "its pods are refused: exceeded quota" in told.what


def test_all_that_is_missing_is_said_at_once_and_a_cluster_is_looked_at_every_time(
    api: Api, tmp_path: Path
) -> None:
    home = Home(tmp_path / "home")
    table: dict[str, Any] = {"cluster": NEEDS.model_dump(mode="json"), "min_free_disk_bytes": 1}
    first = run_stage(check_platform, step="check_platform", table=table, inputs={}, home=home)
    again = run_stage(check_platform, step="check_platform", table=table, inputs={}, home=home)
    assert not first.reused
    assert not again.reused
    api.table["/api/v1/nodes"] = {"items": []}
    del api.table["/apis/node.k8s.io/v1/runtimeclasses/gvisor"]
    table["min_free_disk_bytes"] = 10**18
    with pytest.raises(PlatformError) as caught:
        run_stage(check_platform, step="check_platform", table=table, inputs={}, home=home)
    assert caught.value.what.startswith("3 things are missing")
    for text in ("GB free", "no RuntimeClass", "no node can hold"):
        assert text in caught.value.what
