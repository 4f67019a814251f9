"""Steps leave letters; one process tells MLflow, once, whatever is killed when."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from acecoder.config import Config
from acecoder.engine.contract import Report
from acecoder.engine.home import Home
from acecoder.engine.publishing import REPORT, TRACKED
from acecoder.engine.tracking import marks
from acecoder.engine.tracking.letters import letters
from acecoder.engine.tracking.telling import LetterTracker, Teller, tell


class Trained(Config):
    """The config of a step."""

    seed: int = 3


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return Home(tmp_path / "home", None)


def done(home: Home, name: str = "train") -> Path:
    """What a step published."""
    directory = home.root / "artifacts" / name / "k1"
    (directory / "out").mkdir(parents=True)
    (directory / "out" / "records.jsonl").write_text('{"id": "a"}\n')
    report = {"metrics": {"loss": 0.5}, "series": {}, "details": {}, "registers": {}}
    (directory / REPORT).write_text(json.dumps(report))
    return directory


def runs(home: Home) -> dict[str, Run]:
    client = MlflowClient(home.tracking_uri)
    experiment = client.get_experiment_by_name("acecoder")
    assert experiment is not None
    found = client.search_runs([experiment.experiment_id])
    return {run.data.tags.get("step", "pipeline"): run for run in found}


def test_what_a_step_says_is_told_once_with_its_own_times(home: Home) -> None:
    step = LetterTracker(home).start("train", "train", "k1", Trained(), {"pairs": "d"}, "run-1")
    step.log({"reward": 0.25}, 1)
    tell(home)
    told = runs(home)["train"]
    assert told.info.status == "RUNNING" and told.data.metrics == {"reward": 0.25}
    step.log({"reward": 0.5}, 2)
    directory = done(home)
    step.finish(Report.of(directory), {"out": "digest"}, directory)
    tell(home)
    tell(home)
    told = runs(home)["train"]
    assert told.info.status == "FINISHED" and told.data.metrics == {"reward": 0.5, "loss": 0.5}
    history = MlflowClient(home.tracking_uri).get_metric_history(told.info.run_id, "reward")
    assert [(each.step, each.value) for each in history] == [(1, 0.25), (2, 0.5)]
    assert all(told.info.start_time <= each.timestamp <= told.info.end_time for each in history)
    assert told.data.tags["input.pairs"] == "d" and told.data.params["seed"] == "3"
    assert (directory / TRACKED).read_text() == told.info.run_id
    assert not list(letters(home)) and len(runs(home)) == 2


def test_a_step_that_is_found_done_twice_is_one_run(home: Home) -> None:
    directory = done(home)
    for _ in range(2):
        step = LetterTracker(home).start("train", "train", "k1", Trained(), {}, "run-1")
        step.finish(Report.of(directory), {"out": "digest"}, directory)
    tell(home)
    assert len(runs(home)) == 2 and not list(letters(home))


def _be_killed(root: str) -> None:
    step = LetterTracker(Home(Path(root), None)).start("train", "train", "k1", Trained(), {}, "r")
    step.log({"reward": 1.0}, 1)
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_step_that_was_killed_is_told_as_failed(home: Home) -> None:
    process = multiprocessing.get_context("fork").Process(target=_be_killed, args=(str(home.root),))
    process.start()
    process.join()
    tell(home)
    told = runs(home)["train"]
    assert told.info.status == "FAILED" and told.data.tags["error"] == "killed"
    assert told.data.metrics == {"reward": 1.0}


def test_a_step_that_fails_says_why(home: Home) -> None:
    with Teller(home):
        step = LetterTracker(home).start("train", "train", "k1", Trained(), {}, "")
        step.fail(ValueError("no"))
    told = runs(home)["train"]
    assert told.info.status == "FAILED" and told.data.tags["error"] == "ValueError"


def test_letters_import_no_mlflow(home: Home) -> None:
    code = (
        "import sys; from pathlib import Path; from acecoder.engine.home import Home;"
        "from acecoder.engine.tracking.telling import LetterTracker, tell; from acecoder.config import Config\n"
        f"home = Home(Path({str(home.root)!r}), None); tell(home)\n"
        "LetterTracker(home).start('s', 's', 'k', Config(), {}, '').fail(ValueError())\n"
        "assert 'mlflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert len(list(letters(home))) == 1


def test_a_database_that_is_gone_has_lost_its_marks(home: Home) -> None:
    directory = done(home)
    step = LetterTracker(home).start("train", "train", "k1", Trained(), {}, "run-1")
    step.finish(Report.of(directory), {"out": "digest"}, directory)
    tell(home)
    assert marks.lost(home.tracking_uri, [directory]) == []
    (home.root / "mlflow.db").unlink()
    assert marks.lost(home.tracking_uri, [directory]) == [directory]
    assert marks.lost("http://mlflow:5000", [directory]) == []
