"""No test and no answer holds up the judge; `make fuzz` looks for one that does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SEEDS = range(400)
"""What once cost more than it may stands in `test_asserts.py`, as text."""


def test_no_input_costs_the_judge_more_than_a_second() -> None:
    """Seconds of CPU, in a process that does nothing else: the collector of garbage looks through all
    that this one holds, too."""
    command = [sys.executable, "-m", "tests.fuzz", "--seeds", *map(str, SEEDS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert f"{len(SEEDS)} inputs" in done.stdout
