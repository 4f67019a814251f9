"""FSDP2 on two processes: the losses of one, killed and resumed, on one node and on two; the model that is
saved is the one that was trained."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from safetensors import safe_open

from acecoder.engine.home import Home
from acecoder.engine.store import ObjectStore
from acecoder.entry import run_step
from acecoder.errors import InputError
from acecoder.reward.encoding import Chat
from acecoder.reward.scoring import RewardModel
from acecoder.stages import load_stage
from tests.cluster.kube import until
from tests.nodes import PROBLEMS, TINY_POLICY, publish, start_node, told

SHARDED = (sys.executable, str(Path(__file__).with_name("sharded_on_cpu.py")))
TABLE = {
    "model": {"kind": "local", "source": "random:tiny"},
    "learning_rate": 1e-3,
    "held_out_share": 0.2,
    "epochs": 2,
    "dtype": "float32",
    "pairs_per_update": 6,
    "pairs_per_forward": 2,
    "save_every_steps": 1,
    "warmup_share": 0.2,
    "sharding": "fsdp2",
}
PROGRAMS = ("return x + {i}", "return x - {i}", "pass")


def rows() -> list[dict[str, Any]]:
    """Two right programs and a wrong one for each of ten problems: two pairs, three programs."""
    made = []
    for i in range(10):
        bodies = [f"def f(x): {text.format(i=i)}" for text in PROGRAMS]
        for chosen in bodies[:2]:
            pair = {"problem_id": f"p{i}", "prompt": f"Add {i}.", "chosen": chosen}
            pair |= {"rejected": bodies[2], "chosen_pass_rate": 1.0, "rejected_pass_rate": 0.0}
            made.append(pair)
    return made


@pytest.fixture
def one_process(tmp_path: Path) -> list[float]:
    """The losses of one process that holds everything."""
    home = Home(tmp_path / "one")
    pairs = publish(home, "pairs", rows())
    table = {**TABLE, "sharding": "none"}
    done = run_step(
        load_stage("train_reward_model"), step="rm", table=table, inputs={"pairs": pairs}, home=home
    )
    return done.report.series["loss"]


def ordered(store: ObjectStore, tmp_path: Path) -> tuple[str, dict[str, Any]]:
    """A training in the store; (its key, what the step that asks for it is run with)."""
    home = Home(tmp_path / "step", store)
    inputs = {"pairs": publish(home, "pairs", rows())}
    key = told(store, "train_reward_model", TABLE, inputs, home)
    return key, {"step": "train_reward_model", "table": TABLE, "inputs": inputs, "home": home}


def train(homes: list[Path], key: str, scores: Path, exit_after: str = "") -> str:
    """Two processes, on as many nodes as there are homes; what they said."""
    environment = {"EXIT_AFTER_UPDATE": exit_after, "SCORES": str(scores)}
    nodes = [
        start_node(
            home,
            key,
            processes=2 // len(homes),
            nodes=len(homes),
            number=number,
            program=SHARDED,
            environment=environment,
        )
        for number, home in enumerate(homes)
    ]
    said = "".join(node.communicate(timeout=400)[0] for node in nodes)
    expected = bool(exit_after)
    assert all(bool(node.returncode) == expected for node in nodes), said[-6000:]
    return said


@pytest.mark.parametrize("nodes", [1, 2])
def test_two_processes_are_one_also_when_killed_at_the_second_update(
    store: ObjectStore, tmp_path: Path, one_process: list[float], nodes: int
) -> None:
    key, arguments = ordered(store, tmp_path)
    scores = tmp_path / "scores.json"
    homes = [tmp_path / f"node-{number}" for number in range(nodes)]
    train(homes, key, scores, exit_after="2")
    left = [name for name in store.names("journal/checkpoints/") if name.endswith("/whole")]
    assert len(left) == 1 and "/checkpoint-2/" in left[0]
    # New pods: what is left is in the store.
    said = train([tmp_path / f"again-{number}" for number in range(nodes)], key, scores)
    # The first process of each node says what an update's loss was.
    assert said.count("{'loss':") == nodes * (len(one_process) - 2), said[-3000:]
    found = run_step(load_stage("train_reward_model"), **arguments)
    assert found.reused
    assert found.report.series["loss"] == pytest.approx(one_process, abs=1e-5)
    assert len(one_process) > 4
    in_memory = json.loads(scores.read_text())
    assert in_memory["sharded"] > 10, "parameters are DTensors"
    model = RewardModel(found.directory / "reward_model", batch_size=4)
    chats = [Chat("Add 3.", f"def f(x): {text.format(i=3)}") for text in PROGRAMS]
    assert model.score(chats) == pytest.approx(in_memory["scores"], abs=1e-5)
    assert not store.names("journal/checkpoints/"), "a finished training leaves no checkpoint"


@pytest.mark.parametrize("name", ["reinforce++", "grpo", "rloo", "dapo"])
def test_two_processes_move_a_policy_as_one_does(
    store: ObjectStore, tmp_path: Path, name: str
) -> None:
    """Losses, gradients and divergence of two rollouts, by every algorithm, the penalty on."""
    algorithm = {"kind": name, "kl_coefficient": 0.05, "mask_truncated": False}
    reward = {"kind": "length", "free_chars": 1, "most_chars": 60}
    table = {**TINY_POLICY, "algorithm": algorithm, "reward": reward, "updates_per_rollout": 1}
    table |= {"learning_rate": 1e-3, "minibatch_size": 4, "steps": 3, "warmup_share": 0.0}
    found = []
    for processes, sharding in ((1, "none"), (2, "fsdp2")):
        own = {**table, "sharding": sharding, "processes": processes}
        folder = tmp_path / f"{processes}"
        alone = Home(folder / "step", ObjectStore(f"s3://lake/of/{processes}"))
        given = {"problems": publish(alone, "problems", PROBLEMS)}
        key = told(alone.store, "train_policy", own, given, alone)
        node = start_node(
            folder / "node",
            key,
            processes=processes,
            program=SHARDED,
            environment={
                "SCRIPTED": "1",
                "SCORES": "",
                "ACECODER_STORE": f"s3://lake/of/{processes}",
            },
        )
        said = node.communicate(timeout=400)[0]
        assert node.returncode == 0, said[-5000:]
        done = run_step(
            load_stage("train_policy"), step="train_policy", table=own, inputs=given, home=alone
        )
        assert done.reused
        found.append(done.report)
    one, two = found
    for series in ("loss", "grad_norm", "reward"):
        assert len(one.series[series]) == 3, series
        assert two.series[series] == pytest.approx(one.series[series], abs=1e-5), series
    # TRL averages these by pass over a minibatch, and two processes' passes hold other completions.
    for series in ("kl", "entropy"):
        assert two.series[series] == pytest.approx(one.series[series], abs=1e-3), series
    assert max(one.series["grad_norm"]) > 1e-3 and two.metrics["tensors_changed"] > 10


def test_two_processes_share_a_policy_and_end(store: ObjectStore, tmp_path: Path) -> None:
    home = Home(tmp_path / "step", store)
    pairs = publish(home, "pairs", rows())
    done = run_step(
        load_stage("train_reward_model"),
        step="rm",
        table={**TABLE, "sharding": "none"},
        inputs={"pairs": pairs},
        home=home,
    )
    inputs = {
        "problems": publish(home, "problems", PROBLEMS),
        "reward_model": done.directory / "reward_model",
    }
    table = {**TINY_POLICY, "sharding": "fsdp2"}
    key = told(store, "train_policy", table, inputs, home)
    train([tmp_path / "node"], key, tmp_path / "unused.json")
    found = run_step(
        load_stage("train_policy"), step="train_policy", table=table, inputs=inputs, home=home
    )
    assert found.reused and found.report.metrics["tensors_changed"] > 10
    (file,) = (found.directory / "policy").glob("*.safetensors")
    with safe_open(file, "pt") as tensors:
        names = set(tensors.keys())
    assert "lm_head.weight" not in names, "a tied head is written once"
    assert "model.embed_tokens.weight" in names


def test_what_would_not_be_sharded_is_refused(tmp_path: Path, home: Home) -> None:
    pairs = publish(home, "pairs", rows())
    with pytest.raises(InputError, match="splits a training over processes, and this is one"):
        run_step(
            load_stage("train_reward_model"),
            step="rm",
            table=TABLE,
            inputs={"pairs": pairs},
            home=home,
        )


def test_a_step_starts_its_processes_by_itself(tmp_path: Path, one_process: list[float]) -> None:
    """As with two GPUs; here `processes` says it."""
    home = Home(tmp_path / "home")
    pairs = publish(home, "pairs", rows())
    table = {**TABLE, "sharding": "none", "processes": 2}
    stage = load_stage("train_reward_model")
    done = run_step(stage, step="rm", table=table, inputs={"pairs": pairs}, home=home)
    assert not done.reused
    assert done.report.series["loss"] == pytest.approx(one_process, abs=1e-5)
    again = run_step(
        stage, step="rm", table={**table, "processes": 0}, inputs={"pairs": pairs}, home=home
    )
    assert again.reused, "the number of processes decides no result"


@pytest.mark.parametrize(("visible", "processes"), [("", 1), ("0", 1), ("0,1,2,3", 4), ("-1", 1)])
def test_a_process_for_each_visible_gpu(
    visible: str, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from acecoder.cluster.one_node import processes_of
    from acecoder.stages.train_reward_model import TrainRewardModelConfig

    config = TrainRewardModelConfig.model_validate({**TABLE, "sharding": "none"})
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert processes_of(config) == processes
    monkeypatch.setenv("RANK", "0")
    assert processes_of(config) == 1, "torchrun started this one"


def test_processes_end_with_the_step_that_was_killed(tmp_path: Path) -> None:
    """Whoever asks again must not train beside them."""
    file = tmp_path / "pairs.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows()))
    settings = {"processes": 2, "epochs": 4000, "held_out_share": 0.2, "pairs_per_update": 6}
    command = [sys.executable, "-m", "acecoder", "train-reward-model", "--pairs", str(file)]
    command += ["--reward-model", str(tmp_path / "rm"), "--set", 'model.source="random:tiny"']
    for name, value in settings.items():
        command += ["--set", f"{name}={value}"]
    environment = {**os.environ, "ACECODER_HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as step:
        until("both train", lambda: len(training(tmp_path / "home")) == 2, 120)
        os.kill(step.pid, signal.SIGKILL)
        step.wait()
        until("they have ended", lambda: not training(tmp_path / "home"), 60)


def training(home: Path) -> list[int]:
    """The processes of this home that train."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            variables = (entry / "environ").read_bytes().split(b"\0")
            trains = words[1:4] == [b"-m", b"acecoder", b"run-node"]
            if trains and f"ACECODER_HOME={home}".encode() in variables:
                found.append(int(entry.name))
    return found
