"""Rows that a stage cannot use: counted by reason, told by place, and the others go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from acecoder.engine.tables import R, each_row, record_of
from acecoder.errors import InputError

MAX_EXAMPLES = 1_000
MAX_SAID = 3


class Rejects:
    """What was left out of the tables that users bring."""

    def __init__(self) -> None:
        self.by_reason: Counter[str] = Counter()
        self.examples: list[str] = []
        """File, line or row, and reason, of the first of them."""

    @property
    def count(self) -> int:
        return self.by_reason.total()

    def add(self, reason: str, where: str) -> None:
        """One row is left out."""
        self.by_reason[reason] += 1
        if len(self.examples) < MAX_EXAMPLES:
            self.examples.append(f"{where}: {reason}")

    def read(self, path: Path, kind: type[R]) -> Iterator[R]:
        """The records of a table; rows that are none are added here.

        Raises: InputError where the file is no table, or no row of it is a record.
        """
        good, before = 0, self.count
        for where, row in each_row(path):
            try:
                if isinstance(row, InputError):
                    raise row
                record = record_of(row, kind, where=where)
            except InputError as fault:
                self.add(fault.what, fault.where)
                continue
            good += 1
            yield record
        if not good and self.count > before:
            reason, place = self.by_reason.most_common(1)[0][0], self.examples[before]
            raise InputError(f"no row is a {kind.__name__.lower()}: {reason}", where=place)

    def say(self, say: Callable[[str], None]) -> None:
        """Tell how many, why, and where the first ones stand."""
        if self.count:
            say(f"{self.count} rows left out: {dict(self.by_reason.most_common(5))}")
            for example in self.examples[:MAX_SAID]:
                say(f"  {example}")
