"""The set this project ships: small problems that a small model half solves (`first_steps/README.md`)."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources

from acecoder.engine.publishing import file_digest
from acecoder.engine.tables import read_table
from acecoder.problem_sets.problem_set import ProblemSet
from acecoder.problem_sets.sources import Data
from acecoder.schema import Problem

FOLDER = "first_steps"


def _load(part: str, data: Data = None) -> Iterator[Problem]:
    with resources.as_file(_file(part)) as file:
        yield from read_table(file, Problem)


def _digest(part: str, data: Data = None) -> str:
    with resources.as_file(_file(part)) as file:
        return file_digest(file)


def _file(part: str) -> resources.abc.Traversable:
    return resources.files("acecoder.problem_sets") / FOLDER / f"{part}.jsonl"


SET = ProblemSet(_load, _digest, parts=("train", "held_out"))
