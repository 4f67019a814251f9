"""Pipelines for a cluster, without one: what is compiled, and what submitting decides."""

from __future__ import annotations

import base64
import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from acecoder.errors import InputError, PlatformError
from acecoder.pipelines import compiling, dags, submitting
from acecoder.pipelines.cluster_commands import run_key
from acecoder.pipelines.infra import Infra
from acecoder.pipelines.submitting import Run, decide, tasks_of
from acecoder.pipelines.workflows import tasks_of_workflow
from acecoder.profiles import SHIPPED, Profile

OVERLAYS = sorted(Path("manifests/overlays").glob("*/infra.toml"))
RECIPES = sorted(path.stem for path in SHIPPED.glob("paper-*.toml"))


def compiled(
    overlay: Path, profile: str, tmp_path: Path, pipeline: str = "acecoder"
) -> tuple[Any, Any]:
    graph = dags.build(pipeline, Profile.load(profile, (), Infra.load(overlay)))
    compiling.compile_to(graph, tmp_path / "p.yaml")
    ir, platform = yaml.safe_load_all((tmp_path / "p.yaml").read_text())
    return ir, platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda path: path.parent.name)
@pytest.mark.parametrize("profile", ["smoke", "gpu", *RECIPES])
def test_every_pod_is_placed(overlay: Path, profile: str, tmp_path: Path) -> None:
    infra = Infra.load(overlay)
    ir, platform = compiled(overlay, profile, tmp_path)
    images = {infra.images.cpu, infra.images.train, infra.images.rl}
    for label, executor in ir["deploymentSpec"]["executors"].items():
        container, pod = executor["container"], platform[label]
        assert container["image"] in images
        assert pod["securityContext"]["runAsNonRoot"]
        assert {m["mountPath"] for m in pod["emptyDirMounts"]} >= {"/work", "/tmp"}
        assert pod["podMetadata"]["labels"]["acecoder.dev/stage-pod"] == "true"
        for size in ("resourceMemoryLimit", "resourceMemoryRequest", "resourceCpuLimit"):
            assert container["resources"][size], label
        plain = {entry["name"] for entry in container["env"]}
        assert not plain & {"AWS_SECRET_ACCESS_KEY", "MLFLOW_TRACKING_PASSWORD"}
    judges = [label for label in platform if "judge" in label]
    assert judges
    for label in judges:
        assert platform[label]["podMetadata"]["labels"]["acecoder.dev/uses-sandbox-pool"] == "true"
        assert platform[label]["secretAsVolume"][0]["secretName"] == infra.pool.secret


def test_programs_run_in_the_pool_whatever_the_profile_says(tmp_path: Path) -> None:
    infra = Infra.load(OVERLAYS[0])
    profile = Profile.load("smoke", ["judge_programs.sandbox.limits.test_cpu_s=0.3"], infra)
    config = profile.config("judge_programs.candidates").model_dump()
    assert config["sandbox"]["backend"] == "pool"
    assert config["sandbox"]["pool"]["url"] == infra.pool.url
    assert config["sandbox"]["limits"]["test_cpu_s"] == 0.3


