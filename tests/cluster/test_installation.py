"""The overlay on a cluster: applies twice, refuses what it must, keeps what it was given."""

from __future__ import annotations

import base64
import json
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from acecoder.pipelines.infra import Infra
from tests.cluster.conftest import SANDBOX, pool_pods
from tests.cluster.kube import get, kubectl, until

pytestmark = pytest.mark.cluster
CLOSED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def pod(name: str, image: str, **spec: Any) -> dict[str, Any]:
    container = {
        "name": "c",
        "image": image,
        "command": ["sleep", "60"],
        "securityContext": CLOSED,
        "imagePullPolicy": "IfNotPresent",
        **spec.pop("container", {}),
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": spec.pop("labels", {})},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "containers": [container],
            **spec,
        },
    }


def refused(namespace: str, thing: dict[str, Any]) -> str:
    done = subprocess.run(
        ["kubectl", "-n", namespace, "create", "--dry-run=server", "-f", "-"],
        input=json.dumps(thing),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0, "it was taken"
    return done.stderr


@pytest.fixture(scope="module")
def image(installation: str) -> str:
    found: str = pool_pods()[0]["spec"]["containers"][0]["image"]
    return found


def test_applied_again_there_is_no_difference(installation: str) -> None:
    done = subprocess.run(
        ["kubectl", "diff", "--server-side", "-k", installation],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("why", "change"),
    [
        ("runtimeClassName: gvisor", {"runtimeClassName": None}),
        ("automountServiceAccountToken: false", {"automountServiceAccountToken": True}),
        (
            "mounts the Secret",
            {"volumes": [{"name": "s", "secret": {"secretName": "acecoder-store"}}]},
        ),
        (
            "no environment",
            {"container": {"envFrom": [{"secretRef": {"name": "sandbox-pool-token"}}]}},
        ),
        ("shares no namespace", {"shareProcessNamespace": True}),
    ],
)
def test_the_admission_policy_refuses(why: str, change: dict[str, Any], image: str) -> None:
    spec = {
        key: value
        for key, value in {"runtimeClassName": "gvisor", **change}.items()
        if value is not None
    }
    assert why in refused(SANDBOX, pod("probe", image, **json.loads(json.dumps(spec))))
    labelled = pod(
        "probe", image, labels={"acecoder.dev/sandbox": "true"}, **json.loads(json.dumps(spec))
    )
    assert why in refused("acecoder", labelled)


def test_pods_that_are_no_sandbox_never_meet_the_policy(image: str) -> None:
    kubectl(
        "-n",
        "acecoder",
        "create",
        "--dry-run=server",
        "-f",
        "-",
        given=json.dumps(pod("probe", image)),
    )


@pytest.mark.parametrize("namespace", ["acecoder", SANDBOX])
def test_pod_security_refuses(namespace: str, image: str) -> None:
    root = pod("probe", image, runtimeClassName="gvisor")
    root["spec"]["containers"][0]["securityContext"] = {}
    assert 'violates PodSecurity "restricted' in refused(namespace, root)


def test_the_checks_show_gvisors_kernel_and_a_memory_limit_that_kills(
    installation: str, image: str
) -> None:
    checks = kubectl("kustomize", "manifests/checks")
    checks = checks.replace("ghcr.io/acecoder-on-kubernetes/sandbox:0.1.0", image)
    kubectl("delete", "-f", "-", "--ignore-not-found", given=checks)
    kubectl("apply", "-f", "-", given=checks)
    kubectl("-n", SANDBOX, "wait", "--for=condition=complete", "job/check-kernel", "--timeout=90s")
    kubectl("-n", SANDBOX, "wait", "--for=condition=failed", "job/check-memory", "--timeout=90s")
    assert "kernel: gVisor" in kubectl("-n", SANDBOX, "logs", "job/check-kernel")
    (killed,) = get("pods", SANDBOX, "-l", "job-name=check-memory")["items"]
    ended = killed["status"]["containerStatuses"][0]["state"]["terminated"]
    assert ended["reason"] == "OOMKilled" or ended["exitCode"] == 137, ended
    kubectl("delete", "-f", "-", "--wait=false", given=checks)


ACCOUNTS = {  # service account -> (what it needs, what it must not)
    ("acecoder", "acecoder-stage"): (
        [("create", "workflowtaskresults.argoproj.io"), ("create", "trainjobs.trainer.kubeflow.org"),
         ("get", "pods"), ("get", "resourcequotas")],
        [("get", "secrets"), ("create", "pods"), ("create", "pods/exec"), ("delete", "pods")]),
    ("acecoder", "acecoder-submit"): (
        [("create", "jobs.batch"), ("get", "pods/log"), ("create", "runs.pipelines.kubeflow.org")],
        [("get", "secrets"), ("create", "pods"), ("update", "deployments.apps")]),
    ("acecoder", "acecoder-bulk"): ([], [("get", "secrets"), ("get", "pods"), ("create", "jobs.batch")]),
    ("acecoder", "mlflow"): ([], [("get", "secrets"), ("get", "pods"), ("get", "configmaps")]),
    ("acecoder", "postgres"): ([], [("get", "secrets"), ("get", "pods"), ("get", "configmaps")]),
    (SANDBOX, "sandbox-pool"): ([], [("get", "secrets"), ("get", "pods"), ("get", "namespaces")]),
}  # fmt: skip


@pytest.mark.parametrize("account", ACCOUNTS, ids=lambda pair: pair[1])
def test_an_account_can_what_it_needs_and_no_more(
    account: tuple[str, str], installation: str
) -> None:
    namespace, name = account

    def can(verb: str, resource: str, where: str) -> bool:
        """By review, because `kubectl auth can-i` knows no resource that is not installed."""
        named, _, part = resource.partition("/")
        named, _, group = named.partition(".")
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": f"system:serviceaccount:{namespace}:{name}",
                "groups": ["system:serviceaccounts", f"system:serviceaccounts:{namespace}"],
                "resourceAttributes": {
                    "verb": verb,
                    "group": group,
                    "resource": named,
                    "subresource": part,
                    "namespace": where,
                },
            },
        }
        said = kubectl("create", "-o", "json", "-f", "-", given=json.dumps(review))
        return bool(json.loads(said)["status"]["allowed"])

    needs, never = ACCOUNTS[account]
    for verb, resource in needs:
        assert can(verb, resource, namespace), (verb, resource)
    for verb, resource in never:
        for where in (namespace, "kube-system"):
            assert not can(verb, resource, where), (verb, resource, where)
    assert not can("create", "pods", SANDBOX)


