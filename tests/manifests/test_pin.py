"""images/pin puts a release's digests where production reads them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

PLACES = (
    "manifests/overlays/production/kustomization.yaml",
    "manifests/overlays/production/infra.toml",
)
IMAGES = ("cpu", "train", "rl", "sandbox", "mlflow", "postgres")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for place in (*PLACES, "images/pin"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(place, tmp_path / place)
    return tmp_path


def pin(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(copy / "images/pin"), *arguments], capture_output=True, text=True, check=False
    )


def test_every_digest_of_zeros_can_be_pinned(copy: Path) -> None:
    digests = {name: f"sha256:{number:064x}" for number, name in enumerate(IMAGES, 1)}
    done = pin(copy, *(f"{name}={digest}" for name, digest in digests.items()))
    assert done.returncode == 0, done.stderr
    text = "".join((copy / place).read_text() for place in PLACES)
    assert "0" * 64 not in text
    assert all(digest in text for digest in digests.values())
    assert text.count(digests["train"]) == 2, "the runtime's and the steps'"


@pytest.mark.parametrize("wrong", ["cpu=1", "nobody=sha256:" + "a" * 64, "cpu"])
def test_what_is_no_image_or_no_digest_changes_nothing(copy: Path, wrong: str) -> None:
    before = [(copy / place).read_text() for place in PLACES]
    assert pin(copy, wrong).returncode != 0
    assert [(copy / place).read_text() for place in PLACES] == before
