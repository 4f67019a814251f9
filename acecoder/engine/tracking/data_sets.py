"""A table as MLflow's data set: schema, rows, what its columns hold, where it lies."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from acecoder.engine.publishing import MANIFEST
from acecoder.engine.tables import each_row, table_file
from acecoder.errors import InputError

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput

PROFILED_ROWS = 500
"""The profile of columns is of the first so many rows."""
TYPES = {bool: "boolean", int: "long", float: "double", str: "string"}


def data_set(name: str, directory: Path, digest: str, address: str) -> DatasetInput | None:
    """An output as a data set of MLflow, or None where it is no table of records."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    try:
        file = table_file(directory)
    except InputError:
        return None
    rows = [row for _, row in islice(each_row(file), PROFILED_ROWS) if isinstance(row, dict)]
    kind = "s3" if address.startswith("s3:") else "local"
    made = Dataset(
        name,
        digest[:36],
        kind,
        json.dumps({"uri": address}),
        schema=json.dumps({"mlflow_colspec": _columns(rows)}),
        profile=json.dumps(_profile(directory, file, rows)),
    )
    return DatasetInput(made, tags=[InputTag("mlflow.data.context", "output")])


def _columns(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Names and types as MLflow's schema has them; a column is required if every row has it."""
    names = dict.fromkeys(name for row in rows for name in row)
    return [
        {
            "name": name,
            "type": _type([row[name] for row in rows if row.get(name) is not None]),
            "required": all(row.get(name) is not None for row in rows),
        }
        for name in names
    ]


def _type(values: list[object]) -> str:
    kinds = {TYPES.get(type(value), "object") for value in values}
    if kinds == {"long", "double"}:
        return "double"
    return kinds.pop() if len(kinds) == 1 else "object"


def _profile(directory: Path, file: Path, rows: list[dict[str, object]]) -> dict[str, object]:
    """Rows in all, size, and per column the range of numbers and lengths among the first rows."""
    manifest = directory / MANIFEST
    counts = json.loads(manifest.read_text())["counts"] if manifest.is_file() else {}
    found: dict[str, object] = {
        "num_rows": counts.get(directory.name, len(rows)),
        "num_bytes": file.stat().st_size,
        "counts": counts,
        "profiled_rows": len(rows),
    }
    columns: dict[str, object] = {}
    for column in _columns(rows):
        name = str(column["name"])
        values = [row[name] for row in rows if row.get(name) is not None]
        numbers = [v for v in values if isinstance(v, int | float)]
        lengths = [len(v) for v in values if isinstance(v, str | list)]
        told: dict[str, object] = {"missing": len(rows) - len(values)}
        for what, these in (("value", numbers), ("length", lengths)):
            if these:
                told[what] = {
                    "min": min(these),
                    "mean": round(sum(these) / len(these), 4),
                    "max": max(these),
                }
        columns[name] = told
    return found | {"columns": columns}
