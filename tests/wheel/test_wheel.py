"""The wheel alone, in a clean environment with an empty home: a product, and a library.

The environment is made with `uv` from the package index. Without one (no network) these are skipped.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

UV = Path(sys.executable).with_name("uv")
PROBLEM = {
    "id": "add",
    "question": "add(a, b)",
    "entry_point": "add",
    "tests": ["assert add(1, 2) == 3"],
}
PROGRAM = {
    "problem_id": "add",
    "model": "m",
    "program_index": 0,
    "program": "def add(a, b): return a + b",
}


def sh(*command: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command with nothing of this environment but PATH."""
    own = {"PATH": os.environ["PATH"], "HOME": str(cwd), **environment}
    for name in ("UV_CACHE_DIR", "PIP_INDEX_URL", "UV_INDEX_URL", "SSL_CERT_FILE", "PIP_CERT"):
        if name in os.environ:
            own.setdefault(name, os.environ[name])
    return subprocess.run(command, cwd=cwd, env=own, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [str(UV), "build", "--wheel", "-q", "-o", str(folder), "."], capture_output=True, text=True
    )
    if done.returncode and "error sending request" in done.stderr:
        pytest.skip("no package index: a wheel cannot be built")
    assert done.returncode == 0, done.stderr
    (found,) = folder.glob("*.whl")
    return found


def install(wheel: Path, extra: str, folder: Path) -> Path:
    """The folder of the programs of a clean environment."""
    made = sh(str(UV), "venv", "-q", "--python", sys.executable, "env", cwd=folder)
    assert made.returncode == 0, made.stderr
    what = f"acecoder{extra} @ {wheel.as_uri()}"
    cache = os.environ.get("UV_CACHE_DIR", str(Path.home() / ".cache" / "uv"))
    done = sh(
        str(UV), "pip", "install", "-q", what, cwd=folder, VIRTUAL_ENV=str(folder / "env"),
        UV_CACHE_DIR=cache, UV_LINK_MODE="symlink" if extra else "clone",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder / "env" / "bin"


@pytest.fixture(scope="session")
def core(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """(programs, an empty home) with the wheel and what it depends on."""
    yield install(wheel, "", tmp_path_factory.mktemp("core")), tmp_path_factory.mktemp("home")


def test_the_wheel_has_profiles_pipelines_types_and_data(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in (
        "acecoder/py.typed", "acecoder/pipelines/dags.py", "acecoder/pipelines/profiles/smoke.toml",
        "acecoder/components/filter_tests.py", "acecoder/problem_sets/first_steps/train.jsonl",
    ):  # fmt: skip
        assert wanted in names
    assert {name.split("/")[0] for name in names} == {"acecoder", "acecoder-0.1.0.dist-info"}


def test_the_core_judges_and_evaluates(core: tuple[Path, Path]) -> None:
    programs, home = core
    (home / "problems.jsonl").write_text(json.dumps(PROBLEM) + "\n")
    (home / "programs.jsonl").write_text(json.dumps(PROGRAM) + "\n")
    acecoder = str(programs / "acecoder")
    done = sh(
        acecoder, "judge-programs", "--problems", "problems.jsonl", "--programs", "programs.jsonl",
        "--verdicts", "verdicts", cwd=home,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads((home / "verdicts/records.jsonl").read_text())["pass_rate"] == 1.0
    done = sh(
        acecoder,
        "evaluate",
        "--benchmark",
        "problems.jsonl",
        "--samples",
        "programs.jsonl",
        cwd=home,
    )
    assert done.returncode == 0, done.stderr
    assert "100.0 (20.7-100.0)" in done.stdout and (home / "evaluations/problems").is_dir()


def test_the_core_is_a_library(core: tuple[Path, Path]) -> None:
    programs, home = core
    code = (
        "import acecoder\n"
        f"(verdict,) = acecoder.judge([{PROBLEM!r}], [('add', 'def add(a, b): return a + b')])\n"
        "assert verdict.pass_rate == 1\n"
        "problems = acecoder.load_benchmark('first_steps/train')\n"
        "from acecoder.rewards import TestsReward\n"
        "print(len(problems), acecoder.__version__)\n"
    )
    done = sh(str(programs / "python"), "-c", code, cwd=home)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["64", "0.1.0"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("run", "--profile", "smoke"), "acecoder[pipelines]"),
        (("plan", "--profile", "nope"), "no profile 'nope'"),
        (("lineage", "x"), "acecoder[tracking]"),
        (
            ("train-policy", "--profile", "smoke", "--problems", "problems.jsonl", "--policy", "p"),
            "acecoder[train]",
        ),
    ],
)  # fmt: skip
def test_what_needs_more_says_what_to_install(
    core: tuple[Path, Path], command: tuple[str, ...], said: str
) -> None:
    programs, home = core
    (home / "problems.jsonl").write_text(json.dumps(PROBLEM) + "\n")
    done = sh(str(programs / "acecoder"), *command, cwd=home)
    assert done.returncode == 2, done.stdout + done.stderr
    assert said in done.stderr and "Traceback" not in done.stderr


@pytest.mark.wheel
def test_all_of_it_runs_a_pipeline_anywhere(
    wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    programs = install(wheel, "[all]", tmp_path_factory.mktemp("all"))
    home = tmp_path_factory.mktemp("nowhere")
    done = sh(str(programs / "acecoder"), "run", "--profile", "smoke", cwd=home)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "gate " in done.stdout and list(home.glob(".acecoder/runs/*/report.html"))
