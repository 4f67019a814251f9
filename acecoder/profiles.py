"""Profiles: the config of every step of a run, from defaults, a TOML file and `--set`.

Values come from defaults < profile < `--set table.key=value`; within each, a stage's own keys are
overridden by the step's. A profile is TOML: one table per stage (`[sample_programs]`), one sub-table
per step that overrides it (`[sample_programs.oracle]`), named models in `[models.NAME]` that a step
refers to by name. A cluster's infra file stands between profile and `--set` (`Overlay`).
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pydantic import Field

from acecoder.config import Config, Table, validate
from acecoder.engine.contract import signature_of
from acecoder.errors import InputError
from acecoder.llm.model import MayUseModel, NamedModel
from acecoder.stages import is_stage, load_stage

SHIPPED = Path(__file__).parent / "pipelines" / "profiles"
RESERVED = ("profile", "models")
DEFAULT_MODEL = "base"


class Overlay(Protocol):
    """What a cluster's infra file says over a profile's tables."""

    def over(self, stage: str, config: Config, steps: Sequence[str]) -> Table:
        """The table to lay over that of a stage, whose config so far is given."""
        ...


class ProfileHeader(Config):
    """The table `[profile]`."""

    pipeline: str = "acecoder"
    """Which pipeline the profile is written for."""
    extends: str = ""
    """A profile whose tables this one begins with, and overrides key by key: shipped, or a file beside it."""
    machine_usd_per_hour: float = Field(0.0, ge=0)
    """What an hour of the machine costs that runs the steps, for the report's cost; 0 where nobody pays."""


@dataclass
class Profile:
    """Gives each step its config, and remembers which steps asked."""

    where: str
    """Its file, for errors; empty for no file."""
    tables: Table
    settings: Table = field(default_factory=dict)
    """What `--set` said; overrides the profile and the overlay, steps included."""
    overlay: Overlay | None = None
    """The cluster it is meant for, or None for this machine."""
    configs: dict[str, Config] = field(default_factory=dict)
    steps: tuple[str, ...] = ()
    """All steps of the pipeline, once it has been built for the first time."""
    spared: set[str] = field(default_factory=set)
    """Steps that the pipeline leaves out because nothing in the profile asks for them."""

    @classmethod
    def load(
        cls, name: str, settings: Iterable[str] = (), overlay: Overlay | None = None
    ) -> Profile:
        """Read a profile, shipped or by path, and apply `--set` values. Raises InputError."""
        path = profile_path(name)
        return cls(str(path), read_profile(path), apply_settings({}, settings), overlay)

    @property
    def merged(self) -> Table:
        """All tables, `--set` included; for what has no steps."""
        return merge(self.tables, self.settings)

    @property
    def name(self) -> str:
        return Path(self.where).stem

    @property
    def header(self) -> ProfileHeader:
        """The table `[profile]`. Raises InputError."""
        return validate(ProfileHeader, self.merged.get("profile", {}), where=self.where)

    @property
    def pipeline(self) -> str:
        """The pipeline it is written for: `[profile] pipeline`, by default `acecoder`."""
        return self.header.pipeline

    def config(self, step: str) -> Config:
        """The resolved config of a step (`stage` or `stage.use`).

        Raises: InputError naming file, table and key.
        """
        stage, _, use = step.partition(".")
        kind = signature_of(load_stage(stage)).config
        uses = self.uses(stage)
        own, said = (step_table(t, stage, use, uses) for t in (self.tables, self.settings))
        config = self._validated(kind, merge(own, said), step)
        if self.overlay is not None:
            over = self.overlay.over(stage, config, self.steps)
            config = self._validated(kind, merge(merge(own, over), said), step)
        self.configs[step] = config
        return config

    def uses(self, stage: str) -> list[str]:
        """The sub-tables of a stage's table that are steps, not nested configs."""
        fields = signature_of(load_stage(stage)).config.model_fields
        table = self.merged.get(stage, {})
        return [
            name for name, value in table.items() if isinstance(value, dict) and name not in fields
        ]

    def _validated(self, kind: type[Config], table: Table, step: str) -> Config:
        where = f"{self.where}, [{step}]" if self.where else f"[{step}]"
        models = self.merged.get("models", {})
        if issubclass(kind, MayUseModel) and "model" not in table and DEFAULT_MODEL in models:
            table = {**table, "model": DEFAULT_MODEL}
        return validate(kind, resolve_models(table, models, where=where), where=where)

    def check_complete(self, pipeline: str) -> None:
        """After all steps asked: refuse tables that no step reads, and broken models.

        A pipeline other than the profile's own is a part of it: what the other parts read may be
        there.
        """
        stages = {step.partition(".")[0] for step in self.configs}
        for stage, table in self.merged.items():
            if stage in RESERVED or stage in self.spared:
                continue
            if stage in stages:
                self._check_table(stage, table, uses_too=pipeline == self.pipeline)
            elif pipeline == self.pipeline or not is_stage(stage):
                known = ", ".join(sorted(stages))
                raise InputError(f"unknown table [{stage}] (known: {known})", where=self.where)
        for name, table in self.merged.get("models", {}).items():
            validate(NamedModel, {"model": table}, where=f"{self.where}, [models.{name}]")

    def _check_table(self, stage: str, table: Table, *, uses_too: bool) -> None:
        fields = signature_of(load_stage(stage)).config.model_fields
        for key, value in table.items():
            if key in fields or f"{stage}.{key}" in self.configs:
                continue
            if uses_too or not isinstance(value, dict):
                steps = sorted(s for s in self.configs if s.startswith(f"{stage}."))
                raise InputError(
                    f"unknown key '{key}' in [{stage}] (steps: {', '.join(steps) or 'none'}; "
                    f"keys: {', '.join(sorted(fields))})",
                    where=self.where,
                )


