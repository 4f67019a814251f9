"""The pipelines by name, each made of parts of `flow`. A step that one pipeline has finished is not run again by another."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from kfp import dsl

from acecoder.errors import InputError
from acecoder.pipelines.flow import Flow
from acecoder.pipelines.placement import place
from acecoder.profiles import Profile


def _reward_model(flow: Flow) -> None:
    flow.reward_model(flow.data())


def _policy(flow: Flow) -> None:
    data = flow.data()
    flow.policy(data, flow.reward_model(data) if flow.rewards_by_model() else None)


PIPELINES: dict[str, tuple[str, Callable[[Flow], Any]]] = {
    "acecoder": ("from seeds to a gate decision", Flow.everything),
    "data": ("up to preference pairs and hard problems", Flow.data),
    "reward_model": ("up to the reward model", _reward_model),
    "policy": ("up to the policy", _policy),
    "evaluate": ("the scores of one model", Flow.evaluation),
    # Under a name of its own, so that a list of runs tells it from experiments.
    "retrain": ("everything, started by a change in git", Flow.everything),
}


def build(name: str, profile: Profile) -> Any:
    """The KFP pipeline of that name; every step's config is in it. Raises InputError."""
    if name not in PIPELINES:
        raise InputError(f"there is no pipeline '{name}' (known: {', '.join(PIPELINES)})")
    if profile.overlay is not None:
        _build(name, profile)  # check_platform comes first and must know all other steps
        profile.steps = tuple(profile.configs)
    graph = _build(name, profile)
    profile.check_complete(name)
    return graph


def _build(name: str, profile: Profile) -> Any:
    what, make = PIPELINES[name]

    @dsl.pipeline(
        name=name.replace("_", "-"), description=f"AceCoder, {what}; profile {profile.name}"
    )
    def pipeline(run_key: str = "") -> None:
        make(Flow(profile, run_key))
        with _stacks_without_source():
            place(profile)

    return pipeline


@contextmanager
def _stacks_without_source() -> Iterator[None]:
    """KFP (2.17) takes the whole stack at every setting of a task, to name a function in an error that it may
    raise; reading the source lines of each frame is half of the time of building a pipeline."""
    whole = inspect.stack
    inspect.stack = partial(whole, 0)
    try:
        yield
    finally:
        inspect.stack = whole
