"""Tables of records on disk: JSONL or Parquet, told apart by the file's name.

A malformed record is refused with file, line and field. In Parquet, structured tests and fields
outside the schema travel as JSON text, so that both formats hold the same records; the columns and
their types are the record's, whatever the rows hold (`arrow_schema`).
"""

from __future__ import annotations

import errno
import json
import os
import types
import typing
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from acecoder.errors import InputError, PlatformError
from acecoder.schema import Record

R = TypeVar("R", bound=Record)

TABLE_NAME = "records.jsonl"
SUFFIXES = (".jsonl", ".parquet")
EXTRA_COLUMN = "extra_json"
ROWS_PER_GROUP = 4096


def table_file(path: Path) -> Path:
    """The table behind an artifact: the file itself, or the one table in a directory."""
    if path.suffix in SUFFIXES:
        if not path.exists():
            raise InputError("no such file", where=str(path))
        return path
    if not path.is_dir():
        raise InputError(
            "not a table", where=str(path), remedy="a .jsonl or .parquet file, or a directory"
        )
    found = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES)
    if len(found) != 1:
        raise InputError(f"holds {len(found)} tables, expected one", where=str(path))
    return found[0]


def read_table(path: Path, kind: type[R]) -> Iterator[R]:
    """Yield the records of a table, in order.

    Raises: InputError at the first malformed record, naming file, line (or row) and field.
    """
    file = table_file(path)
    word = "row" if file.suffix == ".parquet" else "line"
    for number, _, _, row in rows_of(file):
        yield record_of(row, kind, where=f"{file}, {word} {number}")


def record_of(row: dict[str, Any], kind: type[R], *, where: str) -> R:
    """A row as a record. Raises InputError naming the field."""
    try:
        return kind.model_validate(row)
    except RecursionError:
        raise InputError(
            f"this {kind.__name__.lower()} is nested too deeply", where=where
        ) from None
    except ValidationError as error:
        fault = error.errors()[0]
        field = ".".join(str(part) for part in fault["loc"]) or "record"
        missing = [str(f["loc"][0]) for f in error.errors() if f["type"] == "missing" and f["loc"]]
        others = f" (and {', '.join(missing[1:])})" if len(missing) > 1 else ""
        raise InputError(
            f"field '{field}'{others} of this {kind.__name__.lower()}: {fault['msg']}",
            where=where,
            remedy=f"`acecoder schema {kind.__name__.lower()}` says what is in one"
            if missing
            else "",
        ) from None


def rows_of(file: Path) -> Iterator[tuple[int, int, int, dict[str, Any]]]:
    """(number, offset, size in bytes, row) of a table file; Parquet's rows have no offset.

    Raises: InputError on what is neither.
    """
    if file.suffix == ".parquet":
        yield from _parquet_rows(file)
        return
    for number, offset, line in _lines(file):
        row = _row(line, where=f"{file}, line {number}")
        if isinstance(row, InputError):
            raise row
        yield number, offset, len(line), row


def each_row(path: Path) -> Iterator[tuple[str, dict[str, Any] | InputError]]:
    """(place, row) of a table, with a fault in the place of a line that is none."""
    file = table_file(path)
    if file.suffix == ".parquet":
        yield from ((f"{file}, row {number}", row) for number, _, _, row in _parquet_rows(file))
        return
    for number, _, line in _lines(file):
        where = f"{file}, line {number}"
        yield where, _row(line, where=where)


def _lines(file: Path) -> Iterator[tuple[int, int, bytes]]:
    """(number, offset, text) of the lines that are not blank."""
    offset = 0
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            start, offset = offset, offset + len(line)
            if line.strip():
                yield number, start, line


def _row(line: bytes, *, where: str) -> dict[str, Any] | InputError:
    try:
        row = json.loads(line.rstrip())  # a fault at the end is on this line, not on the next
    except json.JSONDecodeError as error:
        return InputError(f"not valid JSON: {error.msg}", where=f"{where}, column {error.colno}")
    except (ValueError, RecursionError, MemoryError) as error:
        why = "nested too deeply" if isinstance(error, RecursionError) else error
        return InputError(f"not valid JSON: {why}", where=where)
    if not isinstance(row, dict):
        return InputError(f"expected an object, found {type(row).__name__}", where=where)
    return row


