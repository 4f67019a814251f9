"""The gvisor sandbox: what is of this backend alone; attacks that all face are in test_conformance.py."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from acecoder.errors import SandboxUnavailable
from acecoder.sandbox.backends.gvisor import BUNDLE, GvisorWorker
from acecoder.sandbox.backends.requirements import find_runsc
from acecoder.sandbox.contract import Job, Limits, SandboxConfig
from acecoder.sandbox.opening import open_sandbox
from acecoder.schema import Outcome

pytestmark = pytest.mark.skipif(not find_runsc(), reason="there is no program 'runsc'")
CONFIG = SandboxConfig(backend="gvisor", limits=Limits(test_wall_s=20.0))
TESTS = tuple(f"assert f([{i}, 2, 3]) == [3, 2, {i}]" for i in range(4, 10))
RIGHT = "import time\ndef f(x):\n    time.sleep(0.01)\n    return x[::-1]\n"
WRONG = "def f(x):\n    return x\n"


def test_killing_containers_in_the_middle_changes_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    jobs = [Job(f"p{i}", TESTS, (("right", RIGHT), ("wrong", WRONG))) for i in range(15)]
    results = []
    with open_sandbox(CONFIG, num_workers=2) as sandbox:
        for number, result in enumerate(sandbox.judge(jobs)):
            results.append(result)
            if number in (5, 12):
                subprocess.run(["pkill", "-9", "-f", f"runsc.*{tmp_path}"], check=False)
    assert len(results) == 30
    for result in results:
        passed = [outcome is Outcome.PASSED for outcome in result.outcomes]
        assert all(passed) if result.key == "right" else not any(passed)
    assert not list(tmp_path.glob(f"{BUNDLE}*"))


def test_killing_the_judge_leaves_no_process_and_the_next_one_removes_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "from acecoder.sandbox.contract import *; from acecoder.sandbox.opening import *\n"
        "loop = 'def f(x):\\n    while True: pass'\n"
        "limits = Limits(test_cpu_s=60, test_wall_s=60)\n"
        "with open_sandbox(SandboxConfig(backend='gvisor', limits=limits), num_workers=1) as s:\n"
        "    list(s.judge([Job('p', ('assert f(1) == 1',), (('k', loop),))]))\n"
    )
    environment = {**os.environ, "PYTHONPATH": ".", "TMPDIR": str(tmp_path)}
    judge = subprocess.Popen([sys.executable, "-c", code], env=environment)
    try:
        # The check at the start has a container too; the second bundle is the worker's.
        assert _wait_for(lambda: len(seen := _bundles(tmp_path)) == 1 and bool(_running(seen[0])))
        time.sleep(2)
    finally:
        judge.kill()
        judge.wait()
    assert _wait_for(lambda: not _running(tmp_path))
    assert _bundles(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    worker = GvisorWorker(CONFIG)
    try:
        assert len(_bundles(tmp_path)) == 1
        other = GvisorWorker(CONFIG)  # does not take the first one's away
        other.close()
        assert len(_bundles(tmp_path)) == 1
    finally:
        worker.close()
    assert not _bundles(tmp_path)


def test_a_disk_that_takes_no_files_is_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(SandboxUnavailable, match="cannot be written") as told:
        GvisorWorker(CONFIG)
    assert "TMPDIR" in told.value.remedy


def test_a_container_stays_on_one_core_and_the_judge_on_its_own() -> None:
    mine = os.sched_getaffinity(0)
    worker = GvisorWorker(CONFIG)
    try:
        assert worker._process is not None
        assert len(os.sched_getaffinity(worker._process.pid)) == 1
    finally:
        worker.close()
    assert os.sched_getaffinity(0) == mine


def _bundles(directory: Path) -> list[Path]:
    return list(directory.glob(f"{BUNDLE}*"))


def _running(directory: Path) -> list[str]:
    """Processes of runsc that name a directory."""
    found = subprocess.run(
        ["pgrep", "-f", f"runsc.*{directory}"], capture_output=True, text=True, check=False
    )
    return found.stdout.split()


def _wait_for(condition: Callable[[], bool]) -> bool:
    for _ in range(400):
        if condition():
            return True
        time.sleep(0.05)
    return condition()
