"""Configuration: frozen models whose unknown keys are refused by name.

A config may hold others. What a config can do is its type (`sandbox.contract.Judges`,
`cluster.launch.Trains`, `llm.model.UsesModel`): whoever asks walks `nested` and asks `isinstance`.
What is not here: profiles (`profiles`), and which stages exist.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError, PydanticUndefined, core_schema

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
        """Whether a result under the same stage key may be reused."""
        return True


def incidental(default: Any = PydanticUndefined, **kwargs: Any) -> Any:
    """A field that cannot change a stage's result (a worker count, a client's timeout).

    It is left out of the stage key, so that changing it repeats no work (DESIGN, "Identity").
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
        elif tables := _named(value):
            kept[name] = {key: decisive(each) for key, each in tables.items()}
        else:
            kept[name] = config.model_dump(mode="json", include={name})[name]
    return kept


def nested(config: Config, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Config]]:
    """(path of field names, config) of a config itself and of every config in its fields."""
    yield path, config
    for name in type(config).model_fields:
        value = getattr(config, name)
        if isinstance(value, Config):
            yield from nested(value, (*path, name))
        for key, each in _named(value).items():
            yield from nested(each, (*path, name, key))


def _named(value: object) -> dict[str, Config]:
    """The configs of a field that holds several by name; empty for any other field."""
    if isinstance(value, Mapping) and all(isinstance(each, Config) for each in value.values()):
        return dict(value)
    return {}


Capability = TypeVar("Capability", bound=Config)


def having(config: Config, capability: type[Capability]) -> Iterator[Capability]:
    """The configs of a type among a config and those nested in it."""
    return (part for _, part in nested(config) if isinstance(part, capability))


@dataclass(frozen=True)
class Chosen:
    """For the annotation of a field whose class is chosen by its `kind` from an open room.

    A room is a package; each of its modules that has a `CONFIG` is one choice, under the module's
    name. So a new choice is a new file. `"NAME"` alone is short for `{kind = "NAME"}`.
    """

    room: str
    default: str
    """The kind where none is named."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        schema = handler(source)
        return core_schema.no_info_before_validator_function(self._choose, schema)

    def configs(self) -> dict[str, type[Config]]:
        """The config class of every choice, by the module's name."""
        found = {
            name: importlib.import_module(f"{self.room}.{name}") for name in _modules(self.room)
        }
        return {name: module.CONFIG for name, module in found.items() if hasattr(module, "CONFIG")}

    def _choose(self, value: object) -> object:
        table = {"kind": value} if isinstance(value, str) else value
        if not isinstance(table, Mapping):
            return value
        kind = str(table.get("kind", self.default))
        configs = self.configs()
        config = configs.get(kind.replace("++", "_plus_plus").replace("-", "_"))
        if config is None:
            raise ValueError(f"no kind '{kind}' (known: {', '.join(sorted(configs))})")
        try:
            return config.model_validate(dict(table) | {"kind": kind})
        except ValidationError as error:
            raise PydanticCustomError("chosen", "", {"kind": config, "error": error}) from None


@lru_cache(maxsize=32)
def _modules(room: str) -> tuple[str, ...]:
    package = importlib.import_module(room)
    return tuple(sorted(module.name for module in pkgutil.iter_modules(package.__path__)))


def digest_of(value: object) -> str:
    """sha256 (hex) of the canonical JSON text of plain data."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


Model = TypeVar("Model", bound=BaseModel)


def validate(kind: type[Model], data: Table, *, where: str) -> Model:
    """Make a config of plain data; every fault becomes one readable line.

    Raises: InputError naming the file or step, the key, and what was wrong with it.
    """
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise InputError("; ".join(_faults(kind, error)), where=where) from None


def _faults(kind: type[BaseModel], error: ValidationError, prefix: str = "") -> list[str]:
    """One line per fault, each naming its key."""
    known, lines = ", ".join(sorted(kind.model_fields)), []
    for fault in error.errors():
        key = prefix + ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "chosen":
            lines += _faults(fault["ctx"]["kind"], fault["ctx"]["error"], f"{key}.")
        elif fault["type"] == "extra_forbidden":
            lines.append(f"unknown key '{key}' (known: {known})")
        else:
            lines.append(f"{key.rstrip('.') or 'table'}: {fault['msg']}")
    return lines
