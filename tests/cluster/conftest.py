"""The installation that the tests accept: an overlay, applied to the cluster of KUBECONFIG.

It stays when the tests are done: on a cluster of yours it is yours.
ACECODER_TEST_OVERLAY (default: local) and ACECODER_TEST_INFRA name another.
"""

from __future__ import annotations

import base64
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acecoder.engine.store import ObjectStore
from acecoder.pipelines.infra import Infra
from acecoder.sandbox.contract import PoolConfig
from tests.cluster.kube import get, kubectl, until

OVERLAY = os.environ.get("ACECODER_TEST_OVERLAY", "manifests/overlays/local")
INFRA = os.environ.get("ACECODER_TEST_INFRA", f"{OVERLAY}/infra.toml")
SANDBOX = "acecoder-sandbox"
POOL = "app.kubernetes.io/name=sandbox-pool"
WORKLOADS = (
    ("acecoder", "statefulset/postgres"),
    ("acecoder", "statefulset/object-store"),
    ("acecoder", "deployment/mlflow"),
    (SANDBOX, "deployment/sandbox-pool"),
)


@pytest.fixture(scope="session")
def infra() -> Infra:
    return Infra.load(Path(INFRA))


@pytest.fixture(scope="session")
def installation() -> str:
    """Apply the overlay and wait for it; its path."""
    if OVERLAY.endswith("local"):  # the node is this machine: see the overlay
        for name in ("postgres", "object-store"):
            Path("/var/lib/acecoder", name).mkdir(parents=True, exist_ok=True)
    kubectl("apply", "--server-side", "-f", "manifests/base/namespaces/namespaces.yaml")
    subprocess.run(["manifests/secrets.sh"], check=True, capture_output=True)
    kubectl("apply", "--server-side", "-k", OVERLAY)
    if OVERLAY.endswith("local"):  # the images may be newer than the pods
        kubectl("-n", SANDBOX, "rollout", "restart", "deployment/sandbox-pool")
    for namespace, workload in WORKLOADS:
        if kubectl("-n", namespace, "get", workload, "--ignore-not-found"):
            kubectl("-n", namespace, "rollout", "status", workload, "--timeout=300s")
    until(
        "old pods of the pool are gone",
        lambda: len(pool_pods()) >= 2 and all(map(is_ready, pool_pods())),
    )
    return OVERLAY


def pool_pods() -> list[dict[str, Any]]:
    found = get("pods", SANDBOX, "-l", POOL)["items"]
    return [p for p in found if "deletionTimestamp" not in p["metadata"]]


def is_ready(pod: dict[str, Any]) -> bool:
    conditions = pod["status"].get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


@pytest.fixture(scope="session")
def cluster_dns(installation: str) -> Iterator[None]:
    """The cluster's names, for tests outside it: services' addresses, and the pool's pods."""
    real = socket.getaddrinfo

    def addresses(host: str) -> list[str]:
        name, _, namespace = host.removesuffix(".svc").partition(".")
        if name == "sandbox-pool":
            return [p["status"]["podIP"] for p in pool_pods() if is_ready(p)]
        return [get("service", namespace, name)["spec"]["clusterIP"]]

    def resolve(host: Any, port: Any, *rest: Any, **named: Any) -> Any:
        if not str(host).endswith(".svc"):
            return real(host, port, *rest, **named)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in addresses(host)]

    socket.getaddrinfo = resolve
    try:
        yield
    finally:
        socket.getaddrinfo = real


@pytest.fixture(scope="session")
def pool(cluster_dns: None, infra: Infra, tmp_path_factory: pytest.TempPathFactory) -> PoolConfig:
    """The pool as a client outside the cluster sees it."""
    token = tmp_path_factory.mktemp("token") / "token"
    secret = get("secret", SANDBOX, "sandbox-pool-token")["data"]["token"]
    token.write_bytes(base64.b64decode(secret))
    return PoolConfig(url=infra.pool.url, token_file=str(token), wait_s=60.0)


@pytest.fixture
def store(cluster_dns: None, infra: Infra, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    """The object store, and the environment in which a process here shares it with pods."""
    data = get("secret", "acecoder", infra.store.secret)["data"]
    for name, value in data.items():
        monkeypatch.setenv(name, base64.b64decode(value).decode())
    monkeypatch.setenv("ACECODER_STORE", infra.store.uri)
    monkeypatch.setenv("AWS_REGION", infra.store.region)
    if infra.store.endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", infra.store.endpoint)
    return ObjectStore(infra.store.uri)
