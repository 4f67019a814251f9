"""Fixtures every test may use: a fresh home, and a way to run one stage in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from acecoder.artifacts import Home
from acecoder.runner import StepResult, run_stage
from pipelines.profile import load_stage


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
