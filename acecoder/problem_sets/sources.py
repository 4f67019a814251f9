"""Where a benchmark's rows are read from: a local file, or a dataset of Hugging Face by name."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acecoder.engine.publishing import file_digest
from acecoder.errors import InputError

Row = dict[str, Any]
SUFFIXES = (".jsonl", ".json", ".parquet")


@dataclass(frozen=True)
class Hub:
    """A dataset of Hugging Face."""

    repository: str
    split: str = "test"
    name: str | None = None
    """Of its configuration, where it has several."""


@dataclass(frozen=True)
class Source:
    """What is read: a file, or where there is none a dataset."""

    hub: Hub
    file: Path | None = None

    def rows(self) -> Iterator[Row]:
        """Raises InputError where it cannot be read."""
        return _file_rows(self.file) if self.file else iter(_hub_rows(self.hub))

    def digest(self) -> str:
        """What changes when the rows do. Raises InputError."""
        if self.file is None:
            return _hub_revision(self.hub)
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
    if kind == ".parquet":
        import pyarrow.parquet

        yield from pyarrow.parquet.read_table(file).to_pylist()
        return
    place = "the whole file"
    try:
        with (gzip.open if file.suffix == ".gz" else open)(file, "rt", encoding="utf-8") as text:
            rows = enumerate(_whole(json.load(text)) if kind == ".json" else text, start=1)
            for number, row in rows:
                place = f"row {number}"
                found = json.loads(row) if isinstance(row, str) else row
                if not isinstance(found, dict):
                    raise ValueError(f"expected an object, found {type(found).__name__}")
                yield found
    except (ValueError, EOFError, OSError) as error:
        raise InputError(f"cannot be read: {error}", where=f"{file}, {place}") from None


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


def _hub_rows(hub: Hub) -> Any:
    try:
        from datasets import load_dataset
    except ImportError:
        raise InputError(
            "reading from Hugging Face needs the package `datasets`",
            where=hub.repository,
            remedy="install acecoder[train], or name a local file as its data",
        ) from None
    try:
        return load_dataset(hub.repository, hub.name, split=hub.split)
    except Exception as error:  # of a dozen libraries: no network, no such dataset, no space
        raise InputError(
            f"cannot be read from Hugging Face: {str(error).splitlines()[0][:200]}",
            where=hub.repository,
            remedy="check the network, or name a local file as its data",
        ) from None


def _hub_revision(hub: Hub) -> str:
    try:
        from huggingface_hub import HfApi

        return str(HfApi().dataset_info(hub.repository).sha)
    except Exception as error:
        raise InputError(
            f"cannot be found on Hugging Face: {str(error).splitlines()[0][:200]}",
            where=hub.repository,
            remedy="check the network, or name a local file as its data",
        ) from None
