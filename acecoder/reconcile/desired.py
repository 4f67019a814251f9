"""The runs that git asks for: one directory of `train/` each, whose content gives the run its key.

    train/<name>/request.toml     which pipeline, profile, images, data
    train/<name>/*.toml           a profile of your own, where the request names one
    train/<name>/occasion.toml    a schedule's date or a metric's drop, proposed by reconcile

Nothing of the code that reconciles is in the key: an upgrade of the platform's CronJob retrains nothing.
What the pods run is named by the images, and stands in the request.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pydantic import Field

from acecoder.config import Config, Table, decisive, digest_of, incidental, validate
from acecoder.engine.tracking.starting import flatten
from acecoder.errors import InputError
from acecoder.problem_sets.loading import hub_of
from acecoder.profiles import apply_settings, merge, profile_path, read_profile

FOLDER = "train"
REQUEST = "request.toml"
OCCASION = "occasion.toml"
NAME = re.compile(r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")
ALIAS = re.compile(r"^registry:[^@/]+@")


class Files(Protocol):
    """A commit of the operations repository, or a directory with a checkout of it."""

    def read(self, name: str) -> str | None:
        """A file's text, or None."""
        ...

    def names(self, prefix: str = "") -> list[str]:
        """The paths of all files under a directory."""
        ...


class RequestedImages(Config):
    """The images of the steps, by digest; those left empty are the cluster's (`infra.toml`)."""

    cpu: str = ""
    """For steps that need no torch."""
    train: str = ""
    """For steps that run a model or train one."""
    rl: str = ""
    """For steps that write texts with vLLM."""


class Request(Config):
    """A run that git asks for."""

    profile: str = Field(min_length=1)
    """A profile of the platform by name, or a file beside the request."""
    pipeline: str = "retrain"
    """Which pipeline."""
    settings: tuple[str, ...] = ()
    """KEY=VALUE over the profile, as `--set` has it."""
    images: RequestedImages = RequestedImages()
    """What the pods run."""
    data: dict[str, str] = Field({})
    """What else the run reads: any name -> its sha256, revision or version. A new value is a new run."""
    max_attempts: int = incidental(2, ge=1)
    """How often a run that fails is started again, in all."""
    retry_after_s: float = incidental(600.0, ge=0)
    """How long after a failure."""
    reason: str = incidental("")
    """Why, for those who read the history; moves no key."""


@dataclass(frozen=True)
class Desired:
    """One run that should be there."""

    name: str
    request: Request
    profile: Table
    """Its tables, the request's settings over them."""
    parts: Mapping[str, str]
    """Everything that the key is made of, by name."""

    @property
    def key(self) -> str:
        """Names the run: the same content, the same run."""
        return digest_of(dict(self.parts))[:16]


PIN = "`acecoder retrain --pin` writes the revision that it has now; then commit"


def read(files: Files) -> Iterator[tuple[str, Desired | InputError]]:
    """(name, the run or why it is none) of every directory of `train/`."""
    for path in files.names(FOLDER):
        parts = path.split("/")
        if len(parts) == 3 and parts[2] == REQUEST:
            try:
                yield parts[1], _desired(files, parts[1], path)
            except InputError as error:
                yield parts[1], error


def _desired(files: Files, name: str, path: str) -> Desired:
    if not NAME.match(name):
        raise InputError(
            "a run's name is of letters, digits and hyphens, at most 40", where=f"{FOLDER}/{name}"
        )
    request = validate(Request, _toml(files.read(path) or "", path), where=path)
    own = files.read(f"{FOLDER}/{name}/{request.profile}")
    if own is not None:
        tables = _toml(own, f"{FOLDER}/{name}/{request.profile}")
    else:
        tables = read_profile(profile_path(request.profile))
    tables = merge(tables, apply_settings({}, request.settings))
    _check_pinned(tables, path)
    said = decisive(request)
    said.pop("settings")
    occasion = files.read(f"{FOLDER}/{name}/{OCCASION}")
    whole = {"request": said, "profile": tables}
    if occasion is not None:
        whole["occasion"] = _toml(occasion, f"{FOLDER}/{name}/{OCCASION}")
    return Desired(name, request, tables, flatten(whole))


def _toml(text: str, where: str) -> Table:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"not TOML: {error}", where=where) from error


def _check_pinned(tables: Table, where: str) -> None:
    """Raises InputError where what a name stands for may change under the same key."""
    for path, table in _tables(tables):
        for fault, remedy in _unpinned(table):
            raise InputError(f"{path}.{fault}", where=where, remedy=remedy)


def _unpinned(table: Table) -> Iterator[tuple[str, str]]:
    """What a table names that moves, and what to do about it."""
    source = table.get("source")
    if isinstance(source, str) and ALIAS.match(source):
        yield (
            f"source = '{source}' names an alias, which moves with what serves",
            "`acecoder retrain --pin` writes the version that it names now; then commit",
        )
    if isinstance(source, str) and source.startswith("hub:") and not table.get("revision"):
        yield f"source = '{source}' has no revision, so that it may change under one key", PIN
    for each in _names(table, "sources"):
        if each.startswith("hub:") and "@" not in each:
            yield f"sources: '{each}' has no @REVISION, so that it may change under one key", PIN
    given = table.get("data")
    for each in (*_names(table, "sets"), *_names(table, "decontaminate_against")):
        if hub_of(each) and not (isinstance(given, dict) and each in given):
            yield (
                f"data has no '{each}', which is read from {hub_of(each)} as it is on that day",
                f'write data."{each}" = "revision:COMMIT" in a profile beside the request',
            )


def _names(table: Table, key: str) -> Iterator[str]:
    found = table.get(key)
    yield from (str(each) for each in (found if isinstance(found, list) else ()))


def _tables(value: Any, path: str = "") -> Iterator[tuple[str, Table]]:
    if isinstance(value, dict):
        yield path, value
        for key, inner in value.items():
            yield from _tables(inner, f"{path}.{key}" if path else str(key))


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Which of the hashed things differ, a line each."""
    names = sorted({*before, *after})
    return [
        f"{name}: {before.get(name, 'not there')} -> {after.get(name, 'gone')}"
        for name in names
        if before.get(name) != after.get(name)
    ]


@dataclass(frozen=True)
class Checkout:
    """A clone of the operations repository on this machine, as it lies there."""

    root: Path

    def read(self, name: str) -> str | None:
        """See `Files`."""
        file = self.root / name
        return file.read_text(encoding="utf-8") if file.is_file() else None

    def names(self, prefix: str = "") -> list[str]:
        """See `Files`."""
        found = (self.root / prefix).rglob("*")
        return sorted(str(file.relative_to(self.root)) for file in found if file.is_file())
