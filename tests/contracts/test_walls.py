"""The walls between folders stand: a forbidden import is seen by the linter, each by its contract."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LINT = Path(sys.executable).with_name("lint-imports")
PLANTS = {
    "Dependencies point one way": (
        "acecoder/filtering/pairs.py",
        "import acecoder.stages.build_pairs",
    ),
    "One home for each library that reaches outside: KFP, MLflow, S3, Kubernetes": (
        "acecoder/stages/build_pairs.py",
        "import mlflow",
    ),
    "The engine knows no method, no cluster and no model": (
        "acecoder/engine/runner.py",
        "import acecoder.rendering",
    ),
    "The worker is alone: the standard library and itself": (
        "acecoder/sandbox/worker/purity.py",
        "from .. import contract",
    ),
    "What runs inside a worker and what stands outside share words, not code": (
        "acecoder/sandbox/worker/inside/child.py",
        "from ..outside import station",
    ),
    "Backends report losses and decide no verdict": (
        "acecoder/sandbox/backends/pool.py",
        "import acecoder.sandbox.judge.losses",
    ),
    "Expected values stay with the judge: only the sandbox's opening may ask it": (
        "acecoder/stages/judge_programs.py",
        "import acecoder.sandbox.judge.asserts",
    ),
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("checkout")
    for name in ("acecoder", "pipelines", "components"):
        shutil.copytree(
            name, root / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy("pyproject.toml", root)
    return root


def broken(root: Path) -> set[str]:
    """The contracts that the linter finds broken."""
    done = subprocess.run(
        [LINT, "--no-cache"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(root), "PATH": ""},
    )
    assert "Contracts:" in done.stdout, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    return {
        line.removesuffix(" BROKEN").partition(" BROKEN (")[0]
        for line in lines
        if " BROKEN" in line
    }


def test_as_it_is_no_wall_is_broken(checkout: Path) -> None:
    assert broken(checkout) == set()


@pytest.mark.parametrize("contract", PLANTS)
def test_a_forbidden_import_breaks_its_contract(checkout: Path, contract: str) -> None:
    name, plant = PLANTS[contract]
    file = checkout / name
    text = file.read_text()
    try:
        file.write_text(f"{text}\n{plant}\n")
        assert contract in broken(checkout)
    finally:
        file.write_text(text)
