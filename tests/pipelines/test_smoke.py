"""The whole pipeline, as its user runs it: to the end, again for nothing, and through kills."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient

from acecoder.engine.home import Home
from acecoder.engine.publishing import REPORT
from acecoder.reporting import records
from acecoder.reporting.view import headlines, views

pytestmark = pytest.mark.pipeline
COMMAND = [sys.executable, "-m", "acecoder", "run", "--profile", "smoke"]
KILLED_AT = (
    r"\[\d+/24 synthesize_tests\] starts",
    r"\[\d+/24 judge_programs\.candidates\] \d+/",
    r"\[\d+/24 train_policy\] .* steps of",
    r"\[\d+/24 promote_model\] starts",
)
"""One moment of each kind: before a model writes, amid verdicts, amid training, before promotion."""


def environment(home: Home) -> dict[str, str]:
    return {
        **os.environ,
        "ACECODER_HOME": str(home.root),
        "PYTHONPATH": ".",
        "OMP_NUM_THREADS": "2",
    }


def run(home: Home) -> str:
    done = subprocess.run(
        COMMAND, capture_output=True, text=True, env=environment(home), check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def run_until(home: Home, patterns: Collection[str]) -> str | None:
    """Run until a line matches one, then `kill -9` all of it; None where it finished before.

    KFP's local runner may take independent steps in any order: whichever comes first.
    """
    output = []
    with subprocess.Popen(
        COMMAND,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(home),
        start_new_session=True,
    ) as victim:
        assert victim.stdout is not None
        for line in victim.stdout:
            output.append(line)
            for pattern in patterns:
                if re.search(pattern, line):
                    os.killpg(victim.pid, signal.SIGKILL)
                    return pattern
    assert victim.returncode == 0, "".join(output)[-3000:]
    return None


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, str]]:
    home = Home(tmp_path_factory.mktemp("unbroken"))
    yield home, run(home)


def reports(home: Home) -> dict[str, dict]:
    found = {}
    for note in (home.root / "runs").rglob("steps/*.json"):
        step = json.loads(note.read_text())
        found[step["step"]] = json.loads((Path(step["directory"]) / REPORT).read_text())
    return found


def tables(home: Home) -> dict[str, list[dict]]:
    """Every table of a run by step; without times and the reasons that name them."""
    found = {}
    for file in sorted((home.root / "artifacts").rglob("records.jsonl")):
        rows = [json.loads(line) for line in file.read_text().splitlines()]
        for row in rows:
            for name in ("cpu_s", "wall_s"):
                row.pop(name, None)
        found[f"{file.parts[-4]}/{file.parts[-2]}"] = rows
    return found


def test_every_stage_did_real_work(unbroken: tuple[Home, str]) -> None:
    home, output = unbroken
    metrics = {step: report["metrics"] for step, report in reports(home).items()}
    assert len(metrics) == 24
    assert metrics["collect_seeds"]["seeds"] == 6
    filtered = reports(home)["filter_tests.train"]["details"]["known_wrong_tests"]
    assert filtered["wrong_kept"] == filtered["right_dropped"] == 0 < filtered["wrong_dropped"]
    assert metrics["judge_programs.candidates"]["tests_passed"] > 0
    assert metrics["judge_programs.candidates"]["tests_failed"] > 0
    assert metrics["build_pairs"]["pairs"] > 20
    assert metrics["train_reward_model"]["pairs_held_out"] > 0
    assert metrics["train_policy"]["tensors_changed"] > 10
    assert metrics["train_policy"]["weight_change"] > 0
    assert (home.root / "git" / "refs" / "heads" / "main").exists()
    assert re.search(r"^gate +version 1 (not )?promoted$", output, re.MULTILINE)


def test_every_name_that_a_view_shows_was_made_by_its_stage(unbroken: tuple[Home, str]) -> None:
    home, output = unbroken
    (run_key,) = (path.name for path in (home.root / "runs").iterdir())
    steps = records.load(home, run_key)
    shown = [each for view in views() for each in (*view.headlines, *view.funnel)]
    assert {each.step for each in shown} <= set(steps)
    for each in shown:
        assert each.metric in steps[each.step].metrics, each
    cards = {card.label for card in headlines(steps)}
    assert {"initial, first_steps average", "policy, first_steps average"} <= cards
    page = (home.root / "runs" / run_key / "report.html").read_text()
    for title in ("From seeds to pairs", "Filtering noisy tests", "Reward model", "Evaluation"):
        assert f">{title}</h2>" in page
    updates = steps["train_policy"].number("updates")
    assert updates == steps["train_policy"].config["updates_per_rollout"] * steps[
        "train_policy"
    ].number("rollouts")
    assert f"{updates:.0f} updates in" in output


def test_the_weights_are_safetensors_and_no_pickle(unbroken: tuple[Home, str]) -> None:
    home, _ = unbroken
    models = [p for p in (home.root / "artifacts").rglob("*") if p.suffix == ".safetensors"]
    assert {path.parts[-2] for path in models} == {"reward_model", "policy"}
    assert not [p for p in home.root.rglob("*") if p.suffix in (".pt", ".pth", ".bin", ".pkl")]


def test_mlflow_has_a_run_a_step_and_the_versions(unbroken: tuple[Home, str]) -> None:
    home, _ = unbroken
    client = MlflowClient(home.tracking_uri, registry_uri=home.tracking_uri)
    (experiment,) = [e for e in client.search_experiments() if e.name == "acecoder"]
    runs = client.search_runs([experiment.experiment_id], "tags.kind != 'pipeline'", max_results=99)
    steps = {
        run.data.tags["step"]: run
        for run in client.search_runs([experiment.experiment_id])
        if "step" in run.data.tags
    }
    assert set(steps) == set(reports(home))
    assert len(runs) <= 25
    pairs = steps["build_pairs"]
    every = client.search_runs([experiment.experiment_id], max_results=99)
    assert {run.info.status for run in every} == {"FINISHED"}
    assert pairs.data.params["min_chosen"] == "0.8"
    assert {"input.problems", "output.pairs", "stage_key", "run_key"} <= set(pairs.data.tags)
    assert pairs.inputs.dataset_inputs[0].dataset.name == "pairs"
    for name in ("acecoder-policy-smoke", "acecoder-reward-model-smoke"):
        (version,) = client.search_model_versions(f"name = '{name}'")
        assert Path(version.source.removeprefix("file://")).is_dir()
    champion = client.get_model_version_by_alias("acecoder-policy-smoke", "champion")
    assert str(champion.version) == "1"


def test_the_report_is_one_file_with_every_section(unbroken: tuple[Home, str]) -> None:
    home, output = unbroken
    path = Path(re.search(r"^report +(.+)$", output, re.MULTILINE)[1])
    page = path.read_text()
    assert path.is_relative_to(home.root)
    for heading in (
        "From seeds to pairs",
        "Filtering noisy tests",
        "Pass rates",
        "Reward model",
        "Reinforcement learning",
        "Evaluation",
        "Gate",
        "Where every number",
        "Did it get better?",
        "Examples",
        "What it was run with",
    ):
        assert re.search(rf'<h2 id="[a-z-]+">{re.escape(heading)}', page), heading
    assert "<script" not in page and "http://" not in page and "https://" not in page
    assert "What the policy wrote while it was trained" in page and "rollout 1, " in page


def test_the_run_in_mlflow_has_the_numbers_by_which_runs_compare(
    unbroken: tuple[Home, str],
) -> None:
    home, _ = unbroken
    client = MlflowClient(home.tracking_uri)
    experiment = client.get_experiment_by_name("acecoder")
    assert experiment is not None
    (parent,) = client.search_runs([experiment.experiment_id], "tags.kind = 'pipeline'")
    assert {
        "policy.first_steps.greedy",
        "initial.first_steps.greedy",
        "promote_model.promoted",
    } <= set(parent.data.metrics)
    assert parent.data.params["profile"] == "smoke" and parent.data.params["overrides"] == "none"
    assert parent.info.status == "FINISHED" and len(parent.data.params["commit"]) >= 40
    steps = client.search_runs([experiment.experiment_id], "tags.stage_key != ''", max_results=100)
    assert len(steps) == 24
    (trained,) = [run for run in steps if run.data.tags["step"] == "train_reward_model"]
    losses = client.get_metric_history(trained.info.run_id, "loss")
    updates = int(trained.data.metrics["steps"])
    assert updates > 1 and [each.step for each in losses] == list(range(1, updates + 1))
    for run in steps:
        for name in run.data.metrics:
            for each in client.get_metric_history(run.info.run_id, name):
                assert run.info.start_time <= each.timestamp <= run.info.end_time, (run, name)


def test_the_screen_says_which_of_how_many(unbroken: tuple[Home, str]) -> None:
    _, output = unbroken
    assert "[1/24 check_platform] starts" in output and "[24/24 promote_model] done in" in output


def test_a_second_run_does_nothing(unbroken: tuple[Home, str]) -> None:
    home, _ = unbroken
    before = {p: p.stat().st_mtime_ns for p in (home.root / "artifacts").rglob("*") if p.is_file()}
    journals = {p: p.read_bytes() for p in (home.root / "journal").rglob("*.jsonl")}
    output = run(home)
    assert "24 of 24 steps are done" in output
    assert "starts" not in output
    after = {p: p.stat().st_mtime_ns for p in (home.root / "artifacts").rglob("*") if p.is_file()}
    assert after == before
    assert {p: p.read_bytes() for p in (home.root / "journal").rglob("*.jsonl")} == journals


def test_killed_again_and_again_it_ends_with_the_same_data(
    unbroken: tuple[Home, str], tmp_path: Path
) -> None:
    home = Home(tmp_path / "broken")
    left = set(KILLED_AT)
    while killed_at := run_until(home, left):
        left.remove(killed_at)
    assert len(left) <= 1, left
    run(home)
    broken, whole = tables(home), tables(unbroken[0])
    assert broken.keys() == whole.keys()
    trained = ("sample_programs.policy", "judge_programs.policy", "evaluate_model")
    for name in whole:
        if not name.startswith(trained):
            assert broken[name] == whole[name], name
    rollouts = [each["rollout"] for each in reports(home)["train_policy"]["details"]["completions"]]
    assert rollouts[0] == 1 and rollouts[-1] == reports(home)["train_policy"]["metrics"]["rollouts"]
    for journal in (home.root / "journal" / "answers").glob("*.jsonl"):
        keys = [json.loads(line)[0] for line in journal.read_text().splitlines()]
        assert len(keys) == len(set(keys))
