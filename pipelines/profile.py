"""A profile, resolved: the config of every step of a pipeline, unknown keys refused by name."""

from __future__ import annotations

import importlib
import importlib.util
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from acecoder.config import (
    Config,
    ModelConfig,
    Table,
    apply_settings,
    merge,
    read_profile,
    resolve_models,
    step_table,
    validate,
)  # fmt: skip
from acecoder.engine.contract import Stage, signature_of
from acecoder.errors import InputError
from acecoder.pipelines.infra import Infra

PROFILES = Path(__file__).parent / "profiles"
RESERVED = ("profile", "models")
DEFAULT_MODEL = "base"


def load_stage(name: str) -> Stage:
    """The stage function of that name. Raises InputError on an unknown one."""
    try:
        module = importlib.import_module(f"acecoder.stages.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"acecoder.stages.{name}":
            raise
        raise InputError(f"there is no stage '{name}'") from None
    stage: Stage = getattr(module, name)
    return stage


def profile_path(name: str) -> Path:
    """A shipped profile by name (`local`, `smoke.toml`), or a file by path."""
    shipped = PROFILES / f"{name.removesuffix('.toml')}.toml"
    return shipped if "/" not in name and shipped.exists() else Path(name)


class ProfileHeader(Config):
    """The table `[profile]`."""

    pipeline: str = "acecoder"
    """Which pipeline the profile is written for."""


@dataclass
class Profile:
    """Gives each step its config, and remembers which steps asked."""

    path: Path
    tables: Table
    settings: Table = field(default_factory=dict)
    """What `--set` said; overrides the profile and the infra file, steps included."""
    infra: Infra | None = None
    """The cluster it is meant for, or None for this machine."""
    configs: dict[str, Config] = field(default_factory=dict)
    steps: tuple[str, ...] = ()
    """All steps of the pipeline, once it has been built for the first time."""

    @classmethod
    def load(cls, name: str, settings: Iterable[str] = (), infra: Infra | None = None) -> Profile:
        """Read a profile and apply `--set` values. Raises InputError."""
        path = profile_path(name)
        return cls(path, read_profile(path), apply_settings({}, settings), infra=infra)

    @property
    def merged(self) -> Table:
        """All tables, `--set` included; for what has no steps."""
        return merge(self.tables, self.settings)

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def pipeline(self) -> str:
        """The pipeline it is written for: `[profile] pipeline`, by default `acecoder`."""
        return validate(
            ProfileHeader, self.merged.get("profile", {}), where=str(self.path)
        ).pipeline

    def config(self, step: str) -> str:
        """The resolved config of a step (`stage` or `stage.use`) as JSON text.

        Raises: InputError naming file, table and key.
        """
        stage, _, use = step.partition(".")
        kind = signature_of(load_stage(stage)).config
        table = self.merged.get(stage, {})
        uses = [
            name for name, value in table.items()
            if isinstance(value, dict) and name not in kind.model_fields
        ]  # fmt: skip
        resolved = step_table(self.tables, stage, use, uses)
        if self.infra is not None:
            resolved = merge(resolved, self.infra.over(kind, stage, self.steps))
        resolved = merge(resolved, step_table(self.settings, stage, use, uses))
        where = f"{self.path}, [{step}]"
        models = self.merged.get("models", {})
        if "model" in kind.model_fields and "model" not in resolved and DEFAULT_MODEL in models:
            resolved["model"] = DEFAULT_MODEL
        config = validate(kind, resolve_models(resolved, models, where=where), where=where)
        self.configs[step] = config
        return json.dumps(config.model_dump(mode="json"), sort_keys=True)

    def check_complete(self, pipeline: str) -> None:
        """After all steps asked: refuse tables that no step reads, and broken models.

        A pipeline other than the profile's own is a part of it: what the other parts read may be
        there.
        """
        stages = {step.partition(".")[0] for step in self.configs}
        for stage, table in self.merged.items():
            if stage in RESERVED:
                continue
            if stage in stages:
                self._check_table(stage, table, uses_too=pipeline == self.pipeline)
            elif pipeline == self.pipeline or not _is_stage(stage):
                known = ", ".join(sorted(stages))
                raise InputError(f"unknown table [{stage}] (known: {known})", where=str(self.path))
        for name, table in self.merged.get("models", {}).items():
            validate(ModelConfig, table, where=f"{self.path}, [models.{name}]")

    def _check_table(self, stage: str, table: Table, *, uses_too: bool) -> None:
        kind = type(next(c for s, c in self.configs.items() if s.partition(".")[0] == stage))
        for key, value in table.items():
            if key in kind.model_fields or f"{stage}.{key}" in self.configs:
                continue
            if uses_too or not isinstance(value, dict):
                steps = sorted(s for s in self.configs if s.startswith(f"{stage}."))
                raise InputError(
                    f"unknown key '{key}' in [{stage}] (steps: {', '.join(steps) or 'none'}; "
                    f"keys: {', '.join(sorted(kind.model_fields))})",
                    where=str(self.path),
                )


def _is_stage(name: str) -> bool:
    return importlib.util.find_spec(f"acecoder.stages.{name}") is not None
