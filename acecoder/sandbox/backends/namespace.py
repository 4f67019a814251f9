"""The `namespace` backend: workers in Linux namespaces on this machine.

Each worker is a separate process started from a fresh interpreter (never a fork of the caller),
with an empty environment; see `worker/` for what it is closed off from. Not covered: bugs of the
kernel itself; for those, use gVisor.
"""

from __future__ import annotations

import sysconfig
from collections.abc import Iterable
from pathlib import Path

from acecoder.errors import InputError, SandboxUnavailable
from acecoder.sandbox.backends.local import LocalBackend
from acecoder.sandbox.backends.requirements import remedy_of, why_unavailable
from acecoder.sandbox.contract import SandboxConfig
from acecoder.sandbox.trials import Attempt, Trial, read_attempts
from acecoder.sandbox.worker.outside.station import Refused, Station, StationLost


def namespace_backend(config: SandboxConfig, *, num_workers: int) -> LocalBackend:
    """Workers in namespaces, one program alive in each at a time."""

    def open_worker() -> NamespaceWorker:
        return NamespaceWorker(package_paths(config.packages, config.environment))

    return LocalBackend(num_workers=num_workers, open_worker=open_worker, check=_check)


class NamespaceWorker:
    """A station on this machine, behind the interface of `trials.Runs`."""

    def __init__(self, packages: list[str]) -> None:
        self._station = Station(packages)

    def run(self, trial: Trial) -> list[Attempt]:
        try:
            return read_attempts(self._station.run(trial.wire()))
        except StationLost as error:
            remedy = remedy_of(str(error)) if isinstance(error, Refused) else ""
            raise SandboxUnavailable(
                str(error), where="namespace sandbox", remedy=remedy
            ) from error

    def close(self) -> None:
        self._station.close()


def package_paths(names: Iterable[str], environment: str = "") -> list[str]:
    """Directories of installed packages and of the shared libraries their wheels brought: those named,
    or all that can be imported from another environment. Raises InputError where that is none."""
    if environment:
        return _importable(Path(environment))
    site = Path(sysconfig.get_path("purelib"))
    found = [site / candidate for name in names for candidate in (name, f"{name}.libs")]
    return [str(path) for path in found if path.is_dir()]


def _importable(site: Path) -> list[str]:
    if not site.is_dir():
        raise InputError(
            "no such directory of packages",
            where=f"sandbox.environment = {site}",
            remedy="make bigcodebench-env, or name a site-packages",
        )
    hidden = (".pth", ".virtualenv")
    return [
        str(path)
        for path in sorted(site.iterdir())
        if not path.name.endswith(hidden) and path.name not in ("bin", "share", "__pycache__")
    ]


def _check() -> None:
    reason = why_unavailable()
    if reason:
        raise SandboxUnavailable(
            f"this machine refuses namespaces: {reason}",
            where="namespace sandbox",
            remedy=remedy_of(reason),
        )
