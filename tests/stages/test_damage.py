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


def test_an_output_that_is_an_input_is_refused(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    problems = Path(write(tmp_path / "problems.jsonl", PROBLEM))
    judge(tmp_path, str(problems))
    before = problems.read_text()
    programs = str(tmp_path / "programs.jsonl")
    told = ["--problems", str(problems), "--programs", programs, "--verdicts", str(problems)]
    assert main(["judge-programs", *told]) == 2
    assert "it is an input of the same command" in capsys.readouterr().err
    assert problems.read_text() == before
    told[-1] = str(problems / "verdicts")
    assert main(["judge-programs", *told]) == 2
    assert "that is a file, not a directory" in capsys.readouterr().err


def test_what_is_wrong_with_samples_is_said_every_time(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    problems = write(tmp_path / "mine.jsonl", PROBLEM, {**PROBLEM, "id": "b"})
    samples = tmp_path / "samples.jsonl"
    samples.write_text(
        '{"problem_id": "add", "program": "def add(a, b): return a + b"}\n{"broken\n'
    )
    for _ in range(2):
        assert main(["evaluate", "--benchmark", problems, "--samples", str(samples)]) == 0
        said = capsys.readouterr().out
        table = said.rindex("| model |")
        assert said.index("1 tasks without a sample", table) and said.index("cannot be read", table)
