"""The platform's home on disk: artifacts that appear whole, and journals that survive a kill.

    home/artifacts/<step>/<stage_key>/<output>/...   with manifest.json beside the files
    home/journal/<name>/<key>.jsonl                  answers paid for, verdicts reached
    home/mlflow.db, home/runs/, home/git/, home/models/

Where an object store stands behind the home (on a cluster, where a pod's disk dies with it), what
must outlive the pod is in the store under the same names before it counts as done.
What is not here: what a stage key is made of (`runner`).
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from acecoder.engine.journal import Journal
from acecoder.engine.store import ObjectStore, Segments
from acecoder.engine.tables import SUFFIXES, disk_error
from acecoder.errors import InputError, PlatformError

MANIFEST = "manifest.json"
REPORT = "report.json"
CHECKPOINT_MARK = "whole"
"""A file in a training checkpoint: all of it is written."""


@dataclass(frozen=True)
class Home:
    """Where everything lies that outlives a run."""

    root: Path
    store: ObjectStore | None = field(default=None, compare=False)

    @classmethod
    def from_environment(cls) -> Home:
        """`ACECODER_HOME`, or `.acecoder` in the current directory; `ACECODER_STORE` behind it."""
        root = Path(os.environ.get("ACECODER_HOME", ".acecoder")).absolute()
        return cls(root, ObjectStore.from_environment())

    def artifact(self, step: str, stage_key: str) -> Path:
        return self.root / "artifacts" / step / stage_key

    def bring(self, path: Path, mark: str) -> bool:
        """Whether a directory of the home is whole here (has its `mark`), fetched if need be."""
        if (path / mark).exists():
            return True
        if self.store is None or self.store.get(f"{self._name(path)}/{mark}") is None:
            return False
        with publishing(path) as partial:
            self.store.get_tree(self._name(path), partial)
            _check_manifests(partial, self.store.uri(self._name(path)))
        return True

    def bring_newest(self, path: Path, mark: str) -> None:
        """Fetch a directory that changes (the git repository), whatever is here."""
        if self.store is not None:
            shutil.rmtree(path, ignore_errors=True)
            self.bring(path, mark)

    def read(self, path: Path) -> bytes | None:
        """A file of the home, from the store where it is not here; keeps no copy."""
        if path.exists():
            return path.read_bytes()
        return self.store.get(self._name(path)) if self.store else None

    def listing(self, directory: Path) -> list[Path]:
        """The files of a directory of the home, here and in the store."""
        here = {file for file in directory.rglob("*") if file.is_file()}
        if self.store is not None:
            here |= {self.root / name for name in self.store.names(f"{self._name(directory)}/")}
        return sorted(here)

    def send(self, path: Path, mark: str) -> None:
        """Put a file, or a directory whose `mark` makes it whole, into the store if there is one."""
        if self.store is None:
            return
        if path.is_dir():
            self.store.put_tree(path, self._name(path), last=mark)
        else:
            self.store.put(self._name(path), path.read_bytes())

    def forget(self, directory: Path) -> None:
        """Remove a directory here and in the store."""
        shutil.rmtree(directory, ignore_errors=True)
        if self.store is not None:
            self.store.delete(self.store.names(f"{self._name(directory)}/"))

    def keep_checkpoint(self, checkpoint: Path) -> None:
        """Put a whole checkpoint into the store in place of earlier ones of its directory."""
        if self.store is None:
            return
        directory = self._name(checkpoint.parent)
        earlier = self.store.names(f"{directory}/")
        self.send(checkpoint, CHECKPOINT_MARK)
        kept = f"{self._name(checkpoint)}/"
        self.store.delete([name for name in earlier if not name.startswith(kept)])

    def bring_checkpoints(self, directory: Path) -> None:
        """Fetch the whole checkpoints that an earlier pod left."""
        directory.mkdir(parents=True, exist_ok=True)
        if self.store is None or any(directory.iterdir()):
            return
        names = self.store.names(f"{self._name(directory)}/")
        for mark in [name for name in names if name.endswith(f"/{CHECKPOINT_MARK}")]:
            self.bring(self.root / Path(mark).parent, CHECKPOINT_MARK)

    def permanent(self, artifact: Path) -> str:
        """The address of an output that outlives the pod; KFP hands stages copies."""
        path = artifact.resolve()
        if path.is_relative_to(self.root):
            name = self._name(path)
        elif self.store is not None and (path / MANIFEST).exists():
            name = f"artifacts/{json.loads((path / MANIFEST).read_text())['artifact']}"
        else:
            return path.as_uri()
        return self.store.uri(name) if self.store else (self.root / name).as_uri()

    def open(self, address: str) -> Path:
        """The directory behind a `permanent` address, fetched if need be. Raises InputError."""
        if address.startswith("file://"):
            return Path(address.removeprefix("file://"))
        base = self.store.uri("") if self.store else "s3://"
        path = self.root / address.removeprefix(base)
        if not address.startswith(base) or not self.bring(path, MANIFEST):
            raise InputError("no such artifact in this home or its store", where=address)
        return path

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self.root))

    def journal(self, name: str, key: str) -> Path:
        return self.root / "journal" / name / f"{key}.jsonl"

    def open_journal(self, name: str, key: str) -> Journal:
        """The journal of one kind of answer, with what earlier pods wrote to it."""
        segments = Segments(self.store, f"journal/{name}/{key}") if self.store else None
        return Journal(self.journal(name, key), segments)

    def run(self, run_key: str) -> Path:
        return self.root / "runs" / run_key

    @property
    def models(self) -> Path:
        """Converted base models, by digest of their source."""
        return self.root / "models"

    @property
    def git(self) -> Path:
        """The bare repository that promotion writes to."""
        return self.root / "git"

    @property
    def tracking_uri(self) -> str:
        return f"sqlite:///{self.root / 'mlflow.db'}"


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
    manifest = path / MANIFEST
    if manifest.exists() and (path.parent / REPORT).exists():
        files = json.loads(manifest.read_text())["files"]
    elif path.is_dir():
        files = _file_digests(path)
    else:
        raise InputError("no such file or directory", where=str(path))
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


def _check_manifests(directory: Path, address: str) -> None:
    """Believe no copy whose files are not those that its manifests name. Raises PlatformError."""
    for manifest in directory.rglob(MANIFEST):
        if _file_digests(manifest.parent) != json.loads(manifest.read_text())["files"]:
            raise PlatformError(
                f"what the store holds of '{manifest.parent.name}' is not what was published",
                where=address, remedy="remove it from the store; the step is then done again",
            )  # fmt: skip


def _file_digests(directory: Path) -> dict[str, str]:
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
        "files": _file_digests(directory),
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


def check_destination(destination: Path) -> None:
    """Refuse to overwrite what this program did not write. Raises InputError."""
    if destination.suffix and destination.suffix not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise InputError(f"unknown kind of file '{destination.suffix}'", where=str(destination),
                         remedy=f"{known}, or a directory")  # fmt: skip
    if destination.is_dir() and any(destination.iterdir()) and not _is_copy(destination):
        raise InputError(
            "the directory is not empty, and not an earlier output", where=str(destination),
            remedy="name a new directory",
        )  # fmt: skip


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
        write_table(destination, read_table(file, TABLES.get(source.name, Record)))
