"""The pool as real pods: `make test-cluster` with KUBECONFIG and a `gvisor` RuntimeClass.

`ACECODER_SANDBOX_IMAGE` names the image on the node (default localhost/sandbox:test).
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acecoder.errors import SandboxUnavailable
from acecoder.sandbox.contract import Job, Limits, PoolConfig, SandboxConfig
from acecoder.sandbox.pool import PoolSandbox
from acecoder.schema import Outcome, Test
from tests.sandbox import test_conformance as suite
from tests.sandbox.programs import ATTACKS, HOSTILE_TESTS, ODDITIES, RIGHT

pytestmark = pytest.mark.cluster
NAMESPACE = "acecoder-sandbox-test"
SELECTOR = "app.kubernetes.io/name=sandbox-pool"
IMAGE = os.environ.get("ACECODER_SANDBOX_IMAGE", "localhost/sandbox:test")
LIMITS = Limits(test_cpu_s=0.3, test_wall_s=1.5, setup_cpu_s=2.0, max_timeouts=1)
TESTS: tuple[Test, ...] = tuple(f"assert f([{i}, 2, 3]) == [3, 2, {i}]" for i in range(4, 10))


def kubectl(*arguments: str, given: str | None = None, check: bool = True) -> str:
    done = subprocess.run(
        ["kubectl", *arguments], input=given, capture_output=True, text=True, check=False
    )
    assert not check or done.returncode == 0, done.stderr
    return done.stdout + ("" if check else done.stderr)


def delete_namespace() -> None:
    kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=180s")


def pods() -> list[dict[str, Any]]:
    text = kubectl("-n", NAMESPACE, "get", "pods", "-l", SELECTOR, "-o", "json")
    return [p for p in json.loads(text)["items"] if "deletionTimestamp" not in p["metadata"]]


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PoolConfig]:
    token = tmp_path_factory.mktemp("token") / "token"
    token.write_text(secrets.token_urlsafe(24))
    space = {
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": NAMESPACE,
                     "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
    }  # fmt: skip
    delete_namespace()  # one that an earlier run left, or that is still on its way out
    kubectl("apply", "-f", "-", given=json.dumps(space))
    kubectl("-n", NAMESPACE, "delete", "secret", "sandbox-pool-token", "--ignore-not-found")
    kubectl("-n", NAMESPACE, "create", "secret", "generic", "sandbox-pool-token",
            f"--from-file=token={token}")  # fmt: skip
    rendered = kubectl("kustomize", "manifests/base/sandbox-pool")
    rendered = rendered.replace("ghcr.io/acecoder-on-kubernetes/sandbox:0.1.0", IMAGE)
    kubectl("-n", NAMESPACE, "apply", "-f", "-", given=rendered)
    kubectl("-n", NAMESPACE, "rollout", "restart", "deployment/sandbox-pool")
    kubectl("-n", NAMESPACE, "rollout", "status", "deployment/sandbox-pool", "--timeout=120s")
    real = socket.getaddrinfo

    def resolve(host: str, port: object, *rest: object, **named: object) -> object:
        """What the cluster's DNS says of the headless Service, for a test outside the cluster."""
        if host != "sandbox-pool":
            return real(host, port, *rest, **named)  # type: ignore[arg-type]
        ready = [p["status"]["podIP"] for p in pods() if _ready(p)]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in ready]

    socket.getaddrinfo = resolve  # type: ignore[assignment]
    try:
        yield PoolConfig(url="http://sandbox-pool:8080", token_file=str(token), wait_s=60.0)
    finally:
        socket.getaddrinfo = real
        delete_namespace()


def _ready(pod: dict[str, Any]) -> bool:
    conditions = pod["status"].get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def sandbox(pool: PoolConfig, **more: Any) -> PoolSandbox:
    return PoolSandbox(SandboxConfig(backend="pool", limits=LIMITS, pool=pool, **more))


def test_the_pods_kernel_is_gvisors_and_the_pods_are_restricted(pool: PoolConfig) -> None:
    for pod in pods():
        assert pod["spec"]["runtimeClassName"] == "gvisor"
        assert pod["spec"]["automountServiceAccountToken"] is False
        name = pod["metadata"]["name"]
        log = kubectl("-n", NAMESPACE, "logs", name)
        assert "kernel: gVisor" in log
        code = "from worker.kernel import *; print(repr(why_not_gvisor()))"
        command = f"import sys; sys.path.insert(0, '/opt/sandbox'); {code}"
        said = kubectl("-n", NAMESPACE, "exec", name, "--", "python3", "-I", "-S", "-c", command)
        assert said.strip() == "''"


