"""A view shows what its stage may report, also where nothing was left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from acecoder.cli import main
from acecoder.engine.home import Home
from acecoder.reporting import costs, page, records
from acecoder.reporting.example_section import example_section
from acecoder.reporting.views.filter_tests import VIEW
from acecoder.verbs.show import harmless

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


HOSTILE = "x = '\x1b]52;c;AAAA\x07'\nprint('\ud800<script>')\n"


def test_a_terminal_is_given_no_escape_sequences() -> None:
    shown = harmless(HOSTILE)
    assert "\x1b" not in shown and "\x07" not in shown and "\\x1b]52" in shown
    assert shown.encode() and shown.count("\n") == 2
    assert harmless("naïve λ\t日本") == "naïve λ\t日本"


def test_a_page_takes_any_text_of_a_program(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", None)
    pairs = home.root / "artifacts/build_pairs/k/pairs"
    pairs.mkdir(parents=True)
    pair = {
        "problem_id": "p", "prompt": HOSTILE, "chosen": HOSTILE, "rejected": "y",
        "chosen_pass_rate": 1.0, "rejected_pass_rate": 0.0,
    }  # fmt: skip
    (pairs / "records.jsonl").write_text(json.dumps(pair) + "\n")
    report = {
        "metrics": {"pairs": 1, "problems_with_pairs": 1, "problems": 1}, "series": {},
        "details": {}, "wall_s": 1.0,
    }  # fmt: skip
    (pairs.parent / "report.json").write_text(json.dumps(report))
    step = records.of_step(home, "build_pairs", "build_pairs", "k", {})
    assert step is not None
    page.write(tmp_path / "page.html", {"build_pairs": step}, profile="x")
    text = (tmp_path / "page.html").read_text()
    assert "chosen, passes 100%" in text and "<script" not in text


def test_a_pod_that_has_no_other_steps_files_still_makes_its_page(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", None)
    names = {
        "build_pairs": "build_pairs",
        "evaluate_model.initial": "evaluate_model",
        "evaluate_model.policy": "evaluate_model",
    }
    metrics = {"pairs": 1.0, "problems_with_pairs": 1.0, "problems": 1.0}
    steps = {
        step: records.StepRecord(
            step, stage, "k", home.artifact(step, "k"), {}, metrics, {}, {}, 1.0, home
        )
        for step, stage in names.items()
    }
    page.write(tmp_path / "page.html", steps, profile="x")
    assert "Where every number is from" in (tmp_path / "page.html").read_text()


def step(home: Home, name: str, config: dict[str, object], **metrics: float) -> records.StepRecord:
    stage = name.partition(".")[0]
    directory = home.artifact(name, "k")
    return records.StepRecord(
        name, stage, "k", directory, config, metrics, {}, {}, wall_s=1800.0, home=home
    )


def test_what_a_run_cost_is_the_sum_of_its_tokens_and_its_time(tmp_path: Path) -> None:
    home = Home(tmp_path, None)
    price = {"prompt_usd_per_million_tokens": 0.5, "completion_usd_per_million_tokens": 2.0}
    paid = {"model": {"kind": "endpoint", "model": "gpt", "price": price}}
    free = {"model": {"kind": "local", "source": "file:x"}}
    steps = {
        "synthesize_tests": step(
            home, "synthesize_tests", paid, tokens=1e6, prompt_tokens=2e6, seeds=1
        ),
        "sample_programs.oracle": step(home, "sample_programs.oracle", paid, tokens=5e5),
        "sample_programs.policy": step(home, "sample_programs.policy", free, tokens=7e9),
    }
    found = costs.costs(steps, machine_usd_per_hour=4.0)
    assert [cost.usd for cost in found] == [1.0 + 2.0 + 1.0, 6.0]
    assert costs.told(found) == (
        "$10.00: $4.00 for 2,000,000 tokens read and 1,500,000 written by gpt, "
        "$6.00 for 1.50 hours of the machine"
    )
    assert costs.costs(steps, 0.0) == found[:1]
    assert costs.told([]) == costs.UNKNOWN


def test_the_page_shows_what_the_policy_wrote_while_it_was_trained(tmp_path: Path) -> None:
    home = Home(tmp_path, None)
    wrote = [
        {"rollout": rollout, "problem_id": "p", "text": "<b>def f</b>", "reward": 0.5}
        for rollout in (1, 40, 80)
    ]
    trained = records.StepRecord(
        "train_policy", "train_policy", "k", tmp_path, {}, {}, {}, {"completions": wrote}, 1.0, home
    )
    text = example_section({"train_policy": trained})
    assert "rollout 1, p, reward 0.5" in text and "rollout 80" in text
    assert "&lt;b&gt;def f" in text and "<b>def" not in text
