"""What a server's pod begins with: every file of a release, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from acecoder.cli import main
from acecoder.engine.store import ObjectStore
from acecoder.promotion.release import Release, release_of


@pytest.fixture
def model(tmp_path: Path) -> Path:
    directory = tmp_path / "model"
    (directory / "sub").mkdir(parents=True)
    (directory / "model.safetensors").write_bytes(bytes(range(256)) * 40)
    (directory / "config.json").write_text("{}")
    (directory / "sub" / "template.jinja").write_text("x")
    return directory


def release(model: Path, source: str) -> Release:
    return release_of(model, workload="policy", name="m", version="2", source=source, run_key="k")


def fetch(tmp_path: Path, what: Release) -> int:
    (tmp_path / "release.json").write_text(what.text())
    return main(["fetch-model", str(tmp_path / "release.json"), str(tmp_path / "served")])


def names(directory: Path) -> list[str]:
    return sorted(str(f.relative_to(directory)) for f in directory.rglob("*") if f.is_file())


def test_files_are_brought_checked_and_kept(
    tmp_path: Path, model: Path, store: ObjectStore, capsys: pytest.CaptureFixture[str]
) -> None:
    store.put_tree(model, "artifacts/m", last="config.json")
    what = release(model, store.uri("artifacts/m"))
    assert fetch(tmp_path, what) == 0
    assert names(tmp_path / "served") == sorted(what.files)
    (tmp_path / "served" / "old.safetensors").write_text("of an earlier release")
    assert fetch(tmp_path, what) == 0
    assert names(tmp_path / "served") == sorted(what.files)
    assert "model.safetensors: is there" in capsys.readouterr().out


def test_one_flipped_byte_is_named(
    tmp_path: Path, model: Path, store: ObjectStore, capsys: pytest.CaptureFixture[str]
) -> None:
    what = release(model, store.uri("artifacts/m"))
    data = bytearray((model / "model.safetensors").read_bytes())
    data[77] ^= 1
    (model / "model.safetensors").write_bytes(data)
    store.put_tree(model, "artifacts/m", last="config.json")
    assert fetch(tmp_path, what) == 1
    said = capsys.readouterr().err
    assert "m/2 at s3://" in said and "model.safetensors has the sha256" in said
    assert not (tmp_path / "served" / "model.safetensors").exists()


def test_a_file_that_is_gone_a_pickle_and_a_path_outside_are_refused(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    what = release(model, model.as_uri())
    (model / "config.json").unlink()
    assert fetch(tmp_path, what) == 1
    assert "a file of the release is gone" in capsys.readouterr().err
    for name, said in (("../x.json", "'../x.json'"), ("weights.pkl", "only safetensors")):
        assert fetch(tmp_path, what.model_copy(update={"files": {name: "0"}})) == 2
        assert said in capsys.readouterr().err
    (tmp_path / "release.json").write_text(json.dumps({"workload": "policy"}))
    assert main(["fetch-model", str(tmp_path / "release.json"), str(tmp_path / "served")]) == 2
    assert "not a release: name" in capsys.readouterr().err
