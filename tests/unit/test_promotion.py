"""The gate decides on intervals; every decision is a commit of the home's own repository."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from acecoder.promotion.gate import Comparison, GateRule, decide
from acecoder.promotion.repository import ReleaseRepository


@pytest.mark.parametrize(
    ("difference", "bound", "problems", "promote", "why"),
    [
        (0.05, 0.01, 164, True, "no loss beyond"),
        (0.00, -0.0162, 164, True, "no loss beyond"),  # two models that never differ
        (0.05, -0.04, 164, False, "not ruled out"),  # better by luck
        (-0.01, -0.015, 164, False, "less than the asked gain"),  # surely worse by a little
        (0.00, -0.026, 100, False, "too few problems .* takes at least 133"),
    ],
)
def test_the_gate(difference: float, bound: float, problems: int, promote: bool, why: str) -> None:
    seen = Comparison(difference, bound, bound - 0.01, difference + 0.05, problems)
    decision = decide(seen, GateRule(max_loss=0.02, min_problems=133, min_gain=0.0))
    assert decision.promote is promote
    assert f"{difference:+.3f}" in decision.reason
    assert re.search(why, decision.reason), decision.reason


def log(path: Path) -> list[str]:
    command = ["git", f"--git-dir={path}", "log", "--format=%s", "main"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def test_each_decision_is_one_commit_and_the_same_one_is_none(tmp_path: Path) -> None:
    repository = ReleaseRepository(tmp_path / "git")
    first = repository.commit({"a/x.json": "1\n"}, "One")
    second = repository.commit({"b.yaml": "2\n"}, "Two")
    again = repository.commit({"b.yaml": "2\n"}, "Three")
    assert first != second == again
    assert log(tmp_path / "git") == ["Two", "One"]
    assert (repository.read("a/x.json"), repository.read("none")) == ("1\n", None)


def test_the_users_git_settings_and_clone_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    ReleaseRepository(tmp_path / "git").commit({"x": "y"}, "It")
    assert not (tmp_path / "elsewhere").exists()
    assert not (tmp_path / "nobody").exists()
