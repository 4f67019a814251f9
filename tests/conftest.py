"""Fixtures every test may use: a fresh home, a store, and a way to run one stage."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from acecoder.engine.home import Home
from acecoder.engine.runner import StepResult, run_stage
from acecoder.engine.store import ObjectStore
from acecoder.stages import load_stage


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole pipelines first: with several workers, the others go on beside them."""
    items.sort(key=lambda item: item.get_closest_marker("pipeline") is None)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def run(home: Home) -> Callable[..., StepResult]:
    """Run a stage untracked: run("filter_tests", {config}, problems=path, ...)."""

    def call(stage: str, table: dict[str, Any] | None = None, **inputs: Path) -> StepResult:
        return run_stage(load_stage(stage), step=stage, table=table or {}, inputs=inputs, home=home)

    return call


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write rows as a JSONL file: write("problems", {...}, {...}) -> path."""

    def call(name: str, *rows: dict[str, Any]) -> Path:
        path = tmp_path / f"{name}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path

    return call


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """An S3-compatible store that speaks HTTP, in this process."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(port=0)
    server.start()
    _, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    import boto3

    boto3.client("s3").create_bucket(Bucket="lake")
    try:
        yield ObjectStore("s3://lake/team/a")
    finally:
        # Its state belongs to the process, not to the server.
        urlopen(f"http://127.0.0.1:{port}/moto-api/reset", data=b"").close()
        server.stop()
