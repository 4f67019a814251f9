"""Which sandboxes can this machine have? Standard library only: asked before anything is installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

WORKER = Path(__file__).parents[1] / "worker"
START_S = 30.0

REMEDY = (
    "allow user namespaces: on Ubuntu 24.04 and later "
    "`sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`, elsewhere "
    "`sudo sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=15000`; "
    "inside a container, start it with `--security-opt seccomp=unconfined --cap-add SYS_ADMIN`"
)


TMP_REMEDY = "install Python elsewhere (a virtual environment and a checkout may lie under /tmp)"


def remedy_of(reason: str) -> str:
    """What to do where a namespace sandbox cannot be had for this reason."""
    return TMP_REMEDY if "lies under /tmp" in reason else REMEDY


GVISOR_REMEDY = (
    "install gVisor's `runsc` (https://gvisor.dev/docs/user_guide/install) on PATH, or name it: "
    "--set judge_programs.sandbox.runsc=/path/to/runsc"
)


def find_runsc(name: str = "runsc") -> str:
    """Path of gVisor's program; empty for none."""
    return shutil.which(name) or ""


def runsc_version(path: str) -> str:
    """What `runsc --version` says first; empty where it does not run."""
    try:
        done = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=START_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.splitlines()[0].removeprefix("runsc version ") if done.stdout else ""


def why_unavailable() -> str:
    """Empty where this user can have a namespace sandbox here, else the kernel's reason."""
    command = [sys.executable, "-I", "-S", str(WORKER), "--probe"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=START_S, env={}, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if done.returncode == 0 else (done.stdout + done.stderr).strip() or "unknown"
