"""A stage key moves only when a result can: what it moves with, and what it does not."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

KEYS = """
import json
from acecoder.engine.contract import signature_of
from acecoder.engine.identity import stage_key
from acecoder.profiles import Profile
from acecoder.stages import load_stage
profile = Profile.load("smoke", ["train_policy.reward=tests_binary"])
keys = {}
for step in ("judge_programs.candidates", "train_policy", "build_pairs", "evaluate_model.policy",
             "sample_programs.candidates", "train_reward_model"):
    keys[step] = stage_key(load_stage(step.partition(".")[0]), profile.config(step), {})
profile = Profile.load("smoke", ["train_policy.reward=reward_model"])
keys["train_policy by model"] = stage_key(load_stage("train_policy"), profile.config("train_policy"), {})
print(json.dumps(keys))
"""
JUDGED = {"judge_programs.candidates", "train_policy", "evaluate_model.policy"}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code, to be changed."""
    root = tmp_path_factory.mktemp("checkout")
    for name in ("acecoder", "pipelines", "components"):
        shutil.copytree(
            name, root / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__")
        )
    return root


def keys(root: Path) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "-c", KEYS],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(root), "PATH": ""},
    )
    assert not done.returncode, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


def moved(root: Path, file: str) -> set[str]:
    """The steps whose key moves with a change of a file."""
    before, path = keys(root), root / file
    text = path.read_text()
    try:
        path.write_text(text + "\n# changed\n")
        after = keys(root)
    finally:
        path.write_text(text)
    return {step for step in before if before[step] != after[step]}


@pytest.mark.parametrize(
    "file",
    [
        "acecoder/sandbox/backends/pool.py",
        "acecoder/sandbox/backends/replicas.py",
        "acecoder/sandbox/backends/local.py",
        "acecoder/reporting/page.py",
        "acecoder/cli.py",
        "acecoder/verbs/run.py",
        "acecoder/entry.py",
        "acecoder/engine/runner.py",
        "acecoder/engine/store.py",
        "acecoder/engine/tracking/registry.py",
        "acecoder/cluster/trainjob.py",
        "pipelines/flow.py",
        "components/train_policy.py",
    ],
)
def test_what_no_result_depends_on_moves_no_key(checkout: Path, file: str) -> None:
    assert moved(checkout, file) == set()


@pytest.mark.parametrize(
    "file",
    [
        "acecoder/sandbox/judge/interpreter.py",
        "acecoder/sandbox/judge/losses.py",
        "acecoder/sandbox/worker/isolation/seccomp.py",
        "acecoder/sandbox/worker/inside/child.py",
    ],
)
def test_judge_and_worker_move_what_is_judged_and_rule_rewards(checkout: Path, file: str) -> None:
    assert moved(checkout, file) == JUDGED


def test_a_kind_that_is_not_chosen_moves_nothing(checkout: Path) -> None:
    assert moved(checkout, "acecoder/rl/algorithms/grpo.py") == set()
    assert "train_policy" not in moved(checkout, "acecoder/rewards/reward_model.py")
    assert moved(checkout, "acecoder/rewards/tests_binary.py") == {"train_policy"}
    assert moved(checkout, "acecoder/llm/endpoint.py") == set()
