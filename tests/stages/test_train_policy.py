"""Training of a policy: it resumes exactly, completions end at the fence, and the first update changes weights."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoTokenizer, TrainerCallback

from acecoder.config import validate
from acecoder.engine.home import CHECKPOINT_MARK, Home
from acecoder.engine.runner import run_stage
from acecoder.errors import PlatformError
from acecoder.llm.weights import resolve
from acecoder.reporting.records import of_step
from acecoder.reporting.views.train_policy import VIEW
from acecoder.rl import training
from acecoder.rl.held_out import Best
from acecoder.rl.measures import read_measures
from acecoder.rl.reward_functions import RewardPart, ScoreFunction, TrlReward
from acecoder.rl.series import series
from acecoder.rl.stopping import end_ids
from acecoder.rl.training import PolicyTraining
from acecoder.stages import load_stage
from tests.nodes import publish

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


def variety(names: list[str], completions: list[str]) -> list[float]:
    """More for more different characters."""
    return [float(len(set(text))) for text in completions]


def train(
    base: str,
    folder: Path,
    seen: list[Rollout],
    table: dict[str, Any],
    end_after: int | None = None,
    reward: ScoreFunction = variety,
    parts: Sequence[RewardPart] = (),
    hacking: training.HackingLook | None = None,
) -> training.TrainingLog:
    def noted(names: list[str], completions: list[str]) -> Sequence[float | None]:
        seen.append((list(names), list(completions)))
        return reward(names, completions)

    return training.train(
        PROMPTS,
        parts or [RewardPart("variety", 1.0, noted)],
        base,
        validate(PolicyTraining, table, where="test"),
        stop=("```",),
        use_vllm=False,
        scratch=folder / "scratch",
        destination=folder / "policy",
        callbacks=[Mark(end_after)],
        hacking=hacking,
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
