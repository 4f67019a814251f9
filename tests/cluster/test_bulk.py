"""Bulk judging as an Indexed Job: its pods may die, its verdicts may not."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from acecoder import cli
from acecoder.engine.store import ObjectStore
from tests.cluster.conftest import INFRA
from tests.cluster.kube import get, kubectl

pytestmark = pytest.mark.cluster
NAMESPACE = "acecoder"
PROGRAMS = 240
BODIES = {
    "right": "time.sleep(0.05)\n    return n * n",
    "wrong": "return n + n + 1",
    "exit": "os._exit(0)",
    "lost": "while True: pass",
}


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    stamp = time.time_ns()  # a key of its own: what an earlier test judged is in the store
    problems = [
        {
            "id": f"p{i}",
            "question": f"square {stamp}",
            "tests": [f"assert f({n}) == {n * n}" for n in range(6)],
        }
        for i in range(8)
    ]
    kinds = ["right"] * 24 + ["wrong", "exit", "lost"]
    programs = [
        {
            "problem_id": f"p{i % 8}",
            "model": kinds[i % len(kinds)],
            "program_index": i,
            "program": f"import os, time\ndef f(n):  # {i}\n    {BODIES[kinds[i % len(kinds)]]}\n",
        }
        for i in range(PROGRAMS)
    ]
    for name, rows in (("problems", problems), ("programs", programs)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def command(tables: Path, infra: str = INFRA) -> list[str]:
    return [
        "judge-bulk",
        "--infra",
        infra,
        "--problems",
        str(tables / "problems.jsonl"),
        "--programs",
        str(tables / "programs.jsonl"),
        "--verdicts",
        str(tables / "verdicts.jsonl"),
        "--shard-programs",
        "80",
        "--parallelism",
        "2",
        "--set",
        "sandbox.limits.max_timeouts=1",
    ]


def pods() -> list[dict[str, Any]]:
    found = get("pods", NAMESPACE, "-l", "app.kubernetes.io/name=bulk")["items"]
    return [p for p in found if p["status"]["phase"] == "Running"]


def test_a_job_survives_the_deletion_of_its_pods(
    store: ObjectStore, tables: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACECODER_HOME", str(tables / "home"))
    kubectl("-n", NAMESPACE, "delete", "jobs", "-l", "app.kubernetes.io/name=bulk")
    deleted: set[str] = set()
    over = threading.Event()

    def delete_each_first_pod() -> None:
        """The first pod of every index, a moment after it began to judge."""
        indexes: set[str] = set()
        while not over.is_set():
            for pod in pods():
                index = pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"]
                log = kubectl("-n", NAMESPACE, "logs", pod["metadata"]["name"], check=False)
                if index not in indexes and "programs" in log:
                    indexes.add(index)
                    deleted.add(pod["metadata"]["name"])
                    kubectl(
                        "-n",
                        NAMESPACE,
                        "delete",
                        "pod",
                        pod["metadata"]["name"],
                        "--grace-period=0",
                        "--force",
                    )
            time.sleep(0.2)

    killer = threading.Thread(target=delete_each_first_pod)
    killer.start()
    try:
        assert cli.main(command(tables)) == 0
    finally:
        over.set()
        killer.join()
    assert deleted
    rows = [json.loads(line) for line in (tables / "verdicts.jsonl").read_text().splitlines()]
    assert [row["program_index"] for row in rows] == list(range(PROGRAMS))
    assert all((row["pass_rate"] == 1.0) == (row["model"] == "right") for row in rows)
    names = {
        j["metadata"]["name"]
        for j in get("jobs", NAMESPACE, "-l", "app.kubernetes.io/name=bulk")["items"]
    }
    assert len(names) == 1
    (tables / "verdicts.jsonl").unlink()
    assert cli.main(command(tables)) == 0, "again: nothing is judged, everything is there"
    assert len((tables / "verdicts.jsonl").read_text().splitlines()) == PROGRAMS
    kubectl("-n", NAMESPACE, "delete", "jobs", "-l", "app.kubernetes.io/name=bulk")


def test_an_image_that_cannot_be_pulled_is_told_within_a_minute(
    store: ObjectStore,
    tables: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("ACECODER_HOME", str(tables / "home"))
    infra = tables / "infra.toml"
    real = Path(INFRA).read_text()
    infra.write_text(real.replace("[images]\n", '[images]\ncpu = "localhost/absent:none"\n#', 1))
    started_s = time.monotonic()
    assert cli.main(command(tables, str(infra))) == 1
    assert time.monotonic() - started_s < 75
    said = capsys.readouterr().err
    assert "cannot run: " in said
    assert "localhost/absent:none" in said
    assert "pull_secrets in the infra file" in said
    kubectl("-n", NAMESPACE, "delete", "jobs", "-l", "app.kubernetes.io/name=bulk")
