"""Training on several nodes: the processes that a TrainJob's pods are, without the pods."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from acecoder.engine.home import Home
from acecoder.engine.store import ObjectStore
from acecoder.entry import run_step
from acecoder.errors import InputError, PlatformError
from acecoder.stages import load_stage
from tests.nodes import PROBLEMS, TINY_POLICY, publish, run_nodes, told

TINY = {"kind": "local", "source": "random:tiny", "batch_size": 4}
LAUNCH = {"runtime": "acecoder-reward-model", "nodes": 2}


def test_two_processes_train_one_reward_model_then_one_policy_and_the_steps_find_them(
    store: ObjectStore, tmp_path: Path
) -> None:
    stepper = Home(tmp_path / "step", store)
    rows = [
        {
            "problem_id": f"p{i}",
            "prompt": f"Add {i}.",
            "chosen": f"def f(x): return x + {i}",
            "rejected": "def f(x): pass",
            "chosen_pass_rate": 1.0,
            "rejected_pass_rate": 0.0,
        }
        for i in range(20)
    ]
    pairs = publish(stepper, "pairs", rows)
    table = {
        "model": TINY,
        "learning_rate": 1e-3,
        "held_out_share": 0.2,
        "epochs": 2,
        "dtype": "float32",
        "pairs_per_update": 4,
        "pairs_per_forward": 2,
        "max_length_tokens": 128,
        "save_every_steps": 2,
    }
    key = told(store, "train_reward_model", {**table, "launch": LAUNCH}, {"pairs": pairs}, stepper)
    said = run_nodes(tmp_path / "node", key, 2)
    assert "16 pairs to train on, 4 held out" in said
    # The step comes back (here: without a cluster to ask) and finds what the nodes published.
    found = run_step(
        load_stage("train_reward_model"),
        step="train_reward_model",
        table={**table, "launch": LAUNCH},
        inputs={"pairs": pairs},
        home=stepper,
    )
    assert found.reused
    assert found.report.metrics["steps"] == 8, "an update sees 4 pairs, however many processes"
    assert math.isfinite(found.report.metrics["final_loss"])
    assert list((found.directory / "reward_model").glob("*.safetensors"))
    assert not store.names("journal/checkpoints/"), "a finished training leaves no checkpoint"

    problems = publish(stepper, "problems", PROBLEMS)
    given = {"problems": problems, "reward_model": found.directory / "reward_model"}
    table = {**TINY_POLICY, "launch": LAUNCH}
    key = told(store, "train_policy", table, given, stepper)
    run_nodes(tmp_path / "node", key, 2)
    found = run_step(
        load_stage("train_policy"), step="train_policy", table=table, inputs=given, home=stepper
    )
    assert found.reused
    assert found.report.metrics["tensors_changed"] > 10


def test_a_step_that_is_to_be_launched_needs_a_store_and_a_cluster(
    store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / "step", store)
    pairs = publish(home, "pairs", [])
    table = {"model": TINY, "launch": LAUNCH}
    arguments: dict[str, Any] = {"step": "s", "table": table, "inputs": {"pairs": pairs}}
    stage = load_stage("train_reward_model")
    with pytest.raises(InputError, match="need an object store"):
        run_step(stage, home=Home(home.root), **arguments)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", "/nowhere")
    with pytest.raises((InputError, PlatformError), match="no cluster to speak to"):
        run_step(stage, home=home, **arguments)


def test_a_batch_that_processes_cannot_share_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from acecoder.training.processes import share_of_batch

    shares = {}
    for processes in (1, 2, 4, 8, 16):
        monkeypatch.setenv("WORLD_SIZE", str(processes))
        shares[processes] = share_of_batch(4, 4)
    assert shares == {1: (4, 4), 2: (4, 2), 4: (4, 1), 8: (2, 1), 16: (1, 1)}
    monkeypatch.setenv("WORLD_SIZE", "3")
    with pytest.raises(InputError, match="16 an update cannot be shared by 3"):
        share_of_batch(4, 4)
