"""A home may lie anywhere, whatever its path is called."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROBLEM = {"id": "a", "question": "Write f.", "tests": ["assert f(1) == 2"]}


@pytest.mark.parametrize("name", ["ho me", "a%20b", "a#b", "a?b=c", "ä ö", "100%"])
def test_a_tracked_stage_runs_in_a_home_of_any_name(tmp_path: Path, name: str) -> None:
    home = tmp_path / name
    table = tmp_path / "set (1).jsonl"
    table.write_text(json.dumps(PROBLEM) + "\n")
    # The name of a set is a key of the config, and so of an MLflow parameter.
    command = [
        sys.executable, "-m", "acecoder", "load-problems",
        "--set", f'load_problems.sets=["{table}"]', "--set", f'load_problems.max_per_set={{"{table}"=1}}',
        "--problems", str(tmp_path / "out.jsonl"), "--track",
    ]  # fmt: skip
    environment = {**os.environ, "ACECODER_HOME": str(home)}
    environment.pop("MLFLOW_TRACKING_URI", None)
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.jsonl").exists()
    assert (home / "mlflow.db").exists()
