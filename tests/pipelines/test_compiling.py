"""The one DAG compiles for every profile, and a plan knows its steps before they run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from acecoder.engine.home import Home
from acecoder.pipelines import compiling, dags, planning
from acecoder.profiles import SHIPPED, Profile, as_json

NAMES = sorted(path.stem for path in SHIPPED.glob("*.toml"))


def test_the_profiles_of_the_plan_are_there() -> None:
    assert {"smoke", "local", "gpu", "paper-7b", "paper-32b", "humaneval"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_compiles_to_ir_and_plans(name: str, home: Home, tmp_path: Path) -> None:
    profile = Profile.load(name)
    graph = dags.build(profile.pipeline, profile)
    compiling.compile_to(graph, tmp_path / "ir.yaml")
    steps = compiling.steps_of(compiling.compiled(graph))
    assert len(steps) == (5 if profile.pipeline == "evaluate" else 24)
    assert steps[0].name == "check_platform"
    names = [step.name for step in steps]
    for step in steps:
        assert all(
            names.index(source) < names.index(step.name) for source, _ in step.inputs.values()
        )
    planned = planning.plan(steps, profile, home)
    assert planned[0].stage_key and all(item.directory is None for item in planned)
    text = planning.describe(planned)
    assert f"0 of {len(steps)} steps are done" in text


def test_the_plan_says_where_there_are_too_few_problems(
    home: Home, write: Callable[..., Path]
) -> None:
    profile = Profile.load(
        "smoke", ["promote_model.gate.metrics=[{benchmark = 'b', max_loss = 0.3}]"]
    )
    steps = compiling.steps_of(compiling.compiled(dags.build("acecoder", profile)))
    planned = planning.plan(steps, profile, home)
    (note,) = planning.gate_notes(planned)
    assert note == "gate: b average: to rule out a loss of 0.3 takes 7 problems"
    place = [item.step.name for item in planned].index("filter_tests.benchmark")
    for count, more in ((6, ", there are 6: TOO FEW PROBLEMS"), (7, ", there are 7")):
        rows = [
            {"id": str(i), "question": "q", "tests": ["assert True"], "source": "b"}
            for i in range(count)
        ]
        kept = home.root / f"done-{count}" / "kept"
        kept.mkdir(parents=True)
        write("rows", *rows).rename(kept / "records.jsonl")
        planned[place] = replace(planned[place], directory=kept.parent)
        (told,) = planning.gate_notes(planned)
        assert told == note + more


def test_no_key_is_in_what_is_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    profile = Profile.load("paper-7b")
    compiling.compile_to(dags.build("acecoder", profile), tmp_path / "ir.yaml")
    text = (tmp_path / "ir.yaml").read_text()
    assert "sk-very-secret" not in text
    assert "OPENAI_API_KEY" in text


def test_the_run_key_moves_with_what_decides_a_result_and_with_nothing_else() -> None:
    def key(*settings: str) -> str:
        profile = Profile.load("smoke", settings)
        steps = compiling.steps_of(compiling.compiled(dags.build("acecoder", profile)))
        return compiling.run_key(steps, profile)

    base = key()
    loud = Profile.load("smoke", ["sample_programs.temperature=0.3"])
    dags.build("acecoder", loud)
    assert loud.configs["sample_programs.policy"].model_dump()["temperature"] == 0.3
    local = Profile.load("local", ["sample_programs.temperature=0.3"])
    step = "sample_programs.candidates"
    assert '"temperature": 0.3' in as_json(local.config(step))  # the profile says 0.8
    assert key() == base
    assert key("build_pairs.min_chosen=0.9") != base
    assert key("judge_programs.num_workers=1") == base


def test_the_papers_numbers() -> None:
    profile = Profile.load("paper-7b")
    dags.build("acecoder", profile)
    rm, rl = profile.configs["train_reward_model"], profile.configs["train_policy"]
    shown = rm.model_dump()
    assert (shown["learning_rate"], shown["pairs_per_update"]) == (1e-5, 128)
    assert (shown["max_length_tokens"], shown["epochs"], shown["warmup_share"]) == (2048, 1, 0.1)
    shown = rl.model_dump()
    assert shown["learning_rate"] == 5e-7
    assert (shown["algorithm"]["kl_coefficient"], shown["algorithm"]["clip"]) == (0.01, 0.2)
    assert (
        shown["prompts_per_step"] * shown["samples_per_prompt"] / shown["updates_per_rollout"]
        == 128
    )
    candidates = profile.configs["sample_programs.candidates"].model_dump()
    assert (candidates["num_samples"], candidates["temperature"]) == (16, 0.7)
    dags.build("acecoder", big := Profile.load("paper-32b"))
    assert big.configs["train_reward_model"].model_dump()["max_length_tokens"] == 1024
