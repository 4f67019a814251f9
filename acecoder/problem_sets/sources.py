"""Where a benchmark's rows are read from: a local file, or a dataset of Hugging Face by name."""

from __future__ import annotations

import gzip
import json
import pickle
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from acecoder.engine.publishing import file_digest
from acecoder.errors import InputError
from acecoder.schema import Problem

Row = dict[str, Any]
SUFFIXES = (".jsonl", ".json", ".parquet")
IDS = ("task_id", "question_id")
BAD_ROW = (KeyError, TypeError, ValueError, AttributeError, IndexError, SyntaxError, EOFError,
           RecursionError, StopIteration, zlib.error, pickle.UnpicklingError)  # fmt: skip
"""What reading a row of somebody else's may raise."""


@dataclass(frozen=True)
class Hub:
    """A dataset of Hugging Face."""

    repository: str
    split: str = "test"
    name: str | None = None
    """Of its configuration, where it has several."""
    revision: str = ""
    """A commit; empty for the newest."""


@dataclass(frozen=True)
class Revision:
    """A commit of a dataset of Hugging Face."""

    commit: str


Data = Path | Revision | None
"""Where rows come from: a file, a commit of the dataset, or its newest."""


@dataclass(frozen=True)
class Source:
    """What is read: a file, or where there is none a dataset."""

    newest: Hub
    data: Data = None

    @property
    def file(self) -> Path | None:
        """The file that is read."""
        return self.data if isinstance(self.data, Path) else None

    @property
    def hub(self) -> Hub:
        """The dataset that is read where there is no file."""
        if isinstance(self.data, Revision):
            return replace(self.newest, revision=self.data.commit)
        return self.newest

    def rows(self) -> Iterator[Row]:
        """Raises InputError where it cannot be read."""
        return _file_rows(self.file) if self.file else iter(_hub_rows(self.hub))

    def problems(self, make: Callable[[Row], Problem]) -> Iterator[Problem]:
        """A problem for each row. Raises InputError on a row that is none."""
        for row in self.rows():
            try:
                problem = make(row)
            except BAD_ROW as error:
                task = next((str(row[key]) for key in IDS if key in row), "a row without an id")
                raise InputError(
                    f"no task: {type(error).__name__}: {str(error)[:200]}",
                    where=f"{self.name()}, {task}",
                ) from None
            yield problem

    def digest(self) -> str:
        """What changes when the rows do. Raises InputError."""
        if self.file is None:
            return hub_revision(self.hub)
        _require_file(self.file)
        return file_digest(self.file)

    def name(self) -> str:
        """What a reader knows it by."""
        return self.file.name if self.file else f"{self.hub.repository} ({self.hub.split})"


def _require_file(file: Path) -> None:
    if not file.is_file():
        raise InputError("no such file", where=str(file), remedy="check the path given as data")


def _file_rows(file: Path) -> Iterator[Row]:
    _require_file(file)
    kind = Path(file.name.removesuffix(".gz")).suffix
    if kind not in SUFFIXES:
        raise InputError(
            f"unknown kind of file '{kind}'",
            where=str(file),
            remedy=f"one of {', '.join(SUFFIXES)}, the first two also with .gz",
        )
    place = "the whole file"
    try:
        for number, row in enumerate(_rows_of(file, kind), start=1):
            place = f"row {number}"
            found = json.loads(row) if isinstance(row, str) else row
            if not isinstance(found, dict):
                raise ValueError(f"expected an object, found {type(found).__name__}")
            yield found
    except (ValueError, RecursionError, EOFError, zlib.error, OSError) as error:
        raise InputError(f"cannot be read: {error}", where=f"{file}, {place}") from None


def _rows_of(file: Path, kind: str) -> Iterator[Any]:
    """The rows; of JSONL as texts, blank lines left out."""
    if kind == ".parquet":
        import pyarrow.parquet

        yield from pyarrow.parquet.read_table(file).to_pylist()
        return
    with (gzip.open if file.suffix == ".gz" else open)(file, "rt", encoding="utf-8") as text:
        yield from _whole(json.load(text)) if kind == ".json" else filter(str.strip, text)


def _whole(data: Any) -> Iterator[Row]:
    """The rows of a file that is one JSON value: a list, or an object of rows or of columns."""
    if isinstance(data, list):
        yield from data
    elif not isinstance(data, dict):
        raise ValueError(f"expected rows, found {type(data).__name__}")
    elif data and all(isinstance(row, dict) and "task_id" in row for row in data.values()):
        yield from data.values()
    else:
        yield from ({"task_id": key, **row} for key, row in data.items())


@contextmanager
def reaching(where: str) -> Iterator[None]:
    """Raises InputError for whatever the libraries of Hugging Face raise: a dozen kinds."""
    try:
        yield
    except Exception as error:
        raise InputError(
            f"cannot be read from Hugging Face: {(str(error) or repr(error)).splitlines()[0][:200]}",
            where=where,
            remedy="name a local file as its data (--data FILE), pip install datasets, check the network",
        ) from None


def _hub_rows(hub: Hub) -> Any:
    with reaching(hub.repository):
        from datasets import load_dataset

        return load_dataset(
            hub.repository, hub.name, split=hub.split, revision=hub.revision or None
        )


def hub_revision(hub: Hub) -> str:
    """The commit that is read. Raises InputError."""
    with reaching(hub.repository):
        from huggingface_hub import HfApi

        return str(HfApi().dataset_info(hub.repository, revision=hub.revision or None).sha)
