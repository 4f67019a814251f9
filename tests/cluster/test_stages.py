"""Every stage as a pod: the smoke pipeline as compiled, from seeds to a gate decision."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.conftest import INFRA
from tests.cluster.kfp_pods import Compiled, run

pytestmark = [pytest.mark.cluster, pytest.mark.stages]
RUN_KEY = "c1u57e4000000000"


@pytest.fixture(scope="module")
def compiled(installation: str, tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    output = tmp_path_factory.mktemp("compiled")
    command = [
        sys.executable,
        "-m",
        "acecoder",
        "compile",
        "--infra",
        INFRA,
        "--output",
        str(output),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return Compiled(output / "acecoder-smoke.yaml")


def test_from_seeds_to_a_gate_decision(compiled: Compiled, tmp_path: Path) -> None:
    root = "minio://acecoder/v2/artifacts/test"
    outputs = {}
    for task in compiled.order():
        phase, log = run(compiled, task, root, RUN_KEY)
        assert phase == "Succeeded", log[-4000:]
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
