"""A registered model's files are had through MLflow, and a version says where it came from."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from acecoder.cli import main
from acecoder.config import Config
from acecoder.engine.contract import Report
from acecoder.engine.home import Home
from acecoder.engine.publishing import content_digest
from acecoder.engine.tracking.starting import started
from acecoder.engine.tracking.steps import Tracker
from acecoder.promotion import version_tags
from acecoder.schema import Score
from tests.cluster.kube import until

NAME = "acecoder-reward-model"


class Trained(Config):
    """The config of a step that trains."""

    seed: int = 3


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """An MLflow server that keeps artifacts itself."""
    port = 5713
    command = [
        sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1",
        "--backend-store-uri", f"sqlite:///{tmp_path}/server.db",
        "--artifacts-destination", str(tmp_path / "store"), "--serve-artifacts",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def answers() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    until("MLflow answers", answers, 120)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait()


def train(home: Home) -> tuple[Tracker, Path]:
    """A step that makes a model and a table, as the runner tells MLflow of it."""
    directory = home.root / "artifacts" / "train_reward_model" / "k1"
    model, pairs = directory / "reward_model", directory / "pairs"
    model.mkdir(parents=True)
    pairs.mkdir()
    (model / "model.safetensors").write_bytes(b"weights" * 1000)
    (model / "config.json").write_text("{}")
    (pairs / "records.jsonl").write_text('{"id": "a", "gap": 0.5}\n{"id": "bc", "gap": 1}\n')
    tracker = Tracker(home)
    step = tracker.start(
        started("train_reward_model", "train_reward_model", "k1", Trained(), {}, "run-1")
    )
    outputs = {"reward_model": content_digest(model), "pairs": content_digest(pairs)}
    step.finish(Report({}, registers={"reward_model": NAME}), outputs, directory)
    return tracker, model


def files_of(uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What a person has from `models:/NAME/1`."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    got = mlflow.artifacts.download_artifacts(f"models:/{NAME}/1", dst_path=str(tmp_path / "got"))
    return {file.name: file.read_bytes() for file in Path(got).iterdir()}


def shown(uri: str) -> list[str]:
    """The files that the UI lists."""
    client = MlflowClient(uri)
    experiment = client.get_experiment_by_name("acecoder")
    assert experiment is not None
    (model,) = client.search_logged_models([experiment.experiment_id])
    assert model.status == "READY"
    return [file.path for file in client.list_logged_model_artifacts(model.model_id)]


def test_on_one_machine_the_files_are_linked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    tracker, model = train(Home(tmp_path / "home", None))
    assert shown(tracker.uri) == ["config.json", "model.safetensors"]
    assert files_of(tracker.uri, tmp_path, monkeypatch)["model.safetensors"] == b"weights" * 1000
    assert (model / "model.safetensors").stat().st_nlink == 2
    found = tracker.registry().version(NAME, "1")
    assert found is not None and found.source == model.as_uri()
    again = tracker.registry().register(NAME, model, model.as_uri(), {"digest": found.digest})
    assert again.version == "1"


def test_what_gc_removes_is_gone_from_mlflow_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("ACECODER_HOME", str(tmp_path / "home"))
    tracker, model = train(Home(tmp_path / "home", None))
    MlflowClient(tracker.uri).delete_registered_model_alias(NAME, "candidate")
    spare = ["gc", "--keep-runs=0", "--keep-days=-1", "--delete"]
    assert main(spare) == 0 and "1 artifacts are removed" in capsys.readouterr().out
    assert not model.exists()
    assert not list((tmp_path / "home" / "mlartifacts").rglob("*.safetensors"))


def test_a_server_is_sent_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    tracker, model = train(Home(tmp_path / "home", None))
    assert shown(server) == ["config.json", "model.safetensors"]
    assert files_of(server, tmp_path, monkeypatch)["config.json"] == b"{}"
    found = tracker.registry().version(NAME, "1")
    assert found is not None and found.source == model.as_uri()


def test_an_address_alone_is_enough_where_that_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("ACECODER_MLFLOW_WEIGHTS", "reference")
    tracker, model = train(Home(tmp_path / "home", None))
    version = MlflowClient(tracker.uri).get_model_version(NAME, "1")
    assert version.source == model.as_uri() and version.run_id
    assert (model / "model.safetensors").stat().st_nlink == 1


def test_a_table_has_rows_a_schema_and_a_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    tracker, _ = train(Home(tmp_path / "home", None))
    client = MlflowClient(tracker.uri)
    experiment = client.get_experiment_by_name("acecoder")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id], "tags.stage_key = 'k1'")
    ((data,),) = [run.inputs.dataset_inputs]
    schema, profile = json.loads(data.dataset.schema), json.loads(data.dataset.profile)
    assert schema["mlflow_colspec"] == [
        {"name": "id", "type": "string", "required": True},
        {"name": "gap", "type": "double", "required": True},
    ]
    assert profile["num_rows"] == 2
    assert profile["columns"]["gap"] == {
        "missing": 0,
        "value": {"min": 0.5, "mean": 0.75, "max": 1},
    }
    assert profile["columns"]["id"]["length"] == {"min": 1, "mean": 1.5, "max": 2}


def test_a_version_says_what_made_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("ACECODER_IMAGE", "registry/train@sha256:1")
    tracker, _ = train(Home(tmp_path / "home", None))
    found = tracker.registry().version(NAME, "1")
    assert found is not None
    tags = version_tags.of_steps(found, tracker.registry().finished("run-1"))
    assert tags["recipe"] == "train_reward_model k1"
    assert tags["images"] == "registry/train@sha256:1"
    assert len(tags["commit"].removesuffix("-dirty")) == 40
    score = Score(
        model="m", benchmark="b", metric="greedy", value=0.5, low=0.25, high=0.75, n_problems=8,
        n_samples=1,
    )  # fmt: skip
    assert version_tags.of_scores([score]) == {"score.b.greedy": "0.5000 [0.2500, 0.7500] n=8"}
    odd = version_tags.of_scores([score.model_copy(update={"benchmark": "my set (1).jsonl"})])
    tracker.registry().tag(found, odd)  # MLflow takes no parenthesis in a name
