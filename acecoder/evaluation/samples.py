"""Programs that exist already, as evaluators keep them, read as the programs of a benchmark.

EvalPlus and BigCodeBench keep one sample a line: `task_id` with `solution` (a whole program) or
`completion` (what follows the task's prompt). LiveCodeBench keeps one record a question: `question_id`
with `code_list`. A table of this project has `problem_id` and `program`. A file may be JSON or JSONL,
also with `.gz`. Nothing is dropped without a word: see `Found`.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acecoder.config import JsonValue
from acecoder.errors import InputError
from acecoder.rendering import extract_program
from acecoder.schema import Problem, Program

MAX_EXAMPLES = 3
TASK_KEYS = ("task_id", "problem_id", "question_id")
MODEL_KEYS = ("model", "run")
Row = dict[str, Any]


@dataclass
class Found:
    """What was found in a file beside its good samples: how often, and the first of each kind."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, what: str, example: str) -> None:
        """One more."""
        self.counts[what] += 1
        if len(self.examples.setdefault(what, [])) < MAX_EXAMPLES:
            self.examples[what].append(example)

    def lines(self) -> list[str]:
        """For a reader."""
        return [
            f"{count} {what}: {', '.join(self.examples[what])}{', ...' if count > MAX_EXAMPLES else ''}"
            for what, count in self.counts.items()
        ]

    def details(self) -> dict[str, JsonValue]:
        """For a report."""
        return {
            what: {"count": count, "examples": list(self.examples[what])}
            for what, count in self.counts.items()
        }


BROKEN = "rows that cannot be read, left out"
UNKNOWN = "samples of tasks that the benchmark has not, left out"
NO_TEXT = "rows without a program, left out"
EMPTY = "empty programs, which count as wrong"
REPEATED = "rows that repeat another one, counted as samples of their own"
MISSING = "tasks without a sample, which count as not solved"
UNEVEN = "tasks with fewer samples than others"


def programs(
    file: Path, problems: Mapping[str, Problem], model: str, found: Found, *, extract: bool = False
) -> Iterator[Program]:
    """The samples of a file, in its order, with what else is there put into `found`.

    `extract`: a sample is a model's answer, from which the program is taken (METHOD, M5). Raises
    InputError where the file cannot be read, or holds no sample of any task.
    """
    known = _names(problems)
    index: Counter[tuple[str, str]] = Counter()
    seen: set[str] = set()
    for where, row in _rows(file, found):
        task = next((str(row[key]) for key in TASK_KEYS if key in row), "")
        texts = _texts(row)
        if not task or not texts:
            found.add(NO_TEXT, f"{where} (keys: {', '.join(sorted(row))[:80]})")
            continue
        if task not in known:
            found.add(UNKNOWN, f"{task!r} ({where})")
            continue
        problem = known[task]
        name = next((str(row[key]) for key in MODEL_KEYS if row.get(key)), model)
        identity = json.dumps(row, sort_keys=True)
        if identity in seen:
            found.add(REPEATED, f"{task} ({where})")
        seen.add(identity)
        for text, follows in texts:
            program = _program(text, problem, follows=follows, extract=extract)
            if not text.strip():
                found.add(EMPTY, f"{task} ({where})")
            key = (problem.id, name)
            yield Program(
                problem_id=problem.id, model=name, program_index=index[key], program=program
            )
            index[key] += 1
    _look_at_counts(index, problems, found, file)


def _names(problems: Mapping[str, Problem]) -> dict[str, Problem]:
    """The problems by id; MBPP's also by number alone, as some files have them."""
    short = {name.rpartition("/")[2]: problem for name, problem in problems.items()}
    return {**(short if len(short) == len(problems) else {}), **problems}


def _texts(row: Row) -> list[tuple[str, bool]]:
    """(text, whether it follows the prompt) of each sample in a row."""
    for key in ("solution", "program", "code"):
        if isinstance(row.get(key), str):
            return [(row[key], False)]
    if isinstance(row.get("completion"), str):
        return [(row["completion"], True)]
    for key in ("code_list", "output_list", "samples"):
        if isinstance(row.get(key), list):
            return [(each if isinstance(each, str) else "", key == "samples") for each in row[key]]
    return []


def _program(text: str, problem: Problem, *, follows: bool, extract: bool) -> str:
    if extract:
        return extract_program(text, problem)
    return problem.prompt + text if follows else text


def _look_at_counts(
    index: Counter[tuple[str, str]], problems: Mapping[str, Problem], found: Found, file: Path
) -> None:
    if not index:
        raise InputError(
            "no sample of any task of the benchmark",
            where=str(file),
            remedy="; ".join(found.lines()) or "the file is empty",
        )
    for model in dict.fromkeys(name for _, name in index):
        most = max(count for (_, name), count in index.items() if name == model)
        for problem in problems:
            count = index[problem, model]
            if not count:
                found.add(MISSING, f"{problem} ({model})")
            elif count < most:
                found.add(UNEVEN, f"{problem} ({model}: {count} of {most})")


def _rows(file: Path, found: Found) -> Iterator[tuple[str, Row]]:
    """(place, row) of each record; rows that are none are put into `found`."""
    try:
        with (gzip.open if file.suffix == ".gz" else open)(file, "rb") as handle:
            text = handle.read()
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"cannot be read: {error}", where=str(file)) from None
    if file.name.removesuffix(".gz").endswith(".json"):
        yield from _records(text, file)
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise ValueError(f"expected an object, found {type(row).__name__}")
            except (ValueError, RecursionError) as error:
                found.add(BROKEN, f"line {number} ({str(error)[:80]})")
            else:
                yield f"line {number}", row


def _records(text: bytes, file: Path) -> Iterator[tuple[str, Row]]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not valid JSON: {error}", where=str(file)) from None
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        raise InputError("expected a list of records", where=str(file))
    for number, row in enumerate(data, start=1):
        yield f"record {number}", row
