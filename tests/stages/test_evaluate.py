"""`acecoder evaluate` and `compare`: from a file of samples to tables, as their user runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from acecoder.cli import main
from acecoder.engine.tables import read_table
from acecoder.schema import Score

TASK = {
    "task_id": "HumanEval/0",
    "prompt": "def double(x):\n",
    "canonical_solution": "    return 2 * x\n",
    "entry_point": "double",
    "base_input": [[1], [2]],
    "plus_input": [[0], [-1.5]],
    "atol": 0,
}
OTHER = {**TASK, "task_id": "HumanEval/1"}
ONLY_BASE = "    return 2 * x if x > 0 else 7\n"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ACECODER_HOME", str(tmp_path / "home"))
    file = tmp_path / "plus.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in (TASK, OTHER)))
    return file


def evaluate(tmp_path: Path, data: Path, name: str, *samples: dict[str, str]) -> Path:
    file = tmp_path / f"{name}.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in samples))
    folder = tmp_path / name
    given = ["--benchmark", "humaneval_plus", "--data", str(data), "--samples", str(file)]
    assert main(["evaluate", *given, "--model-name", name, "--output", str(folder)]) == 0
    return folder


def test_samples_become_scores_verdicts_and_tables(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    right = {"task_id": "HumanEval/0", "completion": "    return x + x\n"}
    base = {"task_id": "HumanEval/0", "completion": ONLY_BASE}
    folder = evaluate(tmp_path, data, "m", right, base, {"task_id": "Mbpp/1", "solution": "x"})
    scores = {(s.benchmark, s.metric): s for s in read_table(folder / "scores.jsonl", Score)}
    # One of two samples of one of two tasks passes all; both pass the base tests.
    assert scores["humaneval_plus", "average"].value == 0.25
    assert scores["humaneval_plus/base", "average"].value == 0.5
    assert scores["humaneval_plus", "oracle"].value == 0.5
    assert scores["humaneval_plus", "average"].n_problems == 2
    verdicts = [json.loads(line) for line in (folder / "verdicts.jsonl").read_text().splitlines()]
    assert [v["outcomes"] for v in verdicts] == [["passed"] * 4, ["passed"] * 2 + ["failed"] * 2]
    said = capsys.readouterr().out
    assert "| m | average | 50.0" in said
    assert "1 samples of tasks that the benchmark has not, left out: 'Mbpp/1' (line 3)" in said
    assert "1 tasks without a sample, which count as not solved: HumanEval/1 (m)" in said
    origin = json.loads((folder / "evaluation.json").read_text())
    assert len(origin["read"]["humaneval_plus"]) == 64
    assert (folder / "table.tex").read_text().startswith("\\begin{tabular}")
    assert "<h3>humaneval_plus/base</h3>" in (folder / "report.html").read_text()


def test_two_evaluations_are_compared_over_the_same_problems(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    right = [{"task_id": f"HumanEval/{i}", "completion": "    return x + x\n"} for i in (0, 1)]
    one = evaluate(tmp_path, data, "one", *right)
    other = evaluate(tmp_path, data, "other", right[0], {**right[1], "completion": ONLY_BASE})
    capsys.readouterr()
    assert main(["compare", str(one), str(other), "--rows", "average", "--with-published"]) == 0
    said = capsys.readouterr().out
    assert "| one | average | 100.0" in said
    assert "| other | average | 100.0" in said
    assert "HumanEval+: one, average less other, average: +50.0 points" in said
    assert "Qwen2.5-Coder-7B-Instruct (published)" in said
    assert main(["compare", str(one), str(other), "--format", "csv"]) == 0
    assert capsys.readouterr().out.startswith("model,row,benchmark,percent,low,high\n")
    assert main(["compare", str(tmp_path)]) == 2


def test_a_benchmark_that_is_none_is_named(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["evaluate", "--benchmark", "humaneval_minus", "--samples", str(data)]
    assert main(given) == 2
    assert "unknown problem set 'humaneval_minus'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([], "neither samples nor a model to write them"),
        (["--samples", "s.jsonl", "--reward-model", "nope"], "nope: no such directory"),
        (["--samples", "s.jsonl", "--output", "s.jsonl"], "s.jsonl: it is a file"),
    ],
)
def test_what_is_wrong_is_said_before_the_work(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ACECODER_HOME", str(tmp_path / "home"))
    (tmp_path / "s.jsonl").write_text("{}\n")
    assert main(["evaluate", "--benchmark", "first_steps/held_out", *more]) == 2
    assert said in capsys.readouterr().err and not (tmp_path / "home" / "artifacts").exists()
