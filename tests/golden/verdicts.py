"""Verdicts of the recorded programs, one letter per test."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from tests.golden.command import read_lines, run_stage, write_lines
from tests.golden.workload import Task

LETTERS = {
    "passed": "p",
    "failed": "f",
    "error": "e",
    "timeout": "t",
    "memory": "m",
    "crashed": "c",
    "not_run": "n",
}

Verdicts = dict[str, dict[str, str]]
"""Problem -> program's name -> outcomes."""


def judge(tasks: list[Task]) -> Verdicts:
    """The verdicts of all programs, by `acecoder judge-programs`."""
    problems: list[dict[str, Any]] = []
    programs: list[dict[str, Any]] = []
    for task in tasks:
        problems.append({"id": task.id, "question": task.id, "tests": list(task.tests)})
        for index, (name, text) in enumerate(task.programs.items()):
            programs.append(
                {"problem_id": task.id, "model": name, "program_index": index, "program": text}
            )
    with tempfile.TemporaryDirectory(prefix="golden-") as directory:
        root = Path(directory)
        run_stage(
            "judge-programs",
            root / "home",
            "--problems",
            str(write_lines(root / "problems.jsonl", problems)),
            "--programs",
            str(write_lines(root / "programs.jsonl", programs)),
            "--verdicts",
            str(root / "verdicts.jsonl"),
        )
        found: Verdicts = {}
        for verdict in read_lines(root / "verdicts.jsonl"):
            letters = "".join(LETTERS[outcome] for outcome in verdict["outcomes"])
            found.setdefault(verdict["problem_id"], {})[verdict["model"]] = letters
    return found


def differing(recorded: Verdicts, measured: Verdicts) -> set[tuple[str, str]]:
    """The (problem, program) whose outcomes are not the same in both."""
    keys = {(p, name) for table in (recorded, measured) for p, row in table.items() for name in row}
    return {
        (p, name)
        for p, name in keys
        if recorded.get(p, {}).get(name) != measured.get(p, {}).get(name)
    }


def only(tasks: list[Task], wanted: set[tuple[str, str]]) -> list[Task]:
    """The tasks with no other programs than these."""
    kept = []
    for task in tasks:
        programs = {name: t for name, t in task.programs.items() if (task.id, name) in wanted}
        if programs:
            kept.append(Task(task.id, task.tests, programs))
    return kept


def counts(verdicts: Verdicts) -> dict[str, int]:
    """How many tests came to each outcome."""
    letters = Counter(
        letter for row in verdicts.values() for text in row.values() for letter in text
    )
    return {name: letters[letter] for name, letter in LETTERS.items()}
