"""A stage, run as its user runs it, in a home of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def run_stage(stage: str, home: Path, *arguments: str) -> dict[str, Any]:
    """Run `acecoder STAGE ...`; the report that it left in the home.

    Raises: CalledProcessError with the stage's own words where it fails.
    """
    environment = {
        **os.environ,
        "ACECODER_HOME": str(home),
        "OMP_NUM_THREADS": "1",
        "OMP_WAIT_POLICY": "passive",
        "TOKENIZERS_PARALLELISM": "false",
    }
    command = [sys.executable, "-m", "acecoder", stage, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stdout[-2000:] + done.stderr[-2000:])
        done.check_returncode()
    name = stage.replace("-", "_")
    (report,) = (home / "artifacts" / name).glob("*/report.json")
    data: dict[str, Any] = json.loads(report.read_text())
    return data


def write_lines(path: Path, records: list[dict[str, Any]]) -> Path:
    """A table of records."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The records of a table."""
    return [json.loads(line) for line in path.read_text().splitlines()]
