"""Can this machine have a namespace sandbox? Standard library only: asked before anything is
installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

WORKER = Path(__file__).parent / "worker"
START_S = 30.0

REMEDY = (
    "allow user namespaces: on Ubuntu 24.04 and later "
    "`sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`, elsewhere "
    "`sudo sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=15000`; "
    "inside a container, start it with `--security-opt seccomp=unconfined --cap-add SYS_ADMIN`"
)


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
