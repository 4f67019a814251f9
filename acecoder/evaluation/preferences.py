"""Which of two programs is better, as reward models are asked it: our pairs, and two public sets.

Rows are told apart by their fields. Ours: `chosen` and `rejected` with their pass rates. RewardBench: `chosen`
and `rejected` as texts, with a `subset`. RM-Bench: three of each, in rising elaborateness of style; a chosen one
against a more elaborate rejected one is hard, against a plainer one easy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from acecoder.engine.tables import record_of, rows_of, table_file
from acecoder.errors import InputError
from acecoder.rendering import FENCE, extract_program
from acecoder.schema import Pair

Answers = Literal["program", "text"]
STYLES = 3
"""Answers of each side in RM-Bench."""


@dataclass(frozen=True)
class Preference:
    """A question with a better and a worse answer."""

    group: str
    """What it is counted with, e.g. a subset of RewardBench."""
    problem_id: str
    question: str
    chosen: str
    rejected: str
    rate_gap: float | None = None
    """How much larger a share of the tests the better one passes; None where nobody judged them."""
    level: str = ""
    """`easy`, `normal` or `hard`, where the set says so."""


def read_preferences(path: Path, answers: Answers) -> Iterator[Preference]:
    """Every preference of a table. `answers`: what of a text is scored, its program or all of it.

    Raises: InputError naming the row that is of none of the three kinds.
    """
    file = table_file(path)
    for number, _, _, row in rows_of(file):
        yield from _of_row(row, answers, f"{file}, row {number}")


def _of_row(row: dict[str, Any], answers: Answers, where: str) -> Iterator[Preference]:
    if "chosen_pass_rate" in row:
        pair = record_of(row, Pair, where=where)
        gap = pair.chosen_pass_rate - pair.rejected_pass_rate
        yield Preference(
            "pairs", pair.problem_id, pair.prompt, pair.chosen, pair.rejected, rate_gap=gap
        )
        return
    chosen, rejected = row.get("chosen"), row.get("rejected")
    question = row.get("prompt")
    if isinstance(question, str) and isinstance(chosen, str) and isinstance(rejected, str):
        yield Preference(
            str(row.get("subset") or "rewardbench"),
            f"{row.get('subset', '')}/{row.get('id', where)}",
            question,
            _scored(chosen, answers),
            _scored(rejected, answers),
        )
    elif isinstance(question, str) and _is_styles(chosen) and _is_styles(rejected):
        yield from _of_rm_bench(row, answers, where)
    else:
        raise InputError(
            "neither a pair of ours, nor a row of RewardBench (prompt, chosen, rejected, subset) or RM-Bench "
            f"(prompt, {STYLES} chosen, {STYLES} rejected)",
            where=where,
            remedy="`acecoder schema pair` says what is in a pair",
        )


def _of_rm_bench(row: dict[str, Any], answers: Answers, where: str) -> Iterator[Preference]:
    for style, chosen in enumerate(row["chosen"]):
        for other, rejected in enumerate(row["rejected"]):
            yield Preference(
                str(row.get("domain") or "rm-bench"),
                str(row.get("id", where)),
                row["prompt"],
                _scored(chosen, answers),
                _scored(rejected, answers),
                level="normal" if style == other else "hard" if style < other else "easy",
            )


def _is_styles(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) == STYLES
        and all(isinstance(each, str) for each in value)
    )


def _scored(text: str, answers: Answers) -> str:
    if answers == "text" or FENCE not in text:
        return text
    return extract_program(text) or text
