"""A plan does the arithmetic of memory, and refuses by name what cannot fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from acecoder.cli import main
from acecoder.engine.home import Home
from acecoder.errors import InputError
from acecoder.llm.weights import resolve
from acecoder.pipelines.fitting import Cards
from acecoder.profiles import Profile
from acecoder.stages.train_policy import TrainPolicyConfig
from acecoder.training.memory import generation_memory, training_memory
from acecoder.training.sizes import KNOWN, size_of

GB = 1e9
SEVEN = KNOWN["Qwen/Qwen2.5-Coder-7B-Instruct"]
THIRTY_TWO = KNOWN["Qwen/Qwen2.5-Coder-32B-Instruct"]


def test_the_state_of_a_full_fine_tune_by_hand() -> None:
    whole = training_memory(SEVEN, shares=1, tokens_per_forward=0)
    assert whole.state / GB == pytest.approx(121.8, abs=0.1) and whole.gathered == 0
    assert training_memory(SEVEN, shares=8, tokens_per_forward=0).state / GB == pytest.approx(
        15.2, abs=0.05
    )
    assert training_memory(THIRTY_TWO, shares=8, tokens_per_forward=0).state / GB == pytest.approx(
        65.5, abs=0.05
    )
    assert whole.host == 4 * SEVEN.parameters
    assert generation_memory(SEVEN, tokens=0) == 2 * SEVEN.parameters


def plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profile: str, gpus: str, *more: str
) -> int:
    monkeypatch.setenv("ACECODER_HOME", str(tmp_path / "home"))
    return main(["plan", "--profile", profile, "--gpus", gpus, *more])


@pytest.mark.parametrize(("profile", "state"), [("paper-7b", "15.2"), ("paper-32b", "65.5")])
def test_the_papers_recipes_fit_eight_gpus_of_80_gb(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    profile: str,
    state: str,
) -> None:
    assert plan(tmp_path, monkeypatch, profile, "8x80") == 0
    (line,) = [
        line for line in capsys.readouterr().out.splitlines() if line.startswith("train_reward")
        and "GB per GPU" in line
    ]  # fmt: skip
    assert f"state {state}:" in line


POLICIES = {
    "paper-7b": ("Qwen2.5-Coder-7B-Instruct", "tests_binary"),
    "paper-7b-rm": ("Qwen2.5-Coder-7B-Instruct", "reward_model"),
    "paper-7b-instruct-rule": ("Qwen2.5-7B-Instruct", "tests_binary"),
    "paper-7b-instruct-rm": ("Qwen2.5-7B-Instruct", "reward_model"),
    "paper-7b-coder-rule": ("Qwen2.5-Coder-7B", "tests_binary"),
    "paper-7b-coder-rm": ("Qwen2.5-Coder-7B", "reward_model"),
    "paper-7b-r1": ("Qwen2.5-Coder-7B", "weighted_sum"),
}


@pytest.mark.parametrize("profile", POLICIES)
def test_every_recipe_of_rl_differs_in_what_it_says_and_fits_eight_gpus_of_80_gb(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    profile: str,
) -> None:
    config = Profile.load(profile).config("train_policy")
    assert isinstance(config, TrainPolicyConfig)
    model, reward = POLICIES[profile]
    assert (config.model.name, config.reward.kind) == (f"hub:Qwen/{model}", reward)
    assert (config.steps, config.prompts_per_step, config.updates_per_rollout) == (80, 256, 16)
    assert config.prompt.names_function
    assert plan(tmp_path, monkeypatch, profile, "8x80") == 0
    (line,) = [
        line for line in capsys.readouterr().out.splitlines() if line.startswith("train_policy")
        and "GB per GPU" in line
    ]  # fmt: skip
    # State 15.23 + initial model 1.90 + the larger of vLLM's 24 and the update's 1.1 + 24.5.
    assert "42.8 GB per GPU" in line and "initial model 1.9; vLLM 24.0 while it generates" in line


def test_vllms_share_must_hold_the_weights_and_a_server_takes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small = ("--set", "train_policy.vllm.memory_share=0.1")
    assert plan(tmp_path, monkeypatch, "paper-7b", "8x80", *small) == 2
    assert "vLLM takes 15.5 GB" in capsys.readouterr().err
    awake = ("--set", "train_policy.vllm.sleep=false")
    assert plan(tmp_path, monkeypatch, "paper-7b", "8x80", *awake) == 0
    assert "66.8 GB per GPU" in capsys.readouterr().out
    alone = ("--set", "train_policy.algorithm.kl_coefficient=0.0")
    assert plan(tmp_path, monkeypatch, "paper-7b", "8x80", *alone) == 0
    (line,) = [
        each for each in capsys.readouterr().out.splitlines() if "while it generates" in each
    ]
    assert "initial model" not in line and "40.8 GB" in line


def test_7b_on_one_card_is_refused_with_its_sum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plan(tmp_path, monkeypatch, "paper-7b", "1x80") == 2
    said = capsys.readouterr().err
    assert "train_reward_model takes" in said and "state 121.8" in said and "80 GB" in said
    assert 'sharding = "fsdp2"' in said


def test_32b_without_sharding_is_refused_also_on_eight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ("--set", "train_reward_model.sharding=none")
    assert plan(tmp_path, monkeypatch, "paper-32b", "8x80", *more) == 2
    assert "state 524.2" in capsys.readouterr().err


def test_a_model_on_disk_is_measured_by_its_files(tmp_path: Path) -> None:
    directory = resolve("random:tiny", "", Home(tmp_path / "home"))
    size = size_of(f"path:{directory}")
    assert size is not None and size.layers == 2 and size.hidden == 64 and size.head_dim == 16
    # Embedding 512 x 64, two layers of 4 x 64^2 + 3 x 64 x 128 and two norms, one norm.
    assert size.parameters == size.vocabulary * 64 + 2 * (4 * 64**2 + 3 * 64 * 128 + 128) + 64
    assert size_of("hub:nobody/nothing") is None


@pytest.mark.parametrize("text", ["8", "0x80", "8x", "x80"])
def test_cards_are_a_count_and_a_size(text: str) -> None:
    with pytest.raises(InputError, match="--gpus"):
        Cards.parse(text)


INFRA = """
[git]
write = "nothing"
[steps.default]
gpu = 1
gpu_memory_gb = {memory}
tokens_per_gpu_s = 1000
[trainjobs.train_reward_model]
runtime = "acecoder-reward-model"
nodes = 2
processes_per_node = 4
gpu_memory_gb = 80
"""


def test_each_step_is_held_against_the_gpus_that_a_cluster_gives_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ACECODER_HOME", str(tmp_path / "home"))
    file = tmp_path / "infra.toml"
    file.write_text(INFRA.format(memory=140))
    base = ["plan", "--profile", "paper-7b", "--infra", str(file)]
    lora = ["--set", "train_policy.lora.rank=16", "--set", "train_policy.sharding=none"]
    assert main([*base, *lora]) == 0
    lines = {
        line.split()[0]: line
        for line in capsys.readouterr().out.splitlines()
        if "per GPU of" in line
    }
    assert "of 8x80 (state 15.2" in lines["train_reward_model"], "two nodes of four processes"
    assert "of 1x140 (state 31.1" in lines["train_policy"], "4 bytes x 7.6 billion, and LoRA's"
    # 80 rollouts of 256 x 8 completions of at most 2,048 tokens.
    assert "at most 335.5 million tokens, 93.2 GPU-hours" in lines["train_policy"]
    file.write_text(INFRA.format(memory=40))
    assert main([*base, *lora]) == 2
    said = capsys.readouterr().err
    assert "sample_programs.train_oracle takes" in said and "that has 40 GB" in said
    assert "train_reward_model" not in said
    file.write_text(INFRA.format(memory=0))
    assert main([*base, *lora]) == 0, "a GPU of unknown memory refuses nothing"
