"""The files of a release, brought to a pod and each checked by its sha256 before anything serves them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

from acecoder.engine.publishing import file_digest
from acecoder.engine.store import ObjectStore
from acecoder.engine.tracking.reaching import download
from acecoder.errors import InputError, PlatformError
from acecoder.promotion.release import Release, refuse_pickles

PARALLEL = 4
"""Files under way at once; each large one is fetched in parts by the store's client."""
Fetch = Callable[[str, Path], None]
"""(name under the source, file to write)."""


def bring(release: Release, destination: Path, say: Callable[[str], None]) -> None:
    """Fill a directory with the files of a release; those that are there and right stay.

    Raises InputError where the release names a file that no model has, PlatformError where a file is
    missing or is not the released one: it is named, and nothing of that name is left.
    """
    refuse_pickles(list(release.files), release.source)
    for name in release.files:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts:
            raise InputError(f"a release with the file '{name}'", where=release.served_name)
    destination.mkdir(parents=True, exist_ok=True)
    fetch = _fetch_from(release.source)
    with ThreadPoolExecutor(PARALLEL) as pool:
        brought = pool.map(lambda name: _bring(fetch, name, destination, release), release.files)
        for name, there in zip(release.files, brought, strict=True):
            say(
                f"{name}: {'is there' if there else 'fetched'}, sha256 {release.files[name][:12]} ok"
            )
    for file in sorted(destination.rglob("*")):
        if file.is_file() and str(file.relative_to(destination)) not in release.files:
            file.unlink()  # of an earlier release, in a volume that outlives its pod


def _bring(fetch: Fetch, name: str, destination: Path, release: Release) -> bool:
    """Whether it was there already."""
    file, sha256 = destination / name, release.files[name]
    if file.is_file() and file_digest(file) == sha256:
        return True
    partial = file.with_name(f".{file.name}.partial")
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        fetch(name, partial)
        found = file_digest(partial)
        if found != sha256:
            raise PlatformError(
                f"{name} has the sha256 {found[:16]}..., released was {sha256[:16]}...",
                where=f"{release.served_name} at {release.source}",
                remedy="the store holds another file than was promoted: restore it, or roll back "
                "(`acecoder rollback`); the version before it keeps serving",
            )
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    return False


def _fetch_from(source: str) -> Fetch:
    """How a file of a source is had. Raises InputError on a source of no known kind."""
    scheme, _, rest = source.partition(":")
    if scheme == "s3":
        store = ObjectStore(source)
        return store.get_file
    if scheme == "file":
        return lambda name, file: _copy(Path(rest.removeprefix("//")) / name, file)
    if scheme in ("mlflow-artifacts", "models", "runs"):
        return lambda name, file: download(f"{source}/{name}", file)
    raise InputError(
        f"weights at '{source}'", remedy="s3://BUCKET/PREFIX, file:///DIR or mlflow-artifacts:/PATH"
    )


def _copy(source: Path, file: Path) -> None:
    try:
        shutil.copyfile(source, file)  # never whole in memory: a file may have gigabytes
    except FileNotFoundError:
        raise PlatformError(
            "a file of the release is gone", where=str(source), remedy="restore it, or roll back"
        ) from None
