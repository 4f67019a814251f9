"""What a verdict depends on beside program and tests: the sandbox's code, limits, interpreter."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from acecoder.config import Config, decisive, digest_of
from acecoder.engine.publishing import file_digest


def sandbox_digest(config: Config, packages: Iterable[str], environment: str = "") -> str:
    """Digest of everything that can change a verdict: the decisive fields of a sandbox's config, the
    code of judge and worker, the interpreter, and the versions of the packages programs may import."""
    versions = _versions_in(environment) if environment else _versions(packages)
    return digest_of([decisive(config), _code(), list(sys.version_info[:3]), versions])[:32]


def _versions(packages: Iterable[str]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name in packages:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def _versions_in(environment: str) -> dict[str, str | None]:
    """Of everything installed there."""
    installed = metadata.distributions(path=[environment])
    return dict(sorted((each.metadata["Name"], each.version) for each in installed))


@lru_cache(maxsize=1)
def _code() -> dict[str, str]:
    """Sources that decide verdicts. Backends are not among them: they report losses and no more."""
    root = Path(__file__).parent
    files = [file for room in ("judge", "worker") for file in (root / room).rglob("*.py")]
    return {str(file.relative_to(root)): file_digest(file) for file in sorted(files)}
