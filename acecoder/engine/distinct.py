"""Checks the ids of tables where they are joined: a duplicate is reported, never dropped silently."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from acecoder.engine.index import Index, Place
from acecoder.engine.lookup import Lookup
from acecoder.engine.tables import R, record_of, rows_of, table_file
from acecoder.errors import InputError
from acecoder.schema import Problem, Program


def distinct(path: Path, kind: type[R], field: str = "id") -> Iterator[R]:
    """The records of a table, those that are there twice once.

    Raises: InputError where two different records have one id, naming both places.
    """
    file = table_file(path)
    word = "row" if file.suffix == ".parquet" else "line"
    seen = Index()
    try:
        for number, _, _, row in rows_of(file):
            record = record_of(row, kind, where=f"{file}, {word} {number}")
            key, digest = str(getattr(record, field)), _digest(record)
            known = seen.find(key)
            if not known:
                seen.add([(key, Place(number, digest, 0))])
                yield record
            elif known[0].offset != digest:
                raise InputError(
                    f"two different {kind.__name__.lower()}s have the id {key}",
                    where=f"{file}, {word}s {known[0].label} and {number}",
                    remedy="give each an id of its own, or remove one",
                )
    finally:
        seen.close()


def _digest(record: R) -> int:
    text = json.dumps(record.model_dump(mode="python"), sort_keys=True, default=str)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=7).digest(), "big")


class Taken(Protocol):
    """Which ids are taken: a set in memory, or `OnDisk`."""

    def __contains__(self, key: object, /) -> bool: ...

    def add(self, key: str, /) -> None: ...


class OnDisk:
    """A set of texts that keeps memory flat."""

    def __init__(self) -> None:
        self._index = Index()

    def __contains__(self, key: object, /) -> bool:
        return bool(self._index.find(str(key)))

    def add(self, key: str, /) -> None:
        self._index.add([(key, Place(0, 0, 0))])

    def close(self) -> None:
        self._index.close()


class OwnIds:
    """Gives the programs of a table ids that no other has, by the order they come in.

    Of a doubled id the second program is `ID~2`, and so on: each is a sample, and has its own verdict.
    Whoever reads the table, or one problem's part of it, gives the same names.
    """

    def __init__(self, taken: Taken) -> None:
        self.doubled = 0
        """Programs that have been given another id."""
        self._taken = taken
        self._last: dict[tuple[str, str], int] = {}

    def of(self, programs: Iterable[Program]) -> Iterator[Program]:
        """The programs, in order."""
        for program in programs:
            own = self._own_id(program.problem_id, program.id)
            self._taken.add(f"{program.problem_id}\0{own}")
            yield program if own == program.id else program.model_copy(update={"id": own})

    def _own_id(self, problem: str, name: str) -> str:
        if f"{problem}\0{name}" not in self._taken:
            return name
        self.doubled += 1
        number = self._last.get((problem, name), 1) + 1
        while f"{problem}\0{name}~{number}" in self._taken:
            number += 1
        self._last[problem, name] = number
        return f"{name}~{number}"


def the_one(problems: Lookup[Problem], problem_id: str, where: str) -> Problem:
    """The problem of that id. Raises: InputError where there is none, or where there are two."""
    found = problems.of(problem_id)
    if not found:
        raise InputError(
            f"a program is for a problem that is not there: {problem_id}",
            where=where,
            remedy="pass the problems that the programs were made for; a problem's field is `id`",
        )
    if any(each != found[0] for each in found):
        raise InputError(
            f"two different problems have the id {problem_id}",
            where=where,
            remedy="give each an id of its own, or remove one",
        )
    return found[0]
