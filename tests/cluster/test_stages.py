"""Every stage as a pod: the smoke pipeline as compiled, from seeds to a gate decision."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.conftest import INFRA
from tests.cluster.kfp_pods import Compiled
from tests.cluster.kube import get, kubectl, until

pytestmark = [pytest.mark.cluster, pytest.mark.stages]
NAMESPACE = "acecoder"
RUN_KEY = "c1u57e4000000000"


@pytest.fixture(scope="module")
def compiled(installation: str, tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    output = tmp_path_factory.mktemp("compiled")
    command = [sys.executable, "-m", "acecoder", "compile", "--infra", INFRA, "--output", str(output)]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return Compiled(output / "acecoder-smoke.yaml")


def run(compiled: Compiled, task: str, root: str) -> str:
    """One task's pod to its end; its log."""
    objects = compiled.pod(task, root, RUN_KEY)
    name = objects[1]["metadata"]["name"]
    kubectl("-n", NAMESPACE, "delete", "pod,configmap", name, "--ignore-not-found")
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    kubectl("-n", NAMESPACE, "apply", "-f", "-", given=text)

    def ended() -> bool:
        return get("pod", NAMESPACE, name)["status"]["phase"] in ("Succeeded", "Failed")

    until(f"{name} ends", ended, 600)
    log = kubectl("-n", NAMESPACE, "logs", name)
    pod = get("pod", NAMESPACE, name)
    assert pod["status"]["phase"] == "Succeeded", f"{log[-4000:]}\n{pod['status']}"
    kubectl("-n", NAMESPACE, "delete", "pod,configmap", name, "--wait=false")
    return log


def test_from_seeds_to_a_gate_decision(compiled: Compiled, tmp_path: Path) -> None:
    root = "minio://acecoder/v2/artifacts/test"
    outputs = {}
    for task in compiled.order():
        log = run(compiled, task, root)
        line = next(x for x in log.splitlines() if x.startswith("EXECUTOR OUTPUT"))
        outputs[task] = json.loads(line.removeprefix("EXECUTOR OUTPUT"))
        steps = [x for x in log.splitlines() if x.startswith("[") and "done in" in x]
        print(task, *steps[-1:], flush=True)
    assert len(outputs) == 24
    metrics = {
        task: out["artifacts"]["metrics"]["artifacts"][0].get("metadata", {})
        for task, out in outputs.items()
        if "metrics" in out.get("artifacts", {})
    }
    assert metrics["build-pairs"]["pairs"] > 20
    assert metrics["train-policy"]["tensors_changed"] > 10
    assert metrics["promote-model"]["promoted"] in (0.0, 1.0)
