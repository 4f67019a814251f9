"""What a step is given follows from what it does, for every profile on every cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from acecoder.config import Config, nested
from acecoder.errors import InputError
from acecoder.pipelines import compiling, dags
from acecoder.pipelines.infra import Infra
from acecoder.pipelines.placement import labels
from acecoder.pipelines.worlds import judges, world
from acecoder.profiles import SHIPPED, Profile
from acecoder.sandbox.contract import SandboxConfig

OVERLAYS = sorted(Path("manifests/overlays").glob("*/infra.toml"))
PROFILES = sorted(path.stem for path in SHIPPED.glob("*.toml"))
JUDGES = {"check_platform", "judge_programs", "evaluate_model"}
WORLDS = {
    # (profile, stage) -> image, where it is not the rule below
    "smoke": {"sample_programs": "train", "synthesize_tests": "train", "train_policy": "train"},
    "local": {"sample_programs": "train", "synthesize_tests": "train", "train_policy": "train"},
    "humaneval": {"sample_programs": "train"},
    "gpu": {"sample_programs": "rl", "synthesize_tests": "rl", "train_policy": "rl"},
    **{
        name: {"sample_programs": "rl", "synthesize_tests": "cpu", "train_policy": "rl"}
        for name in PROFILES
        if name.startswith("paper-")
    },
}


def built(name: str, overlay: Path) -> tuple[Profile, Infra]:
    infra = Infra.load(overlay)
    profile = Profile.load(name, (), infra)
    dags.build(profile.pipeline, profile)
    return profile, infra


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda path: path.parent.name)
@pytest.mark.parametrize("name", PROFILES)
def test_image_and_pool_of_every_step(name: str, overlay: Path) -> None:
    profile, infra = built(name, overlay)
    for step, config in profile.configs.items():
        stage = step.partition(".")[0]
        expected = {"train_reward_model": "train", "evaluate_model": "train"} | WORLDS[name]
        assert world(config) == expected.get(stage, "cpu"), step
        rule_rewards = stage == "train_policy" and name != "smoke" and not name.endswith("-rm")
        uses_pool = stage in JUDGES or rule_rewards
        assert judges(config) == uses_pool, step
        label = labels(step, profile, infra.resources(step)).get("acecoder.dev/uses-sandbox-pool")
        assert label == ("true" if uses_pool else None), step
        for sandbox in sandboxes(config):
            assert sandbox.backend == "pool", step
            assert sandbox.pool.url == infra.pool.url
            assert bool(sandbox.pool.token_file) == bool(infra.pool.secret)


def sandboxes(config: Config) -> Iterator[SandboxConfig]:
    return (part for _, part in nested(config) if isinstance(part, SandboxConfig))


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda path: path.parent.name)
def test_the_images_and_mounts_of_compiled_pods(overlay: Path) -> None:
    infra = Infra.load(overlay)
    profile = Profile.load("paper-7b", (), infra)
    ir = compiling.compiled(dags.build("acecoder", profile))
    executors = ir["deploymentSpec"]["executors"]
    images = {}
    for key, step in compiling.step_names(ir).items():
        label = ir["components"][ir["root"]["dag"]["tasks"][key]["componentRef"]["name"]]
        images[step] = executors[label["executorLabel"]]["container"]["image"]
    assert images["train_policy"] == infra.images.rl
    assert images["train_reward_model"] == infra.images.train
    assert images["sample_programs.candidates"] == infra.images.rl
    assert images["filter_tests.train"] == infra.images.cpu
    assert images["evaluate_model.policy"] == infra.images.train


def inputs(*settings: str, pipeline: str = "acecoder") -> dict[str, set[str]]:
    """Step -> the inputs it is given."""
    profile = Profile.load("smoke", settings)
    steps = compiling.steps_of(compiling.compiled(dags.build(pipeline, profile)))
    return {step.name: set(step.inputs) for step in steps}


RULE = "train_policy.reward=tests_binary"


def test_a_rule_reward_waits_for_no_reward_model() -> None:
    assert "reward_model" in inputs()["train_policy"]
    with_rule = inputs(RULE)
    assert with_rule["train_policy"] == {"problems"}
    assert "reward_model" in with_rule["evaluate_model.policy"]  # best-of-N rows ask for it
    assert "train_reward_model" not in inputs(RULE, pipeline="policy")


def test_a_reward_model_is_trained_only_where_something_asks_for_it() -> None:
    nothing_asks = inputs(RULE, "evaluate_model.best_of=[]")
    assert "train_reward_model" not in nothing_asks
    measured = {"benchmark", "programs", "verdicts", "training_problems"}
    assert nothing_asks["evaluate_model.policy"] == measured
    assert "train_reward_model" in inputs(RULE, "evaluate_model.best_of=[2]")


def test_what_is_evaluated_must_be_kept_out_of_training() -> None:
    with pytest.raises(InputError, match="not held against what is evaluated: humaneval"):
        inputs('load_problems.train.decontaminate_against=["first_steps/held_out"]')
