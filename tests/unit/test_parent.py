"""After `kill -9` of the process that runs a pipeline, its steps end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.cluster.kube import until

CHILD = "from acecoder.engine.parent import end_with_parent; import time; end_with_parent(); time.sleep(600)"
PARENT = """
import subprocess, sys, time
from pathlib import Path
from acecoder.engine.parent import parent_of_steps
with parent_of_steps(Path(sys.argv[1])):
    child = subprocess.Popen([sys.executable, "-c", sys.argv[2]], start_new_session=True)
    print(child.pid, flush=True)
    time.sleep(600)
"""


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_a_step_ends_with_the_pipeline_that_was_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path / "alive"), CHILD]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        try:
            assert lives(child)
            os.kill(parent.pid, signal.SIGKILL)
            parent.wait()
            until("the step has ended", lambda: not lives(child), 30)
        finally:
            if lives(child):
                os.kill(child, signal.SIGKILL)
