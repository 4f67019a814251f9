"""gc: what a model, a release, a rollback or a recent run needs is never listed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from acecoder.cli import main
from acecoder.engine.contract import FinishedStep, Version
from acecoder.engine.home import Home
from acecoder.promotion.collecting import Keeping, look

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def step(name: str, key: str, run: str, made: str, ended: str, **reads: str) -> FinishedStep:
    return FinishedStep(name, name, key, run, reads, {"out": made}, "", {}, ended)


OLD, NEW = "2026-01-01 00:00", "2026-11-29 00:00"
STEPS = [
    step("train", "k1", "r1", "weights-1", OLD, data="data-1"),
    step("data", "d1", "r1", "data-1", OLD),
    step("other", "o1", "r1", "x", OLD),
    step("train", "k2", "r2", "weights-2", OLD, data="data-2"),
    step("data", "d2", "r2", "data-2", OLD),
    step("evaluate", "e1", "r1", "scores-1", OLD),
    step("train", "k3", "r3", "weights-3", NEW),
]
ARTIFACTS = dict.fromkeys(
    ["train/k1", "data/d1", "other/o1", "train/k2", "data/d2", "evaluate/e1", "train/k3", "odd/z"],
    7,
)


def version(number: str, **tags: str) -> Version:
    source = f"s3://b/home/artifacts/train/k{number}/policy"
    return Version("p", number, source, {"digest": f"weights-{number}", **tags})


def spare(
    versions: list[tuple[Version, list[str]]],
    newest: int = 0,
    days: float = 30,
    used: dict[str, list[str]] | None = None,
) -> set[str]:
    found = look(ARTIFACTS, STEPS, versions, Keeping(newest, days, NOW), used or {})
    assert {each.name for each in found} == set(ARTIFACTS)
    return {each.name for each in found if not each.why_kept}


def test_what_an_alias_names_stays_with_all_it_came_from() -> None:
    scores = "s3://b/home/artifacts/evaluate/e1/scores"
    assert spare([(version("1", scores=scores), ["champion"]), (version("2"), [])]) == {
        "other/o1", "train/k2", "data/d2",
    }  # fmt: skip


def test_what_was_ever_released_stays_for_a_rollback() -> None:
    taken_back = version("2", **{"released.production": "abc"})
    assert spare([(taken_back, [])]) == {"train/k1", "data/d1", "other/o1", "evaluate/e1"}


def test_recent_runs_and_what_is_unknown_stay() -> None:
    everything_known = set(ARTIFACTS) - {"odd/z"}
    assert spare([]) == everything_known - {"train/k3"}
    assert spare([], days=0) == everything_known
    assert spare([], newest=1, days=0) == everything_known - {"train/k3"}
    found_done = {"r3": ["data/d1"], "r1": ["data/d2"]}
    assert spare([], newest=1, days=0, used=found_done) == everything_known - {
        "train/k3",
        "data/d1",
    }


def test_nothing_is_removed_unless_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ACECODER_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    artifact = Home.from_environment().artifact("train", "k9")
    (artifact / "policy").mkdir(parents=True)
    (artifact / "policy" / "model.safetensors").write_text("x" * 1000)
    assert main(["gc"]) == 0
    assert "train/k9  kept: MLflow does not know it" in capsys.readouterr().out
    assert main(["gc", "--delete", "--keep-days", "0", "--keep-runs", "0"]) == 0
    assert artifact.exists()
