"""rollback and retrain, as a person at a terminal uses them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from acecoder.cli import main
from acecoder.engine.home import Home
from acecoder.engine.tracking.steps import Tracker
from acecoder.gitops.config import GitConfig
from acecoder.gitops.repository import Repository
from acecoder.promotion import serving_files
from acecoder.promotion.release import release_of
from tests.gitops.objects import git


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("ACECODER_HOME", str(tmp_path / "home"))
    return Home.from_environment()


def promote(home: Home, tmp_path: Path, version: str) -> None:
    model = tmp_path / f"model-{version}"
    model.mkdir()
    (model / "model.safetensors").write_text(version)
    Tracker(home).registry().register("p", model, model.as_uri(), {"digest": version})
    release = release_of(
        model, workload="policy", name="p", version=version, source=model.as_uri(), run_key="k"
    )
    Repository(GitConfig(), home.git).commit(
        lambda head: serving_files.files(
            head, [release], environment="production", base="../base/{workload}", evidence={}
        ),
        f"Promote {version}",
    )


def released(home: Home) -> tuple[str, str]:
    with Repository(GitConfig(), home.git).at_head() as head:
        own = "serving/production/policy"
        text = str(head.read(f"{own}/release.json"))
        patch = str(head.read(f"{own}/release-patch.yaml"))
    return json.loads(text)["version"], patch.split("acecoder.dev/version: '")[1][0]


def test_a_rollback_puts_the_release_before_back(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rollback", "--reason", "x"]) == 2
    assert "nothing is released there" in capsys.readouterr().err
    for version in "123":
        promote(home, tmp_path, version)
    assert main(["rollback", "--reason", "it repeats itself"]) == 0
    assert released(home) == ("2", "2")
    said = capsys.readouterr().out
    assert "p/3 is taken back, p/2 is released" in said and "champion is version 2 now" in said
    assert main(["rollback", "--to", "1", "--reason", "so does it"]) == 0
    assert released(home) == ("1", "1")
    assert main(["rollback", "--to", "7", "--reason", "x"]) == 2
    assert "version 7 was never released before p/1" in capsys.readouterr().err
    log = git(home.git, "log", "--format=%s%n%b", "main")
    assert "Roll back p/3 to version 2 in production\nit repeats itself" in log


@pytest.fixture
def operations(tmp_path: Path) -> Path:
    """A clone with one request, committed."""
    root = tmp_path / "operations"
    (root / "train" / "policy").mkdir(parents=True)
    (root / "train" / "policy" / "request.toml").write_text('profile = "smoke"\n')
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "Start")
    return root


def test_the_plan_says_what_would_run_and_why(
    operations: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = ["retrain", "--plan", "--operations", str(operations)]
    assert main(plan) == 0
    assert "train/policy: unchanged" in capsys.readouterr().out
    request = operations / "train" / "policy" / "request.toml"
    request.write_text('profile = "smoke"\nsettings = ["build_pairs.min_chosen=0.9"]\n')
    (operations / "train" / "other").mkdir()
    (operations / "train" / "other" / "request.toml").write_text('profile = "local"\n')
    assert main(plan) == 0
    said = capsys.readouterr().out
    assert "  profile.build_pairs.min_chosen: not there -> 0.9" in said
    assert "train/other: new: run key" in said
    request.unlink()
    (operations / "train" / "other" / "request.toml").write_text('profil = "local"\n')
    assert main(plan) == 2
    said = capsys.readouterr().out
    assert "train/policy: gone" in said and "profil" in said


def test_an_alias_is_pinned_when_a_person_commits(
    home: Home, operations: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    request = operations / "train" / "policy" / "request.toml"
    own = operations / "train" / "policy" / "mine.toml"
    request.write_text('profile = "mine.toml"\n')
    own.write_text('[models.base]\nsource = "registry:p@champion"\n')
    plan = ["retrain", "--operations", str(operations)]
    assert main(plan) == 2 and "names an alias" in capsys.readouterr().out
    assert main([*plan, "--pin"]) == 2
    assert "p has no alias 'champion'" in capsys.readouterr().err
    registry = Tracker(home).registry()
    made = registry.register("p", tmp_path, tmp_path.as_uri(), {"digest": "d"})
    registry.point("p", "champion", made.version)
    assert main([*plan, "--pin"]) == 0
    assert own.read_text() == '[models.base]\nsource = "registry:p/1"\n'
    assert main(plan) == 0
    registry.point(
        "p", "champion", registry.register("p", tmp_path, "file:///x", {"digest": "e"}).version
    )
    assert main(plan) == 0 and "alias" not in capsys.readouterr().out