@pytest.fixture
def mlflow(cluster_dns: None, infra: Infra, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    data = get("secret", "acecoder", infra.tracking.secret)["data"]
    for name, value in data.items():
        monkeypatch.setenv(name, base64.b64decode(value).decode())
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    return MlflowClient(infra.tracking.uri)


def test_mlflow_keeps_everything_through_the_loss_of_its_pods(
    mlflow: MlflowClient, tmp_path: Path
) -> None:
    experiment = mlflow.get_experiment_by_name("cluster-test")
    identity = experiment.experiment_id if experiment else mlflow.create_experiment("cluster-test")
    run = mlflow.create_run(identity).info.run_id
    mlflow.log_metric(run, "loss", 0.25, step=3)
    (tmp_path / "weights.bin").write_bytes(b"w" * 3_000_000)
    mlflow.log_artifact(run, str(tmp_path / "weights.bin"))
    for workload, kind in (
        ("mlflow", "deployment"),
        ("postgres", "statefulset"),
        ("object-store", "statefulset"),
    ):
        if not kubectl("-n", "acecoder", "get", kind, workload, "--ignore-not-found"):
            continue
        kubectl(
            "-n",
            "acecoder",
            "delete",
            "pod",
            "-l",
            f"app.kubernetes.io/name={workload}",
            "--grace-period=0",
            "--force",
        )
        kubectl("-n", "acecoder", "rollout", "status", f"{kind}/{workload}", "--timeout=180s")

    def answers() -> bool:
        try:
            return mlflow.get_run(run).data.metrics == {"loss": 0.25}
        except Exception:
            return False

    until("MLflow answers again", answers)
    path = mlflow.download_artifacts(run, "weights.bin", str(tmp_path / ""))
    assert Path(path).read_bytes() == b"w" * 3_000_000


def test_mlflow_asks_for_a_password_and_for_a_host_it_knows(installation: str) -> None:
    address = get("service", "acecoder", "mlflow")["spec"]["clusterIP"]
    url = f"http://{address}:5000/api/2.0/mlflow/experiments/search?max_results=1"
    for host, status in (("mlflow.acecoder.svc:5000", 401), ("evil.example.com", 403)):
        request = urllib.request.Request(url, headers={"Host": host})
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request, timeout=20)
        assert caught.value.code == status, host


def test_the_backup_puts_a_dump_into_the_store(installation: str) -> None:
    kubectl("-n", "acecoder", "delete", "job", "backup-now", "--ignore-not-found")
    kubectl("-n", "acecoder", "create", "job", "backup-now", "--from=cronjob/mlflow-backup")
    kubectl(
        "-n", "acecoder", "wait", "--for=condition=complete", "job/backup-now", "--timeout=120s"
    )
    assert "wrote s3://" in kubectl("-n", "acecoder", "logs", "job/backup-now", "-c", "upload")
    kubectl("-n", "acecoder", "delete", "job", "backup-now", "--wait=false")
