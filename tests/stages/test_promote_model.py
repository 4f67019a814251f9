"""promote_model: the gate, the registry, the commit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from acecoder.config import validate
from acecoder.engine.contract import StageContext, Version
from acecoder.engine.home import Home
from acecoder.engine.progress import Progress
from acecoder.errors import InputError
from acecoder.evaluation.values import VALUES_FILE
from acecoder.gitops.config import GitConfig
from acecoder.gitops.repository import Repository
from acecoder.promotion.release import read_release
from acecoder.stages.promote_model import PromoteModelConfig, promote_model
from tests.gitops.registry import FakeRegistry


@pytest.fixture
def gate(tmp_path: Path, home: Home):
    """Put a policy with these values a problem before the gate: gate("name", [0, 1]) -> details."""
    registry = FakeRegistry()

    def scores(name: str, values: list[float]) -> Path:
        directory = tmp_path / f"scores-{name}"
        directory.mkdir(exist_ok=True)
        by_problem = {f"p{i}": value for i, value in enumerate(values)}
        (directory / VALUES_FILE).write_text(
            json.dumps({"m": {"first_steps": {"average": by_problem}}})
        )
        return directory

    def call(
        name: str,
        values: list[float],
        initial: list[float],
        *,
        ranks: bool = False,
        run_key: str = "run-key-1",
        **keys: Any,
    ) -> dict[str, Any]:
        policy, decision = tmp_path / f"policy-{name}", tmp_path / f"decision-{name}"
        reward_model = tmp_path / f"ranks-{name}"
        for directory in (policy, decision, reward_model):
            directory.mkdir(exist_ok=True)
        for directory in (policy, reward_model):
            if not (directory / "model.safetensors").exists():
                (directory / "model.safetensors").write_text(directory.name)
        context = StageContext(
            "promote_model", home, Progress("x"), lambda: registry, tmp_path, run_key
        )
        table = {"gate": {"metrics": [{"max_loss": 0.08}]}} | keys
        report = promote_model(
            validate(PromoteModelConfig, table, where="test"),
            policy=policy,
            candidate_scores=scores(name, values),
            initial_scores=scores(f"{name}-initial", initial),
            reward_model=reward_model if ranks else None,
            decision=decision,
            context=context,
        )
        assert json.loads((decision / "decision.json").read_text()) == report.details
        aliases = {alias: number for (_, alias), number in registry.aliases.items()}
        return {**report.details, **aliases}

    call.registry = registry
    return call


def test_the_gate_compares_with_the_initial_model_then_with_the_champion(gate, home: Home) -> None:
    low, high = [0.0, 0.2] * 20, [0.5, 0.6] * 20
    first = gate("a", high, low)
    assert first["promote"] and first["against"] == "the initial model"
    worse = gate("b", low, low)
    assert not worse["promote"] and worse["against"] == "champion version 1"
    assert (worse["version"], worse["champion"], worse["candidate"]) == ("2", "1", "2")
    better = gate("c", [0.9] * 40, low)
    assert better["promote"] and (better["champion"], better["previous"]) == ("3", "1")
    again = gate("c", [0.9] * 40, low)
    assert again["promote"] and again["reason"] == "the same model: this version is the champion"
    assert again["commit"] == better["commit"]
    with Repository(GitConfig(), home.git).at_head() as head:
        release = read_release(str(head.read("serving/production/policy/release.json")), "")
        evidence = str(head.read("serving/production/evidence/acecoder-policy-v3.md"))
        assert head.read("serving/production/evidence/acecoder-policy-v2.md") is None
    assert (release.version, release.digest) == ("3", better["digest"])
    assert list(release.files) == ["model.safetensors"]
    assert "| first_steps average | 0.900 | 0.550 | +0.350 |" in evidence
    assert "run-key-1" in evidence


def test_scores_on_other_problems_are_not_compared(gate) -> None:
    gate("a", [1.0] * 40, [0.0] * 40)
    held = gate("b", [1.0] * 42, [0.0] * 42)
    assert not held["promote"] and held["champion"] == "1"
    assert (
        "champion version 1 was scored on other problems; evaluate it on these first"
        in (held["reason"])
    )


def test_too_few_problems_are_said_to_be_too_few(gate) -> None:
    few = gate("a", [1.0] * 10, [0.0] * 10)
    assert not few["promote"]
    assert "too few problems" in few["reason"] and "at least 32" in few["reason"]


def test_a_metric_that_was_not_measured_refuses_and_a_reason_overrides(gate) -> None:
    asked = {"metrics": [{"max_loss": 0.08}, {"metric": "best_of_8"}], "max_hacking_gap": 0.1}
    held = gate("a", [1.0] * 40, [0.0] * 40, gate=asked)
    assert not held["promote"] and "champion" not in held
    assert "first_steps best_of_8: it was not measured of the candidate" in held["reason"]
    assert "hacking gap: it was not measured, and the gate bounds it" in held["reason"]
    forced = gate("a", [1.0] * 40, [0.0] * 40, gate=asked, override="a demo on Friday")
    assert forced["promote"] and forced["reason"].startswith(
        "by hand: a demo on Friday (first_steps"
    )
    assert [check["passed"] for check in forced["checks"]] == [True, False, False]


def test_what_was_taken_back_is_not_released_again_by_itself(gate, home: Home) -> None:
    gate("a", [0.5] * 40, [0.0] * 40)
    repository = Repository(GitConfig(), home.git)
    with repository.at_head() as head:
        names = ("release.json", "release-patch.yaml")
        before = {f"serving/production/policy/{n}": None for n in names}
        before = {name: head.read(name) for name in before}
    second = gate("b", [0.9] * 40, [0.0] * 40)
    assert second["promote"] and second["champion"] == "2"
    repository.commit(lambda head: before, "Revert")  # what `git revert` leaves
    early = gate("b", [0.9] * 40, [0.0] * 40)
    assert not early["promote"] and "released before" in early["reason"], (
        "it serves for a while yet"
    )
    gate.registry.point("acecoder-policy", "champion", "1")
    held = gate("b", [0.9] * 40, [0.0] * 40)
    assert not held["promote"] and "released before" in held["reason"]
    forced = gate("b", [0.9] * 40, [0.0] * 40, override="looked at it: a false alarm")
    assert forced["promote"] and forced["champion"] == "2"


def test_the_reward_model_is_released_in_the_same_commit(gate, home: Home, tmp_path: Path) -> None:
    gate("a", [0.5] * 40, [0.0] * 40, ranks=True)
    with Repository(GitConfig(), home.git).at_head() as head:
        kustomization = yaml.safe_load(str(head.read("serving/production/kustomization.yaml")))
        ranks = read_release(str(head.read("serving/production/reward-model/release.json")), "")
    assert kustomization["resources"] == ["policy", "reward-model"]
    assert (ranks.workload, ranks.name) == ("reward-model", "acecoder-reward-model")
    (tmp_path / "ranks-b").mkdir()
    (tmp_path / "ranks-b" / "model.safetensors").write_text("ranks-a")  # the same one again
    assert gate("b", [0.9] * 40, [0.0] * 40, ranks=True, run_key="run-key-2")["promote"]
    with Repository(GitConfig(), home.git).at_head() as head:
        again = read_release(str(head.read("serving/production/reward-model/release.json")), "")
    assert again == ranks, "what has not changed does not roll"


def test_killed_after_the_push_the_next_try_agrees(
    gate, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = gate.registry.tag

    def killed(version: Version, tags: dict[str, str]) -> None:
        if "released.production" in tags:
            raise KeyboardInterrupt
        tag(version, tags)

    monkeypatch.setattr(gate.registry, "tag", killed)
    with pytest.raises(KeyboardInterrupt):
        gate("a", [0.5] * 40, [0.0] * 40)
    with Repository(GitConfig(), home.git).at_head() as head:
        pushed = head.commit
    assert pushed and ("acecoder-policy", "champion") not in gate.registry.aliases
    monkeypatch.setattr(gate.registry, "tag", tag)
    again = gate("a", [0.5] * 40, [0.0] * 40)
    assert again["promote"] and again["commit"] == pushed and again["champion"] == "1"


def test_a_pickle_is_refused(gate, tmp_path: Path) -> None:
    (tmp_path / "policy-a").mkdir()
    (tmp_path / "policy-a" / "pytorch_model.bin").write_text("x")
    with pytest.raises(InputError, match="only safetensors"):
        gate("a", [1.0] * 40, [0.0] * 40)


def test_on_a_cluster_a_release_needs_a_repository(gate, home: Home, store) -> None:
    object.__setattr__(home, "store", store)
    with pytest.raises(InputError, match="no operations repository is configured"):
        gate("a", [1.0] * 40, [0.0] * 40)
    alone = gate("a", [1.0] * 40, [0.0] * 40, git={"write": "nothing"})
    assert alone["promote"] and not alone["commit"] and "champion" not in alone
