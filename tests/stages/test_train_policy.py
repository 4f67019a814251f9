"""Training of a policy: it resumes exactly, completions end at the fence, and the first update changes weights."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoTokenizer, TrainerCallback

from acecoder.config import validate
from acecoder.engine.home import CHECKPOINT_MARK, Home
from acecoder.llm.weights import resolve
from acecoder.rl import training
from acecoder.rl.stopping import end_ids
from acecoder.rl.training import PolicyTraining

PROMPTS = [
    (f"p{i}", f"<|im_start|>user\nReturn {i}.<|im_end|>\n<|im_start|>assistant\n") for i in range(5)
]
TABLE: dict[str, Any] = {
    "algorithm": {"kind": "reinforce++", "kl_coefficient": 0.0},
    "learning_rate": 1e-2,
    "steps": 6,
    "prompts_per_step": 2,
    "samples_per_prompt": 2,
    "updates_per_rollout": 1,
    "minibatch_size": 4,
    "max_new_tokens": 6,
    "dtype": "float32",
    "save_every_steps": 1,
}
Rollout = tuple[list[str], list[str]]


class Mark(TrainerCallback):
    """Marks checkpoints; ends the training after the one of an update, as a kill would."""

    def __init__(self, end_after: int | None = None) -> None:
        self.end_after = end_after

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        (Path(args.output_dir) / f"checkpoint-{state.global_step}" / CHECKPOINT_MARK).touch()
        if state.global_step == self.end_after:
            raise InterruptedError


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return resolve("random:tiny", "", Home(tmp_path_factory.mktemp("home")))


def train(
    base: str,
    folder: Path,
    seen: list[Rollout],
    table: dict[str, Any],
    end_after: int | None = None,
) -> training.TrainingLog:
    def reward(names: list[str], completions: list[str]) -> list[float]:
        seen.append((list(names), list(completions)))
        return [float(len(set(text))) for text in completions]

    return training.train(
        PROMPTS,
        reward,
        base,
        validate(PolicyTraining, table, where="test"),
        stop=("```",),
        use_vllm=False,
        scratch=folder / "scratch",
        destination=folder / "policy",
        callbacks=[Mark(end_after)],
    )


def test_stopped_at_any_save_of_three_epochs_it_goes_on_with_the_same_prompts_and_completions(
    base: str, tmp_path: Path
) -> None:
    whole: list[Rollout] = []
    log = train(base, tmp_path / "whole", whole, TABLE)
    assert len(whole) == 6
    prompts = [names for names, _ in whole]
    assert all(len(set(names)) == 2 for names in prompts), "no rollout has a problem twice"
    assert {name for names in prompts for name in names} == {name for name, _ in PROMPTS}
    for end_after in (1, 3, 4):
        folder = tmp_path / str(end_after)
        seen: list[Rollout] = []
        with pytest.raises(InterruptedError):
            train(base, folder, seen, TABLE, end_after)
        assert len(seen) == end_after
        resumed = train(base, folder, seen, TABLE)
        assert seen == whole, f"stopped after {end_after}"
        assert [each["reward"] for each in resumed.rollouts] == [
            each["reward"] for each in log.rollouts
        ]
        assert resumed.completions == log.completions


def test_the_first_update_moves_weights_and_the_last_has_a_tenth_of_the_rate(
    base: str, tmp_path: Path
) -> None:
    table = {**TABLE, "warmup_share": 0.5}
    train(base, tmp_path, [], table)
    state = json.loads((tmp_path / "scratch/checkpoint-6/trainer_state.json").read_text())
    rates = [entry["learning_rate"] for entry in state["log_history"] if "learning_rate" in entry]
    assert rates[0] == pytest.approx(1e-2 / 3) and max(rates) == pytest.approx(1e-2)
    assert rates[-1] == pytest.approx(1e-3)


def test_rewards_read_up_to_the_fence_and_nothing_behind_it_is_trained_on(
    base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = AutoTokenizer.from_pretrained(base)
    written = tokenizer("return 1\n```\nIt adds.", add_special_tokens=False)["input_ids"]
    from trl import GRPOTrainer

    def generate(self: Any, prompts: Any, *rest: Any) -> tuple[list[list[int]], None]:
        return [list(written) for _ in prompts], None

    masks: list[int] = []
    scored = GRPOTrainer._generate_and_score_completions

    def watched(self: Any, inputs: Any) -> Any:
        output = scored(self, inputs)
        masks.extend(output["completion_mask"].sum(dim=1).tolist())
        return output

    monkeypatch.setattr(GRPOTrainer, "_generate_single_turn", generate)
    monkeypatch.setattr(GRPOTrainer, "_generate_and_score_completions", watched)
    seen: list[Rollout] = []
    table = {**TABLE, "steps": 1, "algorithm": {"kind": "grpo", "kl_coefficient": 0.0}}
    train(base, tmp_path, seen, table)
    assert seen[0][1] == ["return 1\n"] * 4
    (length,) = set(masks)
    assert tokenizer.decode(written[:length]).endswith("```") and length < len(written)


def test_completions_end_with_a_turn_and_with_tokens_that_hold_the_fence(base: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(base)

    class Model:
        class generation_config:  # noqa: N801 (as transformers names it)
            eos_token_id = 2

    ends = end_ids(tokenizer, Model, ("def",))
    assert ends[0] == 2 and tokenizer.convert_tokens_to_ids("<|im_end|>") in ends
    assert all("def" in tokenizer.decode([token]) for token in ends[3:])
    assert len(end_ids(tokenizer, Model, ())) <= 3


def test_what_is_saved_ends_as_the_model_did_before(base: str, tmp_path: Path) -> None:
    train(base, tmp_path, [], {**TABLE, "steps": 1})
    told = [
        json.loads((d / "generation_config.json").read_text())
        for d in (Path(base), tmp_path / "policy")
    ]
    assert told[0]["eos_token_id"] == told[1]["eos_token_id"]
    shutil.rmtree(tmp_path / "scratch")
    assert torch.isfinite(torch.tensor(training.weight_change(base, tmp_path / "policy")[0]))
