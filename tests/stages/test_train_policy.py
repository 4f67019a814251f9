"""Training of a policy: it resumes exactly, completions end at the fence, and the first update changes weights."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoTokenizer

from acecoder.config import validate
from acecoder.errors import InputError, PlatformError
from acecoder.rl import training
from acecoder.rl.reward_functions import RewardPart, TrlReward
from acecoder.rl.stopping import end_ids
from acecoder.rl.training import PolicyTraining
from tests.stages.policy_training import PROMPTS, TABLE, Rollout, train, variety


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


@pytest.mark.parametrize("name", ["grpo", "dapo"])
def test_advantages_are_those_of_trl_where_no_problem_is_replaced(
    base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    from acecoder.rl.trainer import PolicyTrainer

    theirs: list[torch.Tensor] = []
    ours: list[torch.Tensor] = []
    trl, own = (each._generate_and_score_completions for each in PolicyTrainer.__mro__[1::-1])

    def of_trl(self: Any, inputs: Any) -> Any:
        output = trl(self, inputs)
        theirs.append(output["advantages"].clone())
        return output

    def of_ours(self: Any, inputs: Any) -> Any:
        output = own(self, inputs)
        ours.append(output["advantages"])
        return output

    monkeypatch.setattr(PolicyTrainer.__mro__[1], "_generate_and_score_completions", of_trl)
    monkeypatch.setattr(PolicyTrainer, "_generate_and_score_completions", of_ours)
    algorithm = {"kind": name, "groups_without_spread": "keep", "reward_clamp": 100.0}
    train(base, tmp_path, [], {**TABLE, "steps": 3, "algorithm": algorithm})
    assert len(ours) == 3 and any(each.abs().max() > 0.1 for each in ours)
    for first, second in zip(theirs, ours, strict=True):
        assert torch.allclose(first, second, atol=1e-5)


def dull(names: list[str], completions: list[str]) -> list[float]:
    """All completions of two problems earn the same."""
    return [1.0 if name in ("p0", "p1") else float(index) for index, name in enumerate(names)]


def test_problems_without_spread_give_way_to_others_also_after_a_stop(
    base: str, tmp_path: Path
) -> None:
    table = {**TABLE, "algorithm": {"kind": "dapo", "mask_truncated": False}}
    whole: list[Rollout] = []
    log = train(base, tmp_path / "whole", whole, table, reward=dull)
    assert len(whole) > 6, "rollouts are filled up by further ones"
    asked = [len(names) // 2 for names, _ in whole]
    assert set(asked) <= {1, 2}
    refilled = sum(each["groups_refilled"] for each in log.rollouts)
    assert refilled > 0 and all(each["groups_without_spread"] == 0 for each in log.rollouts)
    seen: list[Rollout] = []
    with pytest.raises(InterruptedError):
        train(base, tmp_path / "cut", seen, table, 3, reward=dull)
    train(base, tmp_path / "cut", seen, table, reward=dull)
    assert seen == whole


def test_problems_without_spread_are_skipped_and_counted(base: str, tmp_path: Path) -> None:
    table = {**TABLE, "algorithm": {"kind": "grpo", "groups_without_spread": "skip"}}
    log = train(base, tmp_path, [], table, reward=lambda names, texts: [0.5] * len(texts))
    assert [each["groups_without_spread"] for each in log.rollouts] == [2.0] * 6
    assert [each["rollouts_without_spread"] for each in log.rollouts] == [1.0] * 6
    assert training.weight_change(base, tmp_path / "policy") == (0.0, 0)


def test_what_cannot_be_scored_is_counted_and_too_much_of_it_ends_the_training(
    base: str, tmp_path: Path
) -> None:
    def half(names: list[str], completions: list[str]) -> list[float | None]:
        return [None if index == 1 else float(index) for index in range(len(names))]

    table = {**TABLE, "steps": 2, "max_unscorable_share": 0.25}
    log = train(base, tmp_path / "some", [], table, reward=half)
    assert [each["completions_unscorable"] for each in log.rollouts] == [1.0, 1.0]
    assert log.rollouts[0]["reward"] == pytest.approx((0 + 2 + 3) / 3)
    with pytest.raises(PlatformError, match="25% of a rollout's completions could not be scored"):
        train(base, tmp_path / "more", [], {**table, "max_unscorable_share": 0.2}, reward=half)


def test_a_sum_is_logged_by_its_parts_and_lacks_none(base: str, tmp_path: Path) -> None:
    def one(names: list[str], completions: list[str]) -> list[float | None]:
        return [1.0, 0.0, None, 0.0]

    def two(names: list[str], completions: list[str]) -> list[float | None]:
        return [0.0, 10.0, 10.0, None]

    parts = [RewardPart("one", 1.0, one), RewardPart("two", 0.1, two)]
    table = {**TABLE, "steps": 1, "max_unscorable_share": 0.5}
    log = train(base, tmp_path, [], table, parts=parts)
    (rollout,) = log.rollouts
    assert rollout["completions_unscorable"] == 2
    assert rollout["rewards/one/mean"] == 0.5 and rollout["rewards/two/mean"] == 5.0
    assert rollout["reward"] == pytest.approx(1.0)
    assert rollout["rewards/one/wait_s"] >= 0


def test_a_reward_that_overlaps_is_begun_while_the_trainer_goes_on(
    base: str, tmp_path: Path
) -> None:
    threads: list[str] = []

    def reward(names: list[str], completions: list[str]) -> list[float]:
        threads.append(threading.current_thread().name)
        return variety(names, completions)

    whole = train(base, tmp_path / "behind", [], TABLE)
    part = RewardPart("variety", 1.0, reward, overlaps=True)
    log = train(base, tmp_path / "ahead", [], TABLE, parts=[part])
    assert len(threads) == 6, "each rollout is rewarded once"
    assert all(name.startswith("variety") for name in threads)
    assert [each["reward"] for each in log.rollouts] == [each["reward"] for each in whole.rollouts]
    assert log.completions == whole.completions


def test_what_was_begun_counts_only_for_the_same_completions() -> None:
    asked: list[list[str]] = []

    def reward(names: list[str], completions: list[str]) -> list[float]:
        asked.append(completions)
        return variety(names, completions)

    function = TrlReward(RewardPart("variety", 1.0, reward, overlaps=True), ("#",))
    logged: dict[str, float] = {}
    function.begin(["p"], ["ab# behind"])
    assert function(completions=["ab# other"], problem_id=["p"], log_metric=logged.__setitem__) == [
        2.0
    ]
    function.begin(["p"], ["abc"])
    assert function(completions=["a"], problem_id=["p"], log_metric=logged.__setitem__) == [1.0]
    assert asked == [["ab"], ["abc"], ["a"]] and logged.keys() == {"rewards/variety/wait_s"}
    function.close()


def test_a_refill_counts_once_what_cannot_be_scored_and_shows_the_rollouts_own_completions(
    base: str, tmp_path: Path
) -> None:
    def reward(names: list[str], completions: list[str]) -> list[float | None]:
        known = dull(names, completions)
        return [None, *known[1:]]

    table = {**TABLE, "algorithm": {"kind": "dapo", "mask_truncated": False}}
    table |= {"steps": 2, "max_unscorable_share": 1.0}
    seen: list[Rollout] = []
    log = train(base, tmp_path, seen, table, reward=reward)
    assert sum(each["completions_unscorable"] for each in log.rollouts) == len(seen) > 2
    first = set(seen[0][0])
    assert {each.problem_id for each in log.completions[0]} <= first


def test_processes_that_hold_parts_of_problems_cannot_refill(
    base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "4")
    table = {**TABLE, "algorithm": "dapo", "samples_per_prompt": 2, "prompts_per_step": 2}
    config = validate(PolicyTraining, table, where="test")
    with pytest.raises(InputError, match="a process has 1 completions of a rollout"):
        training._arguments(config, tmp_path, weights=[1.0], use_vllm=False, evaluates=False)
