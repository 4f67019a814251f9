"""Supervised steps on right programs: what is learnt, how it resumes, and that RL goes on from there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoTokenizer

from acecoder.config import validate
from acecoder.engine.home import Home
from acecoder.engine.runner import run_stage
from acecoder.errors import InputError, PlatformError
from acecoder.rl import warm_start
from acecoder.rl.warm_start import Demonstration, WarmStartTraining
from acecoder.stages import load_stage
from tests.nodes import publish
from tests.stages.policy_training import Mark

TINY = {"kind": "local", "source": "random:tiny", "batch_size": 4}
TABLE: dict[str, Any] = {
    "learning_rate": 1e-2, "programs_per_update": 2, "minibatch_size": 2, "dtype": "float32",
    "save_every_steps": 1,
}  # fmt: skip
PROMPT = "<|im_start|>user\nReturn {i}.<|im_end|>\n<|im_start|>assistant\n```python\n"
LEARNT = [Demonstration(PROMPT.format(i=i), f"def f():\n    return {i}\n```") for i in range(6)]


def train(
    base: str, folder: Path, table: dict[str, Any], end_after: int | None = None
) -> warm_start.WarmStartLog:
    return warm_start.train(
        LEARNT,
        base,
        validate(WarmStartTraining, {**TABLE, **table}, where="test"),
        scratch=folder / "scratch",
        destination=folder / "policy",
        callbacks=[Mark(end_after)],
    )


def test_it_learns_and_goes_on_after_a_stop_as_if_there_had_been_none(
    base: str, tmp_path: Path
) -> None:
    log = train(base, tmp_path / "whole", {"epochs": 4})
    assert len(log.losses) == 12 and log.losses[-1] < log.losses[0] / 2
    with pytest.raises(InterruptedError):
        train(base, tmp_path / "cut", {"epochs": 4}, end_after=5)
    assert train(base, tmp_path / "cut", {"epochs": 4}) == log


def test_the_loss_is_of_the_answers_tokens_alone(base: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(base)
    row = warm_start._row(LEARNT[3], tokenizer)
    learnt = [token for token, label in zip(row["input_ids"], row["labels"], strict=True)
              if label != warm_start.IGNORED]  # fmt: skip
    assert tokenizer.decode(learnt) == LEARNT[3].answer
    assert tokenizer.decode(row["input_ids"]) == LEARNT[3].prompt + LEARNT[3].answer


def test_what_is_too_long_is_left_out_and_counted(base: str, tmp_path: Path) -> None:
    lengths = [
        len(warm_start._row(each, AutoTokenizer.from_pretrained(base))["input_ids"])
        for each in LEARNT
    ]
    with pytest.raises(InputError, match="0 of 6 programs have at most 16 tokens"):
        train(base, tmp_path, {"max_length_tokens": 16})
    log = train(base, tmp_path, {"max_length_tokens": max(lengths)})
    assert (log.num_learnt, log.num_too_long) == (6, 0)


def test_a_loss_that_is_no_number_ends_it_before_a_checkpoint_has_it(
    base: str, tmp_path: Path
) -> None:
    with pytest.raises(PlatformError, match=r"of update \d is (nan|inf)"):
        train(base, tmp_path, {"learning_rate": 1e37, "warmup_share": 0.0, "epochs": 4})
    assert not (tmp_path / "policy").exists()


def test_the_stage_learns_right_programs_alone_and_rl_goes_on_from_it(tmp_path: Path) -> None:
    home = Home(tmp_path)
    problems = [{"id": f"p{i}", "question": f"Return {i}.", "entry_point": "f",
                 "tests": [f"assert f() == {i}"]} for i in range(4)]  # fmt: skip
    programs = [
        {"problem_id": f"p{i}", "model": "m", "program_index": j, "program": text}
        for i in range(3)
        for j, text in enumerate((f"def f(): return {i}", "def f(): return -1", f"def f(): return {i}"))
    ]  # fmt: skip
    tables = {
        "problems": publish(home, "problems", problems),
        "programs": publish(home, "programs", programs),
    }
    judged = run_stage(
        load_stage("judge_programs"), step="judge_programs", table={}, inputs=tables, home=home
    )
    inputs = {**tables, "verdicts": judged.directory / "verdicts"}
    table = {**TABLE, "model": TINY, "programs_per_update": 3, "minibatch_size": 3, "epochs": 3}
    done = run_stage(
        load_stage("train_warm_start"), step="train_warm_start", table=table, inputs=inputs, home=home
    )  # fmt: skip
    found = done.report.metrics
    assert (found["problems"], found["problems_solved"], found["programs_learnt"]) == (4, 3, 3)
    assert found["updates"] == 3
    warm = done.directory / "policy"
    rl = {
        "model": TINY, "algorithm": {"kind": "grpo", "kl_coefficient": 0.0}, "learning_rate": 1e-3,
        "reward": {"kind": "shuffled", "of": {"kind": "length", "free_chars": 1, "most_chars": 99}},
        "steps": 1, "prompts_per_step": 2, "samples_per_prompt": 2, "updates_per_rollout": 1,
        "minibatch_size": 4, "max_new_tokens": 4, "dtype": "float32",
    }  # fmt: skip
    given = {"problems": tables["problems"], "initial": warm}
    after = run_stage(
        load_stage("train_policy"), step="train_policy", table=rl, inputs=given, home=home
    )
    before = torch.tensor(after.report.metrics["weight_change"])
    assert 0 < before < 0.1, "it began from the warm start's weights"
