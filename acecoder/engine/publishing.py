"""Outputs that appear whole or not at all, described by a manifest, and copies of them."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from acecoder.engine.tables import SUFFIXES, disk_error
from acecoder.errors import InputError, PlatformError

MANIFEST = "manifest.json"
REPORT = "report.json"
"""What a step reported, beside its outputs."""
TRACKED = "tracked"
"""Marks a step whose record in MLflow is complete; holds the id of its run there."""


def file_digest(path: Path) -> str:
    """sha256 (hex) of a file's bytes."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def content_digest(path: Path) -> str:
    """The digest of an artifact: of its manifest if it has one, else of its files.

    A manifest names the sha256 of every file, so hashing it is hashing them; it is believed only
    where the runner published it, not in a copy that somebody may have edited.
    """
    if path.is_file():
        return file_digest(path)
    path = path.resolve()  # KFP on one machine hands links into the home
    manifest = path / MANIFEST
    if manifest.exists() and (path.parent / REPORT).exists():
        files = json.loads(manifest.read_text())["files"]
    elif path.is_dir():
        files = file_digests(path)
    else:
        raise InputError("no such file or directory", where=str(path))
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


def check_manifests(directory: Path, address: str) -> None:
    """Refuse a copy whose files are not those that its manifests name. Raises PlatformError."""
    for manifest in directory.rglob(MANIFEST):
        if file_digests(manifest.parent) != json.loads(manifest.read_text())["files"]:
            raise PlatformError(
                f"what the store holds of '{manifest.parent.name}' is not what was published",
                where=address,
                remedy="remove it from the store; the step is then done again",
            )


def check_published(path: Path, where: str) -> None:
    """Refuse a published output whose files are not those of its manifest: cut, edited or removed.

    Files that the runner did not publish have nothing to be held against. Raises InputError.
    """
    path = path.resolve()  # KFP on one machine hands links into the home
    manifest = path / MANIFEST
    if not manifest.exists() or not (path.parent / REPORT).exists():
        return
    told, found = json.loads(manifest.read_text())["files"], file_digests(path)
    wrong = sorted(name for name in {*told, *found} if told.get(name) != found.get(name))
    if wrong:
        what = "is gone" if wrong[0] not in found else "is not what was published"
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise InputError(
            f"{wrong[0]} {what}{more}",
            where=f"{where}: {path}",
            remedy=f"remove {path.parent} and run again: the step that made it is done again",
        )


def file_digests(directory: Path) -> dict[str, str]:
    """Relative path -> sha256 (hex) of every file but the manifest."""
    return {
        str(file.relative_to(directory)): file_digest(file)
        for file in sorted(directory.rglob("*"))
        if file.is_file() and file.name != MANIFEST
    }


def write_manifest(
    directory: Path, *, stage_key: str, artifact: str, counts: Mapping[str, int]
) -> None:
    """Describe an output: sha256 of every file, its schema version, counts, who made it.

    `artifact` is its name under the home's artifacts: step/stage_key/output.
    """
    from acecoder.schema import SCHEMA_VERSION

    manifest = {
        "schema_version": SCHEMA_VERSION,
        "stage_key": stage_key,
        "artifact": artifact,
        "counts": dict(counts),
        "files": file_digests(directory),
    }
    (directory / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")


@contextmanager
def publishing(destination: Path) -> Iterator[Path]:
    """Yield a scratch directory that becomes `destination` at the end, or vanishes.

    Concurrent writers of one destination wait for each other; the later finds it done and its
    own work is dropped. Raises PlatformError where the disk refuses.
    """
    scratch = destination.with_name(f".{destination.name}.partial")
    try:
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        yield scratch
        _sync_tree(scratch)
        if destination.exists():
            shutil.rmtree(scratch)
        else:
            scratch.rename(destination)
    except OSError as error:
        shutil.rmtree(scratch, ignore_errors=True)
        raise disk_error(error, destination) from error
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise


def _sync_tree(directory: Path) -> None:
    for file in directory.rglob("*"):
        if file.is_file():
            with file.open("rb") as handle:
                os.fsync(handle.fileno())


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a lock file for the duration; the kernel frees it when the process dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def check_destination(destination: Path, inputs: Iterable[Path] = ()) -> None:
    """Refuse to overwrite what this program did not write, or one of the inputs. Raises InputError."""
    if any(destination.resolve() == path.resolve() for path in inputs):
        raise InputError(
            "it is an input of the same command",
            where=str(destination),
            remedy="name another output",
        )
    above = next((path for path in destination.parents if path.exists()), None)
    if above is not None and not above.is_dir():
        raise InputError("that is a file, not a directory", where=str(above))
    if destination.suffix and destination.suffix not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise InputError(
            f"unknown kind of file '{destination.suffix}'",
            where=str(destination),
            remedy=f"{known}, or a directory",
        )
    if destination.is_dir() and any(destination.iterdir()) and not _is_copy(destination):
        raise InputError(
            "the directory is not empty, and not an earlier output",
            where=str(destination),
            remedy="name a new directory",
        )


def _is_copy(directory: Path) -> bool:
    manifest = directory / MANIFEST
    if not manifest.is_file():
        return False
    present = {str(file.relative_to(directory)) for file in directory.rglob("*") if file.is_file()}
    return present == {MANIFEST, *json.loads(manifest.read_text())["files"]}


def copy_out(source: Path, destination: Path) -> None:
    """Give a published output the path its user named: a table as a file, else a directory.

    Raises InputError where something else is there already.
    """
    check_destination(destination)
    if destination.suffix in SUFFIXES:
        _copy_table(source, destination)
        return
    scratch = destination.with_name(f".{destination.name}.partial")
    try:
        shutil.rmtree(scratch, ignore_errors=True)
        shutil.copytree(source, scratch)
        if destination.exists():
            shutil.rmtree(destination)
        scratch.rename(destination)
    except OSError as error:
        shutil.rmtree(scratch, ignore_errors=True)
        raise disk_error(error, destination) from error


def _copy_table(source: Path, destination: Path) -> None:
    from acecoder.engine.tables import read_table, table_file, write_table
    from acecoder.schema import TABLES, Record

    file = table_file(source)
    destination.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix == destination.suffix:
        scratch = destination.with_name(f".{destination.name}.partial")
        try:
            shutil.copyfile(file, scratch)
            scratch.replace(destination)
        except OSError as error:
            scratch.unlink(missing_ok=True)
            raise disk_error(error, destination) from error
    else:
        kind = TABLES.get(source.name, Record)
        write_table(destination, kind, read_table(file, kind))
