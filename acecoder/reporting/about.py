"""What a run was run with: profile, overrides, code, versions, machine, time."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from acecoder.engine.home import Home
from acecoder.engine.identity import code_revision

FILE = "run.json"
PACKAGES = ("acecoder", "torch", "transformers", "trl", "vllm", "kfp", "mlflow", "openai")


@dataclass(frozen=True)
class About:
    """A run on this machine."""

    profile: str
    where: str
    """The profile's file."""
    overrides: tuple[str, ...]
    """What `--set` said."""
    commit: str
    versions: dict[str, str]
    machine: str
    started: str
    """In UTC."""
    machine_usd_per_hour: float = 0.0

    def params(self) -> dict[str, str]:
        """As MLflow's params."""
        return {
            "profile": self.profile,
            "overrides": " ".join(self.overrides) or "none",
            "commit": self.commit or "unknown",
            "machine": self.machine,
            **{f"version.{name}": version for name, version in self.versions.items()},
        }


def about(
    profile: str, where: str, overrides: Sequence[str], machine_usd_per_hour: float = 0.0
) -> About:
    """This code on this machine, now."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    cores = len(os.sched_getaffinity(0))
    machine = f"{cores} cores, {memory_bytes / 2**30:.0f} GiB, {platform.platform(terse=True)}, Python {platform.python_version()}"
    return About(
        profile=profile,
        where=where,
        overrides=tuple(overrides),
        commit=code_revision(),
        versions={name: version for name in PACKAGES if (version := _version(name))},
        machine=machine,
        started=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        machine_usd_per_hour=machine_usd_per_hour,
    )


def keep(directory: Path, found: About) -> None:
    """Beside the notes of the run's steps."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / FILE).write_text(json.dumps(asdict(found), indent=1) + "\n")


def of_run(home: Home, run_key: str) -> About | None:
    """That of a run, where it was kept."""
    file = home.run(run_key) / FILE
    if not file.is_file():
        return None
    data = json.loads(file.read_text())
    return About(**{**data, "overrides": tuple(data["overrides"])})


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
