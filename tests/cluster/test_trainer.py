"""A reward model trained by the pods of a TrainJob (Kubeflow Trainer); skipped where there is none."""

from __future__ import annotations

import base64
import json
import math
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from acecoder.cluster.launch import Launch
from acecoder.engine.home import Home
from acecoder.engine.runner import run_stage
from acecoder.engine.store import ObjectStore
from acecoder.errors import PlatformError
from acecoder.pipelines.infra import Infra
from acecoder.stages import load_stage
from tests.cluster.kube import get, kubectl
from tests.stages.test_nodes import TINY, publish

pytestmark = [pytest.mark.cluster, pytest.mark.stages]
RUNTIME = "acecoder-test-reward-model"


@pytest.fixture
def runtime(installation: str, infra: Infra) -> Iterator[str]:
    """The project's own runtime, with what a small node has in the place of eight GPUs."""
    if not kubectl("get", "crd", "trainjobs.trainer.kubeflow.org", "--ignore-not-found"):
        pytest.skip("no Kubeflow Trainer on this cluster")
    text = Path("manifests/components/trainer/reward-model.yaml").read_text()
    thing = next(iter(yaml.safe_load_all(text)))
    thing["metadata"]["name"] = RUNTIME
    pod = thing["spec"]["template"]["spec"]["replicatedJobs"][0]["template"]["spec"]["template"][
        "spec"
    ]
    pod["tolerations"] = []
    pod["containers"][0] |= {
        "imagePullPolicy": infra.images.pull_policy,
        "resources": {
            "requests": {"cpu": "100m", "memory": "1Gi"},
            "limits": {"cpu": "2", "memory": "3Gi"},
        },
    }
    for volume in pod["volumes"]:
        if volume["name"] == "shm":
            volume["emptyDir"]["sizeLimit"] = "256Mi"
    kubectl("apply", "--server-side", "-f", "-", given=json.dumps(thing))
    yield RUNTIME
    kubectl("delete", "clustertrainingruntime", RUNTIME)


def launch(runtime: str, infra: Infra) -> dict[str, Any]:
    return Launch(
        runtime=runtime,
        nodes=2,
        image=infra.images.train,
        env={**infra.plain_environment(), "OMP_NUM_THREADS": "1"},
        secret_env=infra.secret_environment(),
        run_timeout_s=600,
    ).model_dump(mode="json")


def test_two_nodes_train_one_reward_model(
    runtime: str,
    infra: Infra,
    store: ObjectStore,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    home = Home(tmp_path / "home", store)
    stamp = uuid.uuid4().hex
    rows = [
        {
            "problem_id": f"p{i}",
            "prompt": f"Add {i}. {stamp}",
            "chosen": f"def f(x): return x + {i}",
            "rejected": "def f(x): pass",
            "chosen_pass_rate": 1.0,
            "rejected_pass_rate": 0.0,
        }
        for i in range(20)
    ]
    step = f"trainer-test-{stamp[:8]}"
    pairs = publish(home, step, rows)
    table = {
        "model": TINY,
        "learning_rate": 1e-3,
        "held_out_share": 0.2,
        "epochs": 1,
        "dtype": "float32",
        "pairs_per_update": 4,
        "pairs_per_forward": 2,
        "max_length_tokens": 128,
        "launch": launch(runtime, infra),
    }
    try:
        result = run_stage(
            load_stage("train_reward_model"),
            step="train_reward_model",
            table=table,
            inputs={"pairs": pairs},
            home=home,
        )
    finally:
        kubectl(
            "-n",
            "acecoder",
            "delete",
            "trainjobs",
            "-l",
            "app.kubernetes.io/name=trainer",
            "--wait=false",
        )
    said = capsys.readouterr().out
    assert "TrainJob train-reward-model-" in said
    assert "16 pairs to train on, 4 held out" in said, "the first node's log is told"
    assert result.report.metrics["steps"] == 4
    assert math.isfinite(result.report.metrics["final_loss"])
    assert list((result.directory / "reward_model").glob("*.safetensors"))


def test_what_fails_on_a_node_is_raised_here(
    runtime: str, infra: Infra, store: ObjectStore, tmp_path: Path
) -> None:
    home = Home(tmp_path / "home", store)
    pairs = publish(home, f"trainer-test-{uuid.uuid4().hex[:8]}", [])
    table = {"model": TINY, "learning_rate": 1e-3, "launch": launch(runtime, infra)}
    try:
        with pytest.raises(PlatformError, match="0 pairs leave 0 to train on"):
            run_stage(
                load_stage("train_reward_model"),
                step="train_reward_model",
                table=table,
                inputs={"pairs": pairs},
                home=home,
            )
    finally:
        kubectl(
            "-n",
            "acecoder",
            "delete",
            "trainjobs",
            "-l",
            "app.kubernetes.io/name=trainer",
            "--wait=false",
        )


def test_secrets_are_what_the_installation_says(infra: Infra, installation: str) -> None:
    for name, entry in infra.secret_environment().items():
        data = get("secret", "acecoder", entry.secret)["data"]
        assert base64.b64decode(data[entry.key]), name
