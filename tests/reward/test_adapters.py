"""LoRA: the matrices alone are trained, and merged into the weights that are saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from acecoder.config import validate
from acecoder.engine.home import Home
from acecoder.entry import run_step
from acecoder.llm.weights import resolve
from acecoder.reward import training as reward_training
from acecoder.reward.encoding import Chat
from acecoder.reward.problems import read_problems
from acecoder.reward.record import ScoringRecord
from acecoder.reward.scorer import pack_rows
from acecoder.reward.scoring import RewardModel
from acecoder.reward.training import RewardTraining, pair_trainer
from acecoder.schema import Pair
from acecoder.stages import load_stage
from acecoder.training.adapters import A, B, Lora, merged
from acecoder.training.sizes import KNOWN
from tests.nodes import PROBLEMS, TINY_POLICY, publish

LORA = {"rank": 4, "alpha": 8.0}
LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@pytest.fixture
def base(home: Home) -> str:
    return resolve("random:tiny", "", home)


def weights_of(directory: Path) -> dict[str, torch.Tensor]:
    return {k: v for file in directory.glob("*.safetensors") for k, v in load_file(file).items()}


def is_linear(name: str) -> bool:
    return any(f".{each}." in name for each in LINEAR)


def test_what_was_learnt_is_added_by_hand() -> None:
    layer = "base_model.model.model.layers.0.mlp.up_proj"
    state = {
        f"{layer}.base_layer.weight": torch.tensor([[1.0, 2.0], [3.0, 4.0]]),
        f"{layer}{A}": torch.tensor([[1.0, -1.0]]),
        f"{layer}{B}": torch.tensor([[2.0], [0.5]]),
        "base_model.model.lm_head.weight": torch.ones(1),
    }
    found = merged(state, Lora(rank=1, alpha=3.0))
    assert found.keys() == {"model.layers.0.mlp.up_proj.weight", "lm_head.weight"}
    expected = [[1.0 + 6.0, 2.0 - 6.0], [3.0 + 1.5, 4.0 - 1.5]]
    assert found["model.layers.0.mlp.up_proj.weight"].tolist() == expected


def test_numbers_per_rank_are_those_of_a_7b_model() -> None:
    """28 layers of 2 x 3584 x 3584, 2 x 3584 x 512 and 3 x 3584 x 18944."""
    edges = 28 * (4 * 3584 + 2 * (3584 + 512) + 3 * (3584 + 18944))
    assert KNOWN["Qwen/Qwen2.5-Coder-7B-Instruct"].linear_edges == pytest.approx(edges, rel=1e-3)


def test_a_reward_model_moves_its_matrices_and_its_head_alone(base: str, tmp_path: Path) -> None:
    pairs = [
        Pair(problem_id=f"p{i}", prompt=f"Add {i}.", chosen=f"def f(x): return x + {i}",
             rejected="pass", chosen_pass_rate=1.0, rejected_pass_rate=0.0)
        for i in range(8)
    ]  # fmt: skip
    table: dict[str, Any] = {
        "lora": LORA, "dtype": "float32", "learning_rate": 1e-2, "pairs_per_update": 4,
        "max_length_tokens": 128,
    }  # fmt: skip
    config = validate(RewardTraining, table, where="test")
    tokenizer = AutoTokenizer.from_pretrained(base)
    record = ScoringRecord.of(tokenizer, max_length_tokens=128, over_limit="drop")
    encoder = record.encoder(tokenizer, base)
    read = read_problems(pairs, encoder)
    trainer = pair_trainer(read, base, tokenizer, config, tmp_path / "scratch", [])
    trained = {name for name, each in trainer.model.named_parameters() if each.requires_grad}
    assert trained and all("lora_" in name or name == "inner.score.weight" for name in trained)
    trainer.train()
    chats = [Chat("Add 3.", "def f(x): return x + 3"), Chat("Add 3.", "pass")]
    packed = pack_rows([encoder.encode(chat).ids for chat in chats], tokenizer.pad_token_id)
    with torch.no_grad():
        in_memory = trainer.model.eval().scores(packed).tolist()
    made = tmp_path / "made"
    reward_training._save(trainer, tokenizer, record, made, config)
    assert RewardModel(made, batch_size=2).score(chats) == pytest.approx(in_memory, abs=1e-5)
    before, after = weights_of(Path(base)), weights_of(made)
    assert not any("lora" in name or "base_layer" in name for name in after)
    for name in before.keys() & after.keys():
        assert torch.equal(before[name], after[name]) != is_linear(name), name


@pytest.mark.parametrize("algorithm", ["reinforce++", "grpo"])
def test_a_policy_moves_its_matrices_alone_and_they_are_merged(home: Home, algorithm: str) -> None:
    pairs = [
        {
            "problem_id": f"p{i}",
            "prompt": f"Add {i}.",
            "chosen": f"def f(x): return x + {i}",
            "rejected": "pass",
            "chosen_pass_rate": 1.0,
            "rejected_pass_rate": 0.0,
        }
        for i in range(8)
    ]
    judge = run_step(
        load_stage("train_reward_model"),
        step="train_reward_model",
        table={
            "model": TINY_POLICY["model"],
            "held_out_share": 0.2,
            "dtype": "float32",
            "lora": LORA,
        },
        inputs={"pairs": publish(home, "pairs", pairs)},
        home=home,
    )
    table = {
        **TINY_POLICY,
        "algorithm": {"kind": algorithm, "kl_coefficient": 0.01},
        "lora": LORA,
        "learning_rate": 5e-2,
        "steps": 2,
    }
    done = run_step(
        load_stage("train_policy"),
        step="train_policy",
        table=table,
        inputs={
            "problems": publish(home, "problems", PROBLEMS),
            "reward_model": judge.directory / "reward_model",
        },
        home=home,
    )
    before = weights_of(Path(resolve("random:tiny", "", home)))
    after = weights_of(done.directory / "policy")
    assert before.keys() == after.keys()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved and all(is_linear(name) for name in moved)
    AutoModelForCausalLM.from_pretrained(done.directory / "policy")
