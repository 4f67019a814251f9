"""A pipeline on a real Kubeflow Pipelines: KFP_HOST names its API; skipped without it.

KFP's runs must be in the namespace of the installation (`manifests/components/kfp` is its part
there), the images cpu, train and sandbox on the node.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from acecoder import cli
from acecoder.engine.store import ObjectStore
from tests.cluster.conftest import INFRA
from tests.cluster.kube import until

HOST = os.environ.get("KFP_HOST", "")
pytestmark = [
    pytest.mark.cluster,
    pytest.mark.kfp,
    pytest.mark.skipif(not HOST, reason="KFP_HOST names no Kubeflow Pipelines"),
]
STAMP = str(time.time_ns())  # a run key of its own; what steps have done before is not done again


def acecoder(verb: str, *more: str, pipeline: str = "acecoder") -> int:
    return cli.main(
        [
            verb,
            "--pipeline",
            pipeline,
            "--profile",
            "smoke",
            "--infra",
            INFRA,
            *more,
            "--set",
            f'check_platform.check_again="{STAMP}"',
        ]
    )


@pytest.fixture(scope="module")
def client() -> Any:
    import kfp

    return kfp.Client(host=HOST, namespace="acecoder")


def runs(client: Any, pipeline: str) -> list[Any]:
    found = client.list_runs(page_size=100, sort_by="created_at desc", namespace="acecoder").runs
    return [r for r in found or () if r.display_name.startswith(f"{pipeline}-smoke-")]


def test_from_seeds_to_a_gate_decision_and_once_only(
    installation: str, store: ObjectStore, client: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    before = len(runs(client, "acecoder"))
    assert acecoder("submit", "--wait") == 0, capsys.readouterr()
    said = capsys.readouterr().out
    for step in ("collect_seeds", "filter_tests.train", "train_policy", "promote_model"):
        assert f"{step:34} succeeded" in said
    made = runs(client, "acecoder")
    assert len(made) == before + 1
    assert made[0].state == "SUCCEEDED"
    names = ObjectStore("s3://acecoder/kfp").names(f"acecoder/{made[0].run_id}/")
    for view in ("promote-model/", "evaluate-model/", "build-pairs/"):
        assert [n for n in names if view in n and n.endswith("/summary")], f"Markdown of {view}"
    assert [n for n in names if n.endswith("/page")], "the HTML report"

    assert acecoder("submit") == 0
    assert "is there: succeeded" in capsys.readouterr().out
    assert len(runs(client, "acecoder")) == before + 1, "found by its run key"
    assert acecoder("status") == 0
    assert "promote_model" in capsys.readouterr().out
    assert acecoder("logs", "--step", "build_pairs") == 0
    assert "[build_pairs] " in capsys.readouterr().out


def test_a_run_can_be_cancelled(
    installation: str, client: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert acecoder("submit", pipeline="data") == 0
    (run,) = [r for r in runs(client, "data") if r.state not in ("SUCCEEDED", "FAILED", "CANCELED")]
    until("it has begun", lambda: client.get_run(run.run_id).state == "RUNNING", 60)
    assert acecoder("cancel", pipeline="data") == 0
    ended = ("CANCELED", "FAILED", "SUCCEEDED")
    until("it has ended", lambda: client.get_run(run.run_id).state in ended, 120)
    assert client.get_run(run.run_id).state != "SUCCEEDED"
    assert "is being cancelled" in capsys.readouterr().out


def test_an_image_that_cannot_be_pulled_ends_the_waiting_within_a_minute(
    installation: str, client: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """KFP itself would wait for ever."""
    infra = tmp_path / "infra.toml"
    infra.write_text(
        Path(INFRA)
        .read_text()
        .replace("[images]\n", '[images]\ncpu = "localhost/absent:none"\n#', 1)
    )
    arguments = [
        "--pipeline",
        "data",
        "--profile",
        "smoke",
        "--infra",
        str(infra),
        "--set",
        f'check_platform.check_again="{STAMP}"',
    ]
    assert cli.main(["submit", "--wait", *arguments]) == 1
    said = capsys.readouterr().err
    assert "cannot start: " in said
    assert "localhost/absent:none" in said
    assert cli.main(["cancel", *arguments]) == 0
