"""The platform's home on disk: artifacts that appear whole, and journals that survive a kill.

    home/artifacts/<step>/<stage_key>/<output>/...   with manifest.json beside the files
    home/journal/<name>/<key>.jsonl                  answers paid for, verdicts reached
    home/mlflow.db, home/runs/, home/git/, home/models/

Where an object store stands behind the home (on a cluster, where a pod's disk dies with it), what
must outlive the pod is in the store under the same names before it counts as done.
What is not here: what a stage key is made of (`identity`), how an output is published (`publishing`).
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from acecoder.engine.journal import Journal
from acecoder.engine.publishing import MANIFEST, check_manifests, publishing
from acecoder.engine.store import ObjectStore, Segments
from acecoder.errors import InputError

QUOTED = str.maketrans({character: f"%{ord(character):02X}" for character in "%?#"})
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
            check_manifests(partial, self.store.uri(self._name(path)))
        return True

    def read(self, path: Path) -> bytes | None:
        """A file of the home, from the store where it is not here; keeps no copy."""
        if path.exists():
            return path.read_bytes()
        return self.store.get(self._name(path)) if self.store else None

    def write(self, path: Path, data: bytes) -> None:
        """Write a file of the home, here and in the store."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.send(path, path.name)

    def listing(self, directory: Path) -> list[Path]:
        """The files of a directory of the home, here and in the store."""
        here = {file for file in directory.rglob("*") if file.is_file()}
        if self.store is not None:
            here |= {self.root / name for name in self.store.names(f"{self._name(directory)}/")}
        return sorted(here)

    def artifacts(self) -> dict[str, int]:
        """STEP/STAGE_KEY of every artifact here and in the store, and its bytes."""
        root, sizes = self.root / "artifacts", dict[str, int]()
        here = [file for file in root.rglob("*") if file.is_file()]
        found = {str(file.relative_to(root)): file.stat().st_size for file in here}
        if self.store is not None:
            stored = self.store.sizes("artifacts/")
            found |= {name.removeprefix("artifacts/"): size for name, size in stored.items()}
        for name, size in found.items():
            parts = name.split("/")
            if len(parts) > 2 and not parts[1].startswith("."):
                artifact = "/".join(parts[:2])
                sizes[artifact] = sizes.get(artifact, 0) + size
        return sizes

    def used_by_runs(self) -> dict[str, list[str]]:
        """Run key -> STEP/STAGE_KEY of every step that it did or found done."""
        used: dict[str, list[str]] = {}
        for note in self.listing(self.root / "runs"):
            if note.parent.name == "steps":
                data = json.loads(self.read(note) or b"{}")
                if data:
                    name = f"{data['step']}/{data['stage_key']}"
                    used.setdefault(note.parent.parent.name, []).append(name)
        return used

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

    def send_checkpoint(self, checkpoint: Path) -> None:
        """Put what this machine wrote of a checkpoint into the store, where it is not whole yet."""
        if self.store is not None:
            self.store.put_tree(checkpoint, self._name(checkpoint), last=CHECKPOINT_MARK)

    def mark_checkpoint(self, checkpoint: Path) -> None:
        """Call a checkpoint whole that every machine has sent, in place of earlier ones of its directory."""
        if self.store is None:
            return
        earlier = self.store.names(f"{self._name(checkpoint.parent)}/")
        kept = f"{self._name(checkpoint)}/"
        self.store.put(f"{kept}{CHECKPOINT_MARK}", b"")
        self.store.delete([name for name in earlier if not name.startswith(kept)])

    def bring_checkpoints(self, directory: Path) -> None:
        """Fetch the whole checkpoints that earlier pods left, in place of what is here of them in part."""
        directory.mkdir(parents=True, exist_ok=True)
        if self.store is None:
            return
        names = self.store.names(f"{self._name(directory)}/")
        for mark in [name for name in names if name.endswith(f"/{CHECKPOINT_MARK}")]:
            checkpoint = self.root / Path(mark).parent
            if not (checkpoint / CHECKPOINT_MARK).exists():
                shutil.rmtree(checkpoint, ignore_errors=True)
            self.bring(checkpoint, CHECKPOINT_MARK)

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
        """The operations repository where none is configured; it stays on this machine."""
        return self.root / "git"

    @property
    def tracking_uri(self) -> str:
        """MLflow's database; what a URI reads as more than a path (`%`, `?`, `#`) is quoted."""
        return f"sqlite:///{str(self.tracking_database).translate(QUOTED)}"

    @property
    def tracking_database(self) -> Path:
        """MLflow's database, where no server is named."""
        return self.root / "mlflow.db"
