"""Nothing is believed that is damaged or does not fit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from acecoder.cli import main

PROBLEM = {
    "id": "add", "question": "Write add(a, b).", "entry_point": "add",
    "tests": ["assert add(1, 2) == 3", "assert add(1, 1) == 3"],
}  # fmt: skip


def write(path: Path, *rows: dict[str, object]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ACECODER_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path / "home"


def judge(tmp_path: Path, problems: str) -> str:
    programs = [
        {"problem_id": "add", "model": "m", "program_index": i, "program": text}
        for i, text in enumerate(("def add(a, b): return a + b", "def add(a, b): return 0"))
    ]
    table = write(tmp_path / "programs.jsonl", *programs)
    verdicts = str(tmp_path / "verdicts")
    told = ["--problems", problems, "--programs", table, "--verdicts", verdicts]
    assert main(["judge-programs", *told]) == 0
    return verdicts


def test_an_input_that_was_cut_is_refused_with_its_remedy(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    problems = write(tmp_path / "problems.jsonl", PROBLEM)
    judge(tmp_path, problems)
    (published,) = (home / "artifacts" / "judge_programs").glob("*/verdicts")
    table = published / "records.jsonl"
    table.write_text(table.read_text().splitlines()[0] + "\n")
    programs = str(tmp_path / "programs.jsonl")
    told = ["--problems", problems, "--programs", programs, "--verdicts", str(published)]
    assert main(["build-pairs", *told, "--pairs", str(tmp_path / "pairs")]) == 2
    said = capsys.readouterr().err
    assert "records.jsonl is not what was published" in said
    assert f"remove {published.parent} and run again" in said
    table.unlink()
    assert main(["build-pairs", *told, "--pairs", str(tmp_path / "pairs")]) == 2
    assert "records.jsonl is gone" in capsys.readouterr().err


def test_verdicts_over_other_tests_are_refused(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verdicts = judge(tmp_path, write(tmp_path / "problems.jsonl", PROBLEM))
    filtered = write(tmp_path / "kept.jsonl", {**PROBLEM, "tests": PROBLEM["tests"][:1]})  # type: ignore[index]
    programs = str(tmp_path / "programs.jsonl")
    told = ["--problems", filtered, "--programs", programs, "--verdicts", verdicts]
    assert main(["build-pairs", *told, "--pairs", str(tmp_path / "pairs")]) == 2
    said = capsys.readouterr().err
    assert "is over 2 tests that are not the 1 of problem 'add'" in said
    assert "judge the programs with this table of problems" in said