def as_json(config: Config) -> str:
    """A resolved config as the text that a step is given."""
    return json.dumps(config.model_dump(mode="json"), sort_keys=True)


def profile_path(name: str) -> Path:
    """A shipped profile by name (`local`, `smoke.toml`), or a file by path."""
    shipped = SHIPPED / f"{name.removesuffix('.toml')}.toml"
    return shipped if "/" not in name and shipped.exists() else Path(name)


def read_profile(path: Path, extended_by: tuple[Path, ...] = ()) -> Table:
    """Parse a profile, over those that it extends. Raises InputError where one is missing, is not TOML, or
    extends itself."""
    own = _parsed(path)
    header = own.get("profile", {})
    parent = header.get("extends", "") if isinstance(header, dict) else ""
    if not isinstance(parent, str) or not parent:
        return own
    chain = (*extended_by, path.resolve())
    beside = path.parent / f"{parent.removesuffix('.toml')}.toml"
    base = beside if beside.exists() else profile_path(parent)
    if base.resolve() in chain:
        raise InputError(f"'{parent}' extends itself", where=f"{path}, [profile] extends")
    return merge(read_profile(base, chain), own)


def _parsed(path: Path) -> Table:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError):
        shipped = sorted(file.stem for file in SHIPPED.glob("*.toml"))
        raise InputError(
            f"no profile '{path}'",
            remedy=f"a TOML file, or one of {', '.join(shipped)} (acecoder profiles)",
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"not valid TOML: {error}", where=str(path)) from None


def apply_settings(profile: Table, settings: Iterable[str]) -> Table:
    """Apply `--set table.key=value` in order; a value is read as TOML, else taken as text."""
    changed: Table = json.loads(json.dumps(profile))
    for setting in settings:
        dotted, separator, text = setting.partition("=")
        parts = dotted.strip().split(".")
        if not separator or not all(parts):
            raise InputError(f"cannot read '{setting}'", where="--set", remedy="table.key=value")
        table = changed
        for part in parts[:-1]:
            table = table.setdefault(part, {})
            if not isinstance(table, dict):
                raise InputError(f"'{part}' in '{dotted}' is not a table", where="--set")
        table[parts[-1]] = _toml_value(text.strip())
    return changed


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def step_table(profile: Table, stage: str, step: str, steps: Iterable[str]) -> Table:
    """The table of one step: the stage's own keys, overridden by the step's sub-table.

    `steps` names the sub-tables that are steps of this stage, so that a nested config
    (`[judge_programs.limits]`) is told from a step (`[judge_programs.oracle]`).
    """
    table = dict(profile.get(stage, {}))
    own: Table = {}
    for name in steps:
        sub = table.pop(name, {})
        if name == step:
            own = sub
    return merge(table, own)


def merge(base: Table, over: Table) -> Table:
    """`base` with the values of `over`, table by table."""
    merged = dict(base)
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            value = merge(merged[key], value)
        merged[key] = value
    return merged


def resolve_models(table: Table, models: Table, *, where: str) -> Table:
    """Replace `model = "NAME"` by the table `[models.NAME]`."""
    resolved = dict(table)
    name = resolved.get("model")
    if isinstance(name, str):
        if name not in models:
            known = ", ".join(sorted(models)) or "none"
            raise InputError(f"no [models.{name}] in the profile (known: {known})", where=where)
        resolved["model"] = models[name]
    return resolved
