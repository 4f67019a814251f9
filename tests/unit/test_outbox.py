"""Steps write to an outbox; one process sends it to MLflow, once, whatever is killed when."""

from __future__ import annotations

import errno
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
from acecoder.engine.tracking import marks, relay
from acecoder.engine.tracking.outbox import OutboxStep, entries
from acecoder.engine.tracking.relay import Relay, send
from acecoder.engine.tracking.starting import started
from acecoder.engine.tracking.steps import Tracker
from acecoder.errors import PlatformError, TrackingUnavailable


class Trained(Config):
    """The config of a step."""

    seed: int = 3


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return Home(tmp_path / "home", None)


def start(home: Home, inputs: dict[str, str], run_key: str = "run-1") -> OutboxStep:
    return OutboxStep(home, started("train", "train", "k1", Trained(), inputs, run_key))


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
    step = start(home, {"pairs": "d"}, "run-1")
    step.log({"reward": 0.25}, 1)
    send(home)
    told = runs(home)["train"]
    assert told.info.status == "RUNNING" and told.data.metrics == {"reward": 0.25}
    step.log({"reward": 0.5}, 2)
    directory = done(home)
    step.finish(Report.of(directory), {"out": "digest"}, directory)
    send(home)
    send(home)
    told = runs(home)["train"]
    assert told.info.status == "FINISHED" and told.data.metrics == {"reward": 0.5, "loss": 0.5}
    history = MlflowClient(home.tracking_uri).get_metric_history(told.info.run_id, "reward")
    assert [(each.step, each.value) for each in history] == [(1, 0.25), (2, 0.5)]
    assert all(told.info.start_time <= each.timestamp <= told.info.end_time for each in history)
    assert told.data.tags["input.pairs"] == "d" and told.data.params["seed"] == "3"
    assert (directory / TRACKED).read_text() == told.info.run_id
    assert not list(entries(home)) and len(runs(home)) == 2


def test_a_step_that_is_found_done_twice_is_one_run(home: Home) -> None:
    directory = done(home)
    for _ in range(2):
        step = start(home, {}, "run-1")
        step.finish(Report.of(directory), {"out": "digest"}, directory)
    send(home)
    assert len(runs(home)) == 2 and not list(entries(home))


def _be_killed(root: str) -> None:
    step = start(Home(Path(root), None), {}, "r")
    step.log({"reward": 1.0}, 1)
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_step_that_was_killed_is_told_as_failed(home: Home) -> None:
    process = multiprocessing.get_context("fork").Process(target=_be_killed, args=(str(home.root),))
    process.start()
    process.join()
    send(home)
    told = runs(home)["train"]
    assert told.info.status == "FAILED" and told.data.tags["error"] == "killed"
    assert told.data.metrics == {"reward": 1.0}


def test_a_step_that_fails_says_why(home: Home) -> None:
    with Relay(home):
        step = start(home, {}, "")
        step.fail(ValueError("no"))
    told = runs(home)["train"]
    assert told.info.status == "FAILED" and told.data.tags["error"] == "ValueError"


def test_the_outbox_imports_no_mlflow(home: Home) -> None:
    code = (
        "import sys; from pathlib import Path; from acecoder.engine.home import Home;"
        "from acecoder.engine.tracking.relay import OutboxTracker, send;"
        "from acecoder.engine.tracking.starting import started; from acecoder.config import Config\n"
        f"home = Home(Path({str(home.root)!r}), None); send(home)\n"
        "OutboxTracker(home).start(started('s', 's', 'k', Config(), {}, '')).fail(ValueError())\n"
        "assert 'mlflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert len(list(entries(home))) == 1


def test_a_relay_that_was_killed_begins_no_run_twice(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = start(home, {})
    step.log({"reward": 0.25}, 1)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("acecoder.engine.tracking.outbox.Entry.measured", killed)
        with pytest.raises(KeyboardInterrupt):
            send(home)
    send(home)
    step.fail(ValueError())
    send(home)
    told = runs(home)
    assert len(told) == 2 and told["train"].data.metrics == {"reward": 0.25}
    assert told["train"].info.status == "FAILED"


@pytest.mark.parametrize("torn", ["", '{"step": "tr', '{"step": 1}', "[]"])
def test_an_entry_that_a_crash_tore_is_set_aside(
    home: Home, torn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    start(home, {}).fail(ValueError())
    (entry,) = entries(home)
    entry.path.with_name(f"{entry.name}.start.json").write_text(torn)
    start(home, {}).fail(ValueError())
    send(home)
    assert "no record of a step" in capsys.readouterr().err
    assert runs(home)["train"].info.status == "FAILED" and not list(entries(home))
    assert len(list((home.root / "outbox").glob("*.unreadable"))) == 1


def test_lines_that_a_crash_tore_cost_no_others(home: Home) -> None:
    step = start(home, {})
    step.log({"a": 1.0}, 1)
    (entry,) = entries(home)
    with entry.path.with_name(f"{entry.name}.metrics.jsonl").open("a") as file:
        file.write("\x00\x00\n[1]\n")
    step.log({"b": 2.0}, 1)
    step.fail(ValueError())
    send(home)
    assert runs(home)["train"].data.metrics == {"a": 1.0, "b": 2.0}


def test_what_mlflow_does_not_take_stays(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "RETRY_AFTER_S", 0.1)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with Relay(home):
        start(home, {}).fail(ValueError())
    assert len(list(entries(home))) == 1
    with pytest.raises(TrackingUnavailable):
        send(home)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert send(home) == 1 and runs(home)["train"].info.status == "FAILED"


def test_a_full_disk_is_said_at_the_start_and_hides_no_other_error(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = start(home, {})

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "open", full)
    monkeypatch.setattr(Path, "write_text", full)
    step.log({"a": 1.0}, 1)
    step.fail(ValueError())
    with pytest.raises(PlatformError):
        start(home, {})


def test_training_does_not_wait_for_a_server_that_is_down(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    step = Tracker(home).start(started("train", "train", "k1", Trained(), {}, ""))
    tried = []

    def down(measured: object) -> None:
        tried.append(measured)
        raise TrackingUnavailable("down")

    with monkeypatch.context() as patch:
        patch.setattr(step, "log_at", down)
        for number in range(20):
            step.log({"loss": float(number)}, number)
    assert len(tried) == 1 and "values are sent later" in capsys.readouterr().err
    directory = done(home)
    step.finish(Report.of(directory), {"out": "digest"}, directory)
    history = MlflowClient(home.tracking_uri).get_metric_history(step.run_id, "loss")
    assert len(history) == 21  # and the report's own


@pytest.mark.parametrize("name", ["home", "a%20b", "a#b", "a?b=c", "ä ö"])
def test_a_database_that_is_gone_has_lost_its_marks(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    home = Home(tmp_path / name, None)
    directory = done(home)
    start(home, {}).finish(Report.of(directory), {"out": "digest"}, directory)
    send(home)
    assert marks.lost(home, home.tracking_uri, [directory]) == []
    (home.root / "mlflow.db").unlink()
    assert marks.lost(home, home.tracking_uri, [directory]) == [directory]
    assert marks.lost(home, "http://mlflow:5000", [directory]) == []
