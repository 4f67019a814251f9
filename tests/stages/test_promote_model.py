"""promote_model: the gate, the registry, the commit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from acecoder.engine.contract import Champion, StageContext
from acecoder.engine.home import Home
from acecoder.engine.progress import Progress
from acecoder.evaluation.values import VALUES_FILE
from acecoder.promotion.repository import ReleaseRepository
from acecoder.stages.promote_model import PromoteModelConfig, promote_model


class FakeRegistry:
    """The registry's contract in memory."""

    def __init__(self) -> None:
        self.versions: dict[str, dict[str, str]] = {}
        self.aliases: dict[str, str] = {}

    def champion(self, name: str) -> Champion | None:
        version = self.aliases.get("champion")
        return Champion(version, "", self.versions[version]["scores"]) if version else None

    def register(self, name: str, source: Path, tags: dict[str, str]) -> str:
        for version, known in self.versions.items():
            if known["digest"] == tags["digest"]:
                return version
        self.versions[str(len(self.versions) + 1)] = tags
        return str(len(self.versions))

    def promote(self, name: str, version: str) -> None:
        self.aliases["champion"] = version


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

    def call(name: str, values: list[float], initial: list[float]) -> dict[str, Any]:
        policy, decision = tmp_path / f"policy-{name}", tmp_path / f"decision-{name}"
        for directory in (policy, decision):
            directory.mkdir(exist_ok=True)
        (policy / "model.safetensors").write_text(name)
        context = StageContext("promote_model", home, Progress("x"), registry, tmp_path)
        report = promote_model(
            PromoteModelConfig(max_loss=0.08),
            policy=policy,
            candidate_scores=scores(name, values),
            initial_scores=scores(f"{name}-initial", initial),
            decision=decision,
            context=context,
        )
        return {**report.details, "champion": registry.aliases.get("champion")}

    return call


def test_the_gate_compares_with_the_initial_model_then_with_the_champion(gate, home: Home) -> None:
    low, high = [0.0, 0.2] * 20, [0.5, 0.6] * 20
    first = gate("a", high, low)
    assert first["promote"] and first["against"] == "the initial model"
    worse = gate("b", low, low)
    assert not worse["promote"] and worse["against"] == "champion version 1"
    assert (worse["version"], worse["champion"]) == ("2", "1")
    better = gate("c", [0.9] * 40, low)
    assert better["promote"] and better["champion"] == "3"
    again = gate("c", [0.9] * 40, low)
    assert again["promote"] and again["reason"] == "the same model: this version is the champion"
    repository = ReleaseRepository(home.git)
    assert "version: '3'" in str(repository.read("released-model.yaml"))
    assert '"promote": false' in str(repository.read("decisions/acecoder-policy-v2.json"))


def test_scores_on_other_problems_are_not_compared(gate) -> None:
    gate("a", [1.0] * 40, [0.0] * 40)
    held = gate("b", [1.0] * 42, [0.0] * 42)
    assert not held["promote"] and held["champion"] == "1"
    assert (
        held["reason"]
        == "champion version 1 was scored on other problems; evaluate it on these first"
    )


def test_too_few_problems_are_said_to_be_too_few(gate) -> None:
    few = gate("a", [1.0] * 10, [0.0] * 10)
    assert not few["promote"]
    assert "too few problems" in few["reason"] and "at least 32" in few["reason"]
