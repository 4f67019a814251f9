"""What a set of problems is to the rest: how it is read, and what it is identified by.

An open room: a module of this package with a `SET` is one set, under the module's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from acecoder.problem_sets.sources import Data
from acecoder.schema import Problem


@dataclass(frozen=True)
class ProblemSet:
    """One set of problems."""

    load: Callable[[str, Data], Iterator[Problem]]
    """Its problems, by the name of a part, from a file or a revision where one is given; may raise
    InputError."""
    digest: Callable[[str, Data], str]
    """What changes when a part does; may raise InputError."""
    parts: tuple[str, ...] = ("",)
    """The names of its parts; "" for the whole."""
    part_form: re.Pattern[str] | None = None
    """Other names of parts that it understands, such as windows of dates."""
    hub: str = ""
    """The dataset of Hugging Face that it is read from where no file is given; empty for none."""