def _parquet_rows(file: Path) -> Iterator[tuple[int, int, int, dict[str, Any]]]:
    import pyarrow
    import pyarrow.parquet

    number = 0
    try:
        with pyarrow.parquet.ParquetFile(file) as table:
            for batch in table.iter_batches(batch_size=1024):
                for row in batch.to_pylist():
                    number += 1
                    extra = json.loads(row.pop(EXTRA_COLUMN, None) or "{}")
                    yield number, 0, 0, _given(row) | extra
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise InputError(f"not a readable Parquet file: {error}", where=str(file)) from None


def _given(row: dict[str, Any]) -> dict[str, Any]:
    """The fields of a row that hold something: a column or struct has a place for every row.

    Bytes are text, or are left out: a record has no field for others.
    """
    return {name: _plain(value) for name, value in row.items() if not _is_nothing(value)}


def _is_nothing(value: object) -> bool:
    return value is None or (isinstance(value, bytes) and _decoded(value) is None)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return _given(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return _decoded(value) if isinstance(value, bytes) else value


def _decoded(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def write_table(path: Path, kind: type[R], records: Iterable[R]) -> int:
    """Write records to a file, or to `records.jsonl` in a directory; the number written.

    Records are drawn one by one and not kept. The file appears whole or not at all. Raises
    PlatformError where the disk refuses.
    """
    file = path if path.suffix in SUFFIXES else path / TABLE_NAME
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.partial")
    try:
        count = (
            _write_parquet(partial, kind, records)
            if file.suffix == ".parquet"
            else _write_jsonl(partial, records)
        )
        partial.replace(file)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise disk_error(error, file) from error
    return count


def _write_jsonl(file: Path, records: Iterable[Record]) -> int:
    count = 0
    with file.open("w", encoding="utf-8") as lines:
        for record in records:
            lines.write(json.dumps(record.model_dump(mode="json")) + "\n")
            count += 1
        lines.flush()
        os.fsync(lines.fileno())
    return count


def _write_parquet(file: Path, kind: type[Record], records: Iterable[Record]) -> int:
    import pyarrow
    import pyarrow.parquet

    schema, count, stream = arrow_schema(kind), 0, iter(records)
    with pyarrow.parquet.ParquetWriter(file, schema) as writer:
        while group := [
            _parquet_row(record, schema.names) for record in islice(stream, ROWS_PER_GROUP)
        ]:
            writer.write_table(pyarrow.Table.from_pylist(group, schema=schema))
            count += len(group)
    return count


def arrow_schema(kind: type[Record]) -> Any:
    """The columns of a record's table and their Arrow types; other fields are JSON in one more."""
    import pyarrow

    columns = {name: _arrow_type(field.annotation) for name, field in kind.model_fields.items()}
    return pyarrow.schema([*columns.items(), (EXTRA_COLUMN, pyarrow.string())])


def _arrow_type(annotation: Any) -> Any:
    import pyarrow

    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _arrow_type(arguments[0])
    if origin is tuple:
        return pyarrow.list_(_arrow_type(arguments[0]))
    if origin in (typing.Union, types.UnionType):
        return _arrow_type(next(each for each in arguments if each is not type(None)))
    if origin is typing.Literal:
        return _arrow_type(type(arguments[0]))
    if annotation is int:
        return pyarrow.int64()
    return pyarrow.float64() if annotation is float else pyarrow.string()


def _parquet_row(record: Record, columns: list[str]) -> dict[str, Any]:
    row = record.model_dump(mode="json")
    extra = {name: row.pop(name) for name in list(row) if name not in columns}
    if "tests" in row:
        row["tests"] = [
            test if isinstance(test, str) else json.dumps(test) for test in row["tests"]
        ]
    # What has no UTF-8 (a lone surrogate) has a form in JSON.
    extra |= {name: row.pop(name) for name in list(row) if not _is_writable(row[name])}
    row[EXTRA_COLUMN] = json.dumps(extra)
    return row


def _is_writable(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_writable, value))
    if not isinstance(value, str) or value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def disk_error(error: OSError, path: Path) -> PlatformError:
    """The readable form of an error of the file system while working towards `path`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        remedy = "free some disk space and run again; finished work is kept"
        return PlatformError(f"cannot write: {error.strerror}", where=str(path), remedy=remedy)
    return PlatformError(error.strerror or str(error), where=str(error.filename or path))
