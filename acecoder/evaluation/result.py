"""A finished evaluation as a folder: scores, verdicts, tables, and what they were made from."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from acecoder.config import JsonValue
from acecoder.engine.tables import read_table
from acecoder.errors import InputError
from acecoder.evaluation import tables
from acecoder.evaluation.comparing import Difference, difference_rows
from acecoder.evaluation.values import VALUES_FILE, ValuesByModel
from acecoder.schema import Score

SCORES = "scores.jsonl"
VERDICTS = "verdicts.jsonl"
ORIGIN = "evaluation.json"
DIFFERENCES = "differences.json"
TABLE = "table"


def write(
    folder: Path,
    scores: Sequence[Score],
    values: ValuesByModel,
    origin: dict[str, JsonValue],
    *,
    verdicts: Path | None = None,
    with_published: bool = False,
) -> str:
    """Fill the folder; the table as Markdown is returned. What is there of the same names is
    replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    table = tables.table_of(scores, with_published=with_published)
    for suffix, rendered in tables.FORMATS.items():
        (folder / f"{TABLE}.{suffix}").write_text(rendered(table), encoding="utf-8")
    (folder / SCORES).write_text("".join(f"{s.model_dump_json()}\n" for s in scores))
    for name, content in (
        (VALUES_FILE, values),
        (DIFFERENCES, difference_rows(values)),
        (ORIGIN, origin),
    ):
        (folder / name).write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
    if verdicts is not None:
        shutil.copyfile(verdicts, folder / VERDICTS)
    return tables.markdown(table)


def read(path: Path) -> tuple[list[Score], ValuesByModel]:
    """The scores and values of a folder that `write` or a stage made. Raises InputError."""
    scores = path / SCORES
    found = list(read_table(scores if scores.exists() else path, Score))
    values = path / VALUES_FILE
    if not values.exists():
        raise InputError(
            "no evaluation: it has no values by problem",
            where=str(values),
            remedy="name the folder that `acecoder evaluate` or evaluate_model wrote",
        )
    return found, json.loads(values.read_text())


def merged(
    evaluations: Sequence[tuple[str, Sequence[Score], ValuesByModel]],
) -> tuple[list[Score], ValuesByModel]:
    """Several evaluations as one; models of one name are told apart by their evaluation's."""
    counts: dict[str, int] = {}
    for _, _, values in evaluations:
        for model in values:
            counts[model] = counts.get(model, 0) + 1
    scores: list[Score] = []
    together: ValuesByModel = {}
    for name, own, values in evaluations:
        called = {model: model if counts[model] == 1 else f"{model} ({name})" for model in values}
        scores += [score.model_copy(update={"model": called[score.model]}) for score in own]
        together |= {called[model]: by_benchmark for model, by_benchmark in values.items()}
    return scores, together


def differences(values: ValuesByModel, rows: Sequence[str]) -> list[Difference]:
    """The paired differences between models, row by row, of the rows named (all if empty)."""
    found = []
    for each in difference_rows(values):
        (_, row), (_, other) = (each["row"].rsplit(", ", 1), each["other"].rsplit(", ", 1))
        if row == other and (not rows or row in rows):
            found.append(each)
    return found
