"""The platform's home on disk: artifacts that appear whole, and journals that survive a kill.

    home/artifacts/<step>/<stage_key>/<output>/...   with manifest.json beside the files
    home/journal/<name>/<key>.jsonl                  answers paid for, verdicts reached
    home/mlflow.db, home/runs/, home/git/, home/models/
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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acecoder.errors import InputError
from acecoder.tables import SUFFIXES, disk_error

MANIFEST = "manifest.json"
REPORT = "report.json"


@dataclass(frozen=True)
class Home:
    """Where everything lies that outlives a run."""

    root: Path

    @classmethod
    def from_environment(cls) -> Home:
        """`ACECODER_HOME`, or `.acecoder` in the current directory."""
        return cls(Path(os.environ.get("ACECODER_HOME", ".acecoder")).absolute())

    def artifact(self, step: str, stage_key: str) -> Path:
        return self.root / "artifacts" / step / stage_key

    def journal(self, name: str, key: str) -> Path:
        return self.root / "journal" / name / f"{key}.jsonl"

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

    A manifest names the sha256 of every file, so hashing it is hashing them.
    """
    if path.is_file():
        return file_digest(path)
    manifest = path / MANIFEST
    if manifest.exists():
        files = json.loads(manifest.read_text())["files"]
    elif path.is_dir():
        files = _file_digests(path)
    else:
        raise InputError("no such file or directory", where=str(path))
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


def _file_digests(directory: Path) -> dict[str, str]:
    return {
        str(file.relative_to(directory)): file_digest(file)
        for file in sorted(directory.rglob("*"))
        if file.is_file() and file.name != MANIFEST
    }


def write_manifest(directory: Path, *, stage_key: str, counts: Mapping[str, int]) -> None:
    """Describe an output: sha256 of every file, its schema version, counts, who made it."""
    from acecoder.schema import SCHEMA_VERSION

    manifest = {
        "schema_version": SCHEMA_VERSION,
        "stage_key": stage_key,
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


class Journal:
    """An append-only map from a digest to plain data, on disk before `put` returns.

    A torn last line (the process was killed while writing) is dropped and overwritten.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries: dict[str, Any] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a+b")
        except OSError as error:
            raise disk_error(error, path) from error
        self._load()

    def _load(self) -> None:
        # Another process may be writing: what looks torn may be a line that is not all there yet.
        with self._locked():
            self._read()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _read(self) -> None:
        self._file.seek(0)
        good = 0
        for line in self._file:
            if not line.endswith(b"\n"):
                break
            try:
                key, value = json.loads(line)
            except ValueError:
                break
            self._entries[key] = value
            good += len(line)
        self._file.truncate(good)

    def get(self, key: str) -> Any:
        """The value put under `key`, or None."""
        return self._entries.get(key)

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def put(self, entries: Mapping[str, Any]) -> None:
        """Record entries together; they are on disk when this returns."""
        if not entries:
            return
        text = "".join(json.dumps([key, value]) + "\n" for key, value in entries.items())
        try:
            with self._locked():
                self._file.write(text.encode())
                self._file.flush()
                os.fsync(self._file.fileno())
        except OSError as error:
            raise disk_error(error, self._path) from error
        self._entries.update(entries)

    def close(self) -> None:
        self._file.close()


def copy_out(source: Path, destination: Path) -> None:
    """Give a published output the path its user named: a table as a file, else a directory."""
    if destination.suffix in SUFFIXES:
        _copy_table(source, destination)
        return
    if destination.is_symlink() or destination.is_file():
        destination.unlink()
    elif destination.exists():
        shutil.rmtree(destination)
    destination.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(source, destination)


def _copy_table(source: Path, destination: Path) -> None:
    from acecoder.schema import Record
    from acecoder.tables import read_table, table_file, write_table

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
        write_table(destination, read_table(file, Record))
