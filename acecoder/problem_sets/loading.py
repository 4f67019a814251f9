"""A set of problems by its name (`humaneval`, `first_steps/train`), or a file of problems."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from acecoder import problem_sets
from acecoder.engine.publishing import file_digest
from acecoder.engine.rejects import Rejects
from acecoder.engine.tables import SUFFIXES, read_table
from acecoder.errors import InputError
from acecoder.problem_sets.problem_set import ProblemSet
from acecoder.problem_sets.sources import Data
from acecoder.schema import Problem


def load(name: str, rejects: Rejects | None = None, data: Data = None) -> Iterator[Problem]:
    """Yield the problems of one set, from `data` where that is given. Raises InputError;
    with `rejects`, rows of a table that are no problems are counted there."""
    if Path(name).suffix in SUFFIXES:
        file = Path(name)
        yield from rejects.read(file, Problem) if rejects else read_table(file, Problem)
    else:
        found, part = _find(name)
        yield from found.load(part, data)


def digest(name: str, data: Data = None) -> str:
    """What changes when the set does. Raises InputError."""
    if Path(name).suffix in SUFFIXES:
        if not Path(name).exists():
            raise InputError("no such problem set", where=name)
        return file_digest(Path(name))
    found, part = _find(name)
    return found.digest(part, data)


def hub_of(name: str) -> str:
    """The dataset of Hugging Face that a set is read from where no file is given; empty for none."""
    return "" if Path(name).suffix in SUFFIXES else _find(name)[0].hub


def names() -> list[str]:
    """The names of all sets and their parts."""
    return [
        f"{name}/{part}" if part else name for name, one in sets().items() for part in one.parts
    ]


@lru_cache(maxsize=1)
def sets() -> dict[str, ProblemSet]:
    """All sets by name."""
    found = {}
    for module in pkgutil.iter_modules(problem_sets.__path__):
        loaded = importlib.import_module(f"{problem_sets.__name__}.{module.name}")
        if hasattr(loaded, "SET"):
            found[module.name] = loaded.SET
    return found


def _find(name: str) -> tuple[ProblemSet, str]:
    own, _, part = name.partition("/")
    form = sets()[own].part_form if own in sets() else None
    if name not in names() and not (form and form.fullmatch(part)):
        raise InputError(
            f"unknown problem set '{name}'", remedy=f"{', '.join(names())}, or a .jsonl file"
        )
    return sets()[own], part
