"""What is watched while a policy trains: held-out problems, and tests held back from the reward."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from acecoder.engine.home import Home
from acecoder.engine.runner import run_stage
from acecoder.errors import SandboxUnavailable
from acecoder.reporting.records import of_step
from acecoder.reporting.views.train_policy import VIEW
from acecoder.rl import training
from acecoder.rl.held_out import Best
from acecoder.rl.measures import read_measures
from acecoder.rl.series import series
from acecoder.stages import load_stage
from tests.nodes import publish
from tests.stages.policy_training import TABLE, Rollout, train, variety


class HeldOutRewards:
    """Rewards of problems that are held out, one value per evaluation; a spread for the others."""

    def __init__(self, *values: float) -> None:
        self.values = list(values)

    def __call__(self, names: list[str], completions: list[str]) -> list[float]:
        if len(set(names)) < len(names):  # of a rollout: several completions of each problem
            return variety(names, completions)
        return [self.values.pop(0)] * len(names)


EVALUATED = {**TABLE, "held_out": {"num_problems": 1, "every_steps": 2, "samples_per_problem": 1}}


def test_problems_are_held_out_and_the_weights_of_the_best_evaluation_kept_also_after_a_stop(
    base: str, tmp_path: Path
) -> None:
    seen: list[Rollout] = []
    log = train(
        base, tmp_path / "whole", seen, EVALUATED, reward=HeldOutRewards(0.5, 0.75, 0.625, 0.5625)
    )
    assert log.evaluations == [0.5, 0.75, 0.625, 0.5625] and not log.stopped
    assert log.best == Best(2, 0.75)
    evaluated = {names[0] for names, _ in seen if len(names) == 1}
    assert len(evaluated) == 1
    assert not evaluated & {name for names, _ in seen if len(names) > 1 for name in names}
    # Stopped behind the best evaluation, with nothing left but the checkpoint.
    cut = tmp_path / "cut"
    with pytest.raises(InterruptedError):
        train(base, cut, [], EVALUATED, 3, reward=HeldOutRewards(0.5, 0.75))
    shutil.rmtree(cut / "scratch/best")
    resumed = train(base, cut, [], EVALUATED, reward=HeldOutRewards(0.625, 0.5625))
    assert resumed.best == log.best and resumed.evaluations == log.evaluations
    first, second = (tmp_path / name / "policy/model.safetensors" for name in ("whole", "cut"))
    assert first.read_bytes() == second.read_bytes()
    assert training.weight_change(base, tmp_path / "whole/policy")[0] > 0
    assert not (tmp_path / "whole/policy/best.json").exists()


def test_a_policy_that_collapses_ends_the_training_and_leaves_the_best_weights(
    base: str, tmp_path: Path
) -> None:
    log = train(base, tmp_path, [], EVALUATED, reward=HeldOutRewards(0.75, 0.25))
    assert log.updates == 2 and "collapsed" in log.stopped
    assert log.best == Best(0, 0.75)
    assert training.weight_change(base, tmp_path / "policy") == (0.0, 0)


def test_what_is_measured_of_rollouts_is_logged(base: str, tmp_path: Path) -> None:
    looked: list[int] = []

    def look(rollout: int, names: list[str], completions: list[str]) -> dict[str, float]:
        looked.append(rollout)
        return {"gap": 0.25} if rollout == 2 else {}

    log = train(base, tmp_path, [], {**TABLE, "steps": 3}, hacking=look)
    assert looked == [1, 2, 3]
    found = series(log.rollouts, log.seconds)
    assert found["hacking_gap"] == [0.25]
    assert {
        len(found[name]) for name in ("reward", "entropy", "length_tokens", "reward_variety")
    } == {3}
    assert all(0 <= share <= 1 for share in found["reward_wait_share"])
    assert all(rate > 0 for rate in found["tokens_per_s"])


def test_the_stage_reports_what_it_watched_and_leaves_the_gap_for_the_gate(tmp_path: Path) -> None:
    home = Home(tmp_path)
    rows = [
        {"id": f"p{i}", "question": f"Return {i}.", "entry_point": "f",
         "tests": [f"assert f() == {i}", f"assert f() != {i + 1}"]}
        for i in range(4)
    ]  # fmt: skip
    parts = {
        "tests": {"kind": "tests_pass_rate"},
        "length": {"kind": "length", "free_chars": 1, "most_chars": 200},
    }
    table = {
        **TABLE,
        "model": {"kind": "local", "source": "random:tiny"},
        "reward": {"kind": "weighted_sum", "parts": parts},
        "steps": 2,
        "held_out": {"num_problems": 2, "every_steps": 1},
        "hacking": {"held_back_share": 0.5, "every_steps": 1},
    }
    done = run_stage(
        load_stage("train_policy"),
        step="train_policy",
        table=table,
        inputs={"problems": publish(home, "problems", rows)},
        home=home,
    )
    metrics, found = done.report.metrics, done.report.series
    assert metrics["hacking_gap"] == 0.0 and metrics["hacking_alarms"] == 0
    assert read_measures(done.directory / "policy") == {"hacking_gap": 0.0}
    assert len(found["held_out_reward"]) == 3 and metrics["best_rollout"] in (0, 1, 2)
    assert {"reward_tests", "reward_length", "reward_wait_share"} <= found.keys()
    record = of_step(home, "train_policy", "train_policy", done.directory.name, table)
    assert record is not None
    page = VIEW.section({"train_policy": record})
    assert "parts of the reward by rollout" in page and "whose reward on held-out problems" in page
    assert "more of the tests they were rewarded for" in page and "nothing to show" not in page


def test_without_its_weights_the_best_evaluation_is_known_after_a_stop_too(
    base: str, tmp_path: Path
) -> None:
    table = {**EVALUATED, "held_out": {**EVALUATED["held_out"], "keep": False}}
    with pytest.raises(InterruptedError):
        train(base, tmp_path, [], table, 3, reward=HeldOutRewards(0.5, 0.75))
    log = train(base, tmp_path, [], table, reward=HeldOutRewards(0.25))
    assert "0.750 after 2" in log.stopped and log.best is None
    assert training.weight_change(base, tmp_path / "policy")[0] > 0


def test_a_gap_that_nobody_could_measure_is_said_and_not_left_for_the_gate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from acecoder.rl.watches.held_back import HeldBack

    measured = HeldBack.gaps
    looks: list[int] = []

    def gaps(self: Any, *given: Any) -> Any:
        looks.append(1)
        if len(looks) == 2:
            raise SandboxUnavailable("gone")
        return measured(self, *given)

    monkeypatch.setattr(HeldBack, "gaps", gaps)
    home = Home(tmp_path)
    rows = [
        {"id": f"p{i}", "question": f"Return {i}.", "entry_point": "f",
         "tests": [f"assert f() == {i}", f"assert f() != {i + 1}"]}
        for i in range(4)
    ]  # fmt: skip
    table = {
        **TABLE, "model": {"kind": "local", "source": "random:tiny"}, "steps": 2,
        "reward": {"kind": "length", "free_chars": 1, "most_chars": 200},
        "hacking": {"held_back_share": 0.5, "every_steps": 1},
    }  # fmt: skip
    done = run_stage(
        load_stage("train_policy"),
        step="train_policy",
        table=table,
        inputs={"problems": publish(home, "problems", rows)},
        home=home,
    )
    assert len(looks) == 2 and done.report.metrics["hacking_gap"] == 0.0
    assert read_measures(done.directory / "policy") == {}
    assert "nothing was measured for the hacking gap: gone" in capsys.readouterr().out