def test_the_image_refuses_a_kernel_that_is_not_gvisors(pool: PoolConfig) -> None:
    security = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]},
                "runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}  # fmt: skip
    pod = {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "not-gvisor"},
        "spec": {"restartPolicy": "Never", "automountServiceAccountToken": False, "containers": [{
            "name": "c", "image": IMAGE, "imagePullPolicy": "IfNotPresent", "args": ["--no-token"],
            "securityContext": security}]},
    }  # fmt: skip
    kubectl("-n", NAMESPACE, "delete", "pod", "not-gvisor", "--ignore-not-found")
    kubectl("-n", NAMESPACE, "apply", "-f", "-", given=json.dumps(pod))
    kubectl("-n", NAMESPACE, "wait", "pod/not-gvisor", "--for=jsonpath={.status.phase}=Failed",
            "--timeout=60s")  # fmt: skip
    assert "this kernel is not gVisor's" in kubectl("-n", NAMESPACE, "logs", "not-gvisor")


def test_the_conformance_suite_holds_in_the_pods(pool: PoolConfig) -> None:
    programs = {**ATTACKS, **ODDITIES, **{f"canary {i}": RIGHT for i in range(100)}}
    before = {p["metadata"]["uid"] for p in pods()}
    with sandbox(pool) as one:
        judged = {r.key: r for r in one.judge([Job("p", TESTS, tuple(programs.items()))])}
        hostile = [Job(test, (test, TESTS[0]), (("k", RIGHT),)) for test in HOSTILE_TESTS]
        tests = {r.problem_id: r for r in one.judge(hostile)}
        suite.test_scripts_are_judged_by_their_output(one)
        suite.test_a_unittest_file_is_run_beside_the_program_and_marked_weak(one)
        suite.test_values_count_as_the_design_says(one)
    assert [n for n in ATTACKS if Outcome.PASSED in judged[n].outcomes] == []
    honest = [n for n in programs if n not in ATTACKS]
    assert [n for n in honest if set(judged[n].outcomes) != {Outcome.PASSED}] == []
    assert [t for t in HOSTILE_TESTS if tests[t].outcomes[0] is Outcome.PASSED] == []
    # Programs that ate memory were killed alone: no pod was replaced, none restarted.
    assert {p["metadata"]["uid"] for p in pods()} == before
    assert [p["status"]["containerStatuses"][0]["restartCount"] for p in pods()] == [0] * len(
        before
    )


def test_deleting_pods_in_the_middle_changes_no_verdict(pool: PoolConfig) -> None:
    slow = "import time\ndef f(x):\n    time.sleep(0.02)\n    return x[::-1]\n"
    jobs = [Job(f"p{i}", TESTS, (("a", slow), ("b", "def f(x): return 0"))) for i in range(150)]
    results = []
    more = pool.model_copy(update={"chunk_programs": 8})
    with sandbox(more) as one:
        for number, result in enumerate(one.judge(jobs)):
            results.append(result)
            if number in (20, 150):
                name = pods()[0]["metadata"]["name"]
                force = ("--grace-period=0", "--force") if number == 20 else ()
                kubectl("-n", NAMESPACE, "delete", "pod", name, "--wait=false", *force)
    assert sorted((r.problem_id, r.key) for r in results) == sorted(
        (f"p{i}", key) for i in range(150) for key in "ab"
    )
    assert all((set(r.outcomes) == {Outcome.PASSED}) == (r.key == "a") for r in results)
    kubectl("-n", NAMESPACE, "rollout", "status", "deployment/sandbox-pool", "--timeout=120s")


def test_a_wrong_token_is_refused(pool: PoolConfig, tmp_path: Path) -> None:
    wrong = tmp_path / "token"
    wrong.write_text("no")
    bad = pool.model_copy(update={"token_file": str(wrong)})
    with pytest.raises(SandboxUnavailable, match="token"), sandbox(bad) as one:
        list(one.judge([Job("p", TESTS, (("k", RIGHT),))]))
