"""Two runs on one page: which settings differ, what was counted in each, what the paired scores tell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from acecoder.cli import main
from acecoder.engine.home import Home
from acecoder.evaluation.values import VALUES_FILE
from acecoder.reporting import comparison

INITIAL = {f"p{i}": 0.0 for i in range(40)}
BETTER = {name: float(i >= 10) for i, name in enumerate(INITIAL)}


def a_run(home: Home, key: str, *, solved: dict[str, float], temperature: float) -> None:
    """What a finished run leaves: notes of its steps, their reports, scores by problem."""
    steps = {
        "filter_tests.train": ({"min_tests": 5}, {"tests_kept": 40.0, "tests": 60.0}),
        "evaluate_model.policy": ({"sampling": {"temperature": temperature}}, {}),
    }
    for step, (config, metrics) in steps.items():
        directory = home.artifact(step, key)
        (directory / "scores").mkdir(parents=True)
        values = {"policy": {"first_steps": {"greedy": solved}}}
        (directory / "scores" / VALUES_FILE).write_text(json.dumps(values))
        if step.startswith("evaluate"):
            value = sum(solved.values()) / len(solved)
            score = {
                "model": "policy",
                "benchmark": "first_steps",
                "metric": "greedy",
                "value": value,
            }
            score |= {"low": value, "high": value, "n_problems": len(solved), "n_samples": 1}
            (directory / "scores" / "records.jsonl").write_text(json.dumps(score) + "\n")
        report = {"metrics": metrics, "series": {}, "details": {}, "wall_s": 60.0}
        (directory / "report.json").write_text(json.dumps(report))
        note = {
            "step": step,
            "stage": step.split(".")[0],
            "stage_key": key,
            "config": config,
            "inputs": {},
        }
        notes = home.run(key) / "steps"
        notes.mkdir(parents=True, exist_ok=True)
        (notes / f"{step}.json").write_text(json.dumps(note))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("ACECODER_HOME", str(tmp_path / "home"))
    home = Home(tmp_path / "home", None)
    a_run(home, "aaaa1111", solved=INITIAL, temperature=0.8)
    a_run(home, "bbbb2222", solved=BETTER, temperature=1.0)
    return home


def test_the_settings_that_differ(home: Home) -> None:
    first, second = (comparison.Run.load(home, name) for name in ("aaaa", "bbbb"))
    assert comparison.differing_settings(first.steps, second.steps) == [
        ("evaluate_model.policy", "sampling.temperature", "0.8", "1.0")
    ]


def test_a_step_that_one_run_lacks_is_said(home: Home) -> None:
    run = comparison.Run.load(home, "aaaa")
    fewer = {name: step for name, step in run.steps.items() if "filter" not in name}
    assert comparison.differing_settings(run.steps, fewer) == [
        ("filter_tests.train", "", "ran", "did not run")
    ]


def test_the_page_says_which_is_better(home: Home, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert main(["compare", "aaaa", "bbbb", "--page", str(page)]) == 0
    text = page.read_text()
    # 30 of 40 problems are solved by the second run's policy alone.
    assert "+0.750" in text and "<td>better</td>" in text
    assert "<td>sampling.temperature</td>" in text and "<td>min_tests</td>" not in text
    assert "tests kept" in text


def test_a_result_that_both_runs_share_is_said(home: Home, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert main(["compare", "aaaa", "aaaa", "--page", str(page)]) == 0
    assert "the step ran once for both" in page.read_text()


def test_a_page_takes_two_runs(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "aaaa", "--page", "p.html"]) == 2
    assert "a page compares two runs" in capsys.readouterr().err
