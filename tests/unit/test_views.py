"""A view shows what its stage may report, also where nothing was left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from acecoder.cli import main
from acecoder.engine.home import Home
from acecoder.reporting import records
from acecoder.reporting.views.filter_tests import VIEW

PROBLEM = {
    "id": "p",
    "question": "q",
    "entry_point": "f",
    "tests": ["assert f() == 1"],
    "source": "s",
}
PROGRAM = {"problem_id": "p", "model": "m", "program_index": 0, "program": "def f(): return 2"}


def test_a_source_of_which_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACECODER_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    problems, programs = tmp_path / "p.jsonl", tmp_path / "c.jsonl"
    problems.write_text(json.dumps(PROBLEM) + "\n")
    programs.write_text(json.dumps(PROGRAM) + "\n")
    given = ["--problems", str(problems)]
    verdicts, kept = str(tmp_path / "v"), str(tmp_path / "kept")
    assert (
        main(["judge-programs", *given, "--programs", str(programs), "--verdicts", verdicts]) == 0
    )
    assert main(["filter-tests", *given, "--verdicts", verdicts, "--kept", kept]) == 0
    home = Home(tmp_path / "home", None)
    (directory,) = (home.root / "artifacts" / "filter_tests").iterdir()
    step = records.of_step(home, "filter_tests", "filter_tests", directory.name, {})
    assert step is not None and step.count("tests_kept") == "0"
    page = VIEW.section({"filter_tests.train": step})
    assert "<td>s</td>" in page and "tests kept" in page