def test_gpu_steps_ask_for_gpus_and_go_to_their_queue(tmp_path: Path) -> None:
    ir, platform = compiled(Path("manifests/overlays/production/infra.toml"), "paper-7b", tmp_path)
    train = ir["deploymentSpec"]["executors"]["exec-train-policy"]["container"]["resources"]
    assert train["accelerator"]["resourceType"] == "nvidia.com/gpu"
    pod = platform["exec-train-policy"]
    assert pod["podMetadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "acecoder-gpu"
    assert pod["tolerations"][0]["key"] == "nvidia.com/gpu"
    assert any(m.get("medium") == "Memory" for m in pod["emptyDirMounts"])
    assert pod["activeDeadlineSeconds" if "activeDeadlineSeconds" in pod else "timeoutSeconds"]


def test_an_unknown_key_is_named(tmp_path: Path) -> None:
    path = tmp_path / "infra.toml"
    path.write_text('[pool]\nurll = "x"\n')
    with pytest.raises(InputError, match="urll"):
        Infra.load(path)
    with pytest.raises(InputError, match="no such infra file"):
        Infra.load(tmp_path / "none.toml")


def test_other_images_are_another_run() -> None:
    keys = []
    for image in ("localhost/cpu:a", "localhost/cpu:b", "localhost/cpu:a"):
        infra = Infra.model_validate({"images": {"cpu": image}})
        profile = Profile.load("smoke", (), infra)
        graph = dags.build("data", profile)
        keys.append(run_key(compiling.steps_of(compiling.compiled(graph)), profile, infra))
    assert keys[0] == keys[2] != keys[1]


@pytest.mark.parametrize("pipeline", [p for p in dags.PIPELINES if p != "evaluate"])
def test_a_pipeline_is_an_object_for_kubectl(pipeline: str, tmp_path: Path) -> None:
    graph = dags.build(pipeline, Profile.load("smoke", (), Infra.load(OVERLAYS[0])))
    written = compiling.write_objects(graph, tmp_path, "smoke", "acecoder")
    first, second, *_ = yaml.safe_load_all(written.read_text())
    assert (first["kind"], second["kind"]) == ("Pipeline", "PipelineVersion")
    assert second["spec"]["pipelineName"] == first["metadata"]["name"]


def a_run(identity: str, state: str, minute: int) -> Run:
    return Run(identity, f"n-{identity}", state, datetime(2026, 1, 1, 0, minute, tzinfo=UTC))


@pytest.mark.parametrize("state", ["PENDING", "RUNNING", "SUCCEEDED"])
def test_a_living_or_finished_run_is_not_started_again(state: str) -> None:
    runs = [a_run("b", state, 2), a_run("a", state, 1), a_run("x", "FAILED", 0)]
    for retry in (True, False):
        assert decide("n", runs, retry=retry).run == runs[1], "the oldest"


def test_a_failed_run_is_tried_again_only_when_asked() -> None:
    failed = [a_run("a", "FAILED", 1)]
    with pytest.raises(InputError, match="FAILED") as caught:
        decide("n", failed, retry=False)
    assert "--retry" in caught.value.remedy
    again = decide("n", failed, retry=True)
    assert (again.run, again.name) == (None, "n-2")
    assert decide("n", [], retry=False).name == "n"


def test_kfps_nodes_are_read_as_steps() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    end = datetime(2026, 1, 1, 0, 0, 9, tzinfo=UTC)

    def node(name: str, state: str, *children: str) -> Any:
        child = [SimpleNamespace(task_id=None, pod_name=each) for each in children]
        return SimpleNamespace(
            display_name=name, state=state, start_time=start, end_time=end, child_tasks=child
        )

    # As the API has them where Argo's controller retries everything, which is upstream's default.
    names = (
        "root",
        "root(0)",
        "data-x1",
        "data-x1(0)",
        "build-pairs-driver",
        "build-pairs-driver(0)",
        "build-pairs(0)",
        "executor",
        "executor(0)",
    )
    nodes = [node(name, "SUCCEEDED", "data-x1-1") for name in names]
    (task,) = tasks_of(
        [*nodes, node("build-pairs", "FAILED", "data-x1-2")], {"build-pairs": "build_pairs"}
    )
    assert (task.name, task.state, task.seconds) == ("build_pairs", "FAILED", 9.0)
    assert task.nodes == ("data-x1-2",)


def argo(name: str, kind: str, *children: str, phase: str = "Succeeded") -> dict[str, Any]:
    return {
        "id": f"run-x1-{name}",
        "displayName": name.partition("#")[0],
        "type": kind,
        "phase": phase,
        "templateName": "impl",
        "children": [f"run-x1-{c}" for c in children],
        "startedAt": "2026-01-01T00:00:01Z",
        "finishedAt": "2026-01-01T00:00:10Z",
    }


@pytest.mark.parametrize("compress", [False, True])
def test_argos_nodes_are_read_as_steps_compressed_or_not(compress: bool) -> None:
    """KFP reads none once Argo compresses them, in the middle of a run of two dozen steps."""
    nodes = {
        each["id"]: each
        for each in (
            argo("build-pairs", "Retry", "build-pairs(0)#1"),
            argo("build-pairs(0)#1", "DAG", "executor#2", "train-driver#3"),
            argo("executor#2", "Retry", "executor(0)#4", "executor(1)#5"),
            argo("executor(0)#4", "Pod", phase="Failed"),
            argo("executor(1)#5", "Pod"),
            argo("train-driver#3", "Retry", "train-driver(0)#6"),
            argo("train-driver(0)#6", "Pod", "train"),
            argo("train", "Retry", phase="Omitted"),
        )
    }
    status: dict[str, Any] = {"nodes": nodes}
    if compress:
        packed = base64.b64encode(gzip.compress(json.dumps(nodes).encode())).decode()
        status = {"compressedNodes": packed}
    workflow = {"metadata": {"name": "run-x1"}, "status": status}
    (task,) = tasks_of_workflow(workflow, {"build-pairs": "build_pairs", "train": "train_policy"})
    assert (task.name, task.state, task.seconds) == ("build_pairs", "SUCCEEDED", 9.0)
    assert task.nodes == ("run-x1-impl-executor(0)#4", "run-x1-impl-executor(1)#5")


def test_where_no_kfp_answers_there_is_one_message() -> None:
    with pytest.raises(InputError, match="no address of the KFP API"):
        submitting.Kfp("", "acecoder", {})
    with pytest.raises(PlatformError, match="does not answer") as caught:
        submitting.Kfp("http://127.0.0.1:9", "acecoder", {}).runs("k")
    assert caught.value.where == "http://127.0.0.1:9"
