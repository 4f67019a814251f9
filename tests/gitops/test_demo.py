"""The demo's own steps; the pipeline that it runs is tested by `tests/pipelines`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from acecoder.demo import gitops
from acecoder.engine.home import Home
from acecoder.engine.publishing import content_digest
from acecoder.engine.tracking.steps import Tracker
from acecoder.gitops.config import GitConfig
from acecoder.gitops.repository import Repository
from acecoder.pipelines import commands
from acecoder.promotion import serving_files
from acecoder.promotion.release import release_of

NAME = "acecoder-policy-smoke"


def test_the_story_is_played_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACECODER_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setattr(gitops, "PORT", 18556)
    home, said, runs = Home.from_environment(), [], []

    def run(pipeline: str, profile: str, settings: Sequence[str]) -> int:
        """What the pipeline leaves: a registered version, and a release in git."""
        runs.append(settings)
        model = tmp_path / f"model-{len(runs)}"
        model.mkdir()
        (model / "model.safetensors").write_text(str(len(runs)))
        tags = {"digest": content_digest(model)}
        made = Tracker(home).registry().register(NAME, model, model.as_uri(), tags)
        (url,) = [s.partition("=")[2] for s in settings if s.startswith("promote_model.git.url")]
        release = release_of(
            model,
            workload="policy",
            name=NAME,
            version=made.version,
            source=made.source,
            run_key="k",
        )
        Repository(GitConfig(url=url), tmp_path).commit(
            lambda head: serving_files.files(
                head, [release], environment="production", base="../{workload}", evidence={}
            ),
            f"Promote {made.version}",
        )
        return 0

    monkeypatch.setattr(commands, "run", run)
    gitops.play(home, said.append)
    told = [line.partition(": ")[2] for line in said if line.startswith(f"aliases of {NAME}")]
    assert told == [
        "candidate 1, champion none, previous none",
        "candidate 1, champion 1, previous none",
        "candidate 2, champion 2, previous 1",
        "candidate 2, champion 1, previous 2",
    ]
    assert len(runs) == 2, "the second commit is one run, and the rollback is none"
    assert sum("is there; nothing runs" in line for line in said) == 2
