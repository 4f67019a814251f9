"""The keys of a config as text: one per line, nested tables by dotted names, defaults and units."""

from __future__ import annotations

import textwrap
import typing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Key:
    """A key of a config, and of those nested in it."""

    name: str
    """Dotted."""
    notes: tuple[str, ...]
    """Default and unit."""
    text: str


def config_help(kind: type[Config]) -> str:
    """Every key of a config with its default, unit and text."""
    return "\n".join(line for key, kinds in keys_of(kind) for line in _lines(key, kinds))


def _lines(key: Key, kinds: Sequence[str]) -> Iterator[str]:
    named = ", ".join(f'"{kind}"' for kind in kinds)
    notes = [*key.notes, f"for kind = {named}" if kinds else ""]
    yield f"  {key.name} ({', '.join(note for note in notes if note)})"
    yield from textwrap.wrap(key.text, 94, initial_indent=" " * 6, subsequent_indent=" " * 6)


def keys_of(
    kind: type[BaseModel], prefix: str = "", rooms: frozenset[str] = frozenset()
) -> Iterator[tuple[Key, tuple[str, ...]]]:
    """(key, the kinds that have it; none for all) of a config. `rooms`: those that it is itself chosen from."""
    for name, field in kind.model_fields.items():
        text = " ".join((field.description or "").split())
        yield Key(prefix + name, (_default(field), _unit(name)), text), ()
        inner = f"{prefix}{name}."
        room = _room(field)
        if room is None:
            for config in _configs(field):
                yield from keys_of(config, inner, rooms)
        elif room.room not in rooms:
            yield from _of_room(room, inner, rooms | {room.room})


def _room(field: FieldInfo) -> Chosen | None:
    """Where a field's kind is chosen from, also where it may be left out (`Reward | None`)."""
    inner = (getattr(each, "__metadata__", ()) for each in typing.get_args(field.annotation))
    told = [*field.metadata, *(each for metadata in inner for each in metadata)]
    return next((each for each in told if isinstance(each, Chosen)), None)


def _of_room(
    room: Chosen, prefix: str, rooms: frozenset[str]
) -> Iterator[tuple[Key, tuple[str, ...]]]:
    """The keys of every kind in a room. A key that several kinds share is listed once, with their names."""
    kinds: dict[Key, list[str]] = {}
    configs = room.configs().values()
    told = " ".join(str(config.model_fields["kind"].description) for config in configs)
    yield Key(f"{prefix}kind", (f'default "{room.default}"',), " ".join(told.split())), ()
    for config in configs:
        own = str(config.model_fields["kind"].default)
        for key, _ in keys_of(config, prefix, rooms):
            if key.name != f"{prefix}kind":
                kinds.setdefault(key, []).append(own)
    for key, found in kinds.items():
        yield key, () if len(found) == len(configs) else tuple(found)


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


def _configs(field: FieldInfo) -> Iterator[type[BaseModel]]:
    """The configs that a field may hold."""
    for each in (field.annotation, *typing.get_args(field.annotation)):
        if isinstance(each, type) and issubclass(each, Config):
            yield each
