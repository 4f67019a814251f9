"""The keys of a config as text: one per line, nested tables by dotted names, defaults and units."""

from __future__ import annotations

import textwrap
import typing
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from acecoder.config import Chosen, Config

UNITS = {
    "_s": "seconds",
    "_bytes": "bytes",
    "_tokens": "tokens",
    "_chars": "characters",
    "_words": "words",
}


def config_help(kind: type[Config]) -> str:
    """Every key of a config with its default, unit and text."""
    return "\n".join(_lines(kind, ""))


def _lines(kind: type[BaseModel], prefix: str, condition: str = "") -> Iterator[str]:
    for name, field in kind.model_fields.items():
        notes = [_default(field), _unit(name), condition]
        yield f"  {prefix}{name} ({', '.join(note for note in notes if note)})"
        text = " ".join((field.description or "").split())
        yield from textwrap.wrap(text, 94, initial_indent=" " * 6, subsequent_indent=" " * 6)
        for inner, when in nested_configs(field):
            yield from _lines(inner, f"{prefix}{name}.", when or condition)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True)
    if isinstance(default, BaseModel):
        return "a table"
    return "default none" if default is None else f"default {_toml(default)}"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return str(value)


def _unit(name: str) -> str:
    return next((unit for end, unit in UNITS.items() if name.endswith(end)), "")


def nested_configs(field: FieldInfo) -> Iterator[tuple[type[BaseModel], str]]:
    """The configs that a field may hold, and when."""
    room = next((each for each in field.metadata if isinstance(each, Chosen)), None)
    types = [field.annotation, *typing.get_args(field.annotation)]
    for each in types if room is None else ():
        if isinstance(each, type) and issubclass(each, Config):
            yield each, ""
    for config in room.configs().values() if room else ():
        yield config, f'for kind = "{config.model_fields["kind"].default}"'
