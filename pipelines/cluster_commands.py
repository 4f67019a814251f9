"""What the command line does with runs on a cluster: submit, status, logs, cancel."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from acecoder.config import digest_of
from acecoder.errors import InputError
from pipelines import compiling, submitting
from pipelines.infra import Infra
from pipelines.profile import Profile


@dataclass(frozen=True)
class Target:
    """Which run on which cluster."""

    pipeline: str
    profile: str
    settings: Sequence[str]
    infra: str
    host: str = ""

    def load(self) -> tuple[Infra, Profile]:
        infra = Infra.load(Path(self.infra))
        return infra, Profile.load(self.profile, self.settings, infra)

    def connect(self, infra: Infra) -> submitting.Kfp:
        host = self.host or os.environ.get("KFP_HOST", "") or infra.kfp_host
        return submitting.Kfp(host, infra.namespace)


def run_key(steps: list[compiling.Step], profile: Profile, infra: Infra) -> str:
    """The run key, with the images that the pods will run."""
    return digest_of([compiling.run_key(steps, profile), infra.images.model_dump(mode="json")])[:16]


def submit(target: Target, *, wait: bool, retry: bool) -> int:
    """Start the run unless it is there; with `wait`, follow it and fail where it fails."""
    infra, profile = target.load()
    pipeline = target.pipeline or profile.pipeline
    graph = compiling.build(pipeline, profile)
    key = run_key(compiling.steps_of(compiling.compiled(graph)), profile, infra)
    kfp = target.connect(infra)
    run = _start(kfp, graph, f"{pipeline}-{profile.name}-{key}", key, infra, retry=retry)
    if not wait:
        return 0
    ended = submitting.follow(kfp, run, _say)
    _say(f"run {ended.id} {ended.state.lower()}")
    if ended.state != "SUCCEEDED":
        _say(submitting.why_failed(kfp, ended.id))
        return 1
    return 0


def _start(
    kfp: submitting.Kfp, graph: object, name: str, key: str, infra: Infra, *, retry: bool
) -> submitting.Run:
    decision = submitting.decide(name, kfp.runs(key), retry=retry)
    if decision.run is not None:
        _say(f"run {decision.run.id} ({decision.run.name}) is there: {decision.run.state.lower()}")
        return decision.run
    with tempfile.TemporaryDirectory() as scratch:
        package = Path(scratch) / "pipeline.yaml"
        compiling.compile_to(graph, package)
        made = kfp.create(decision.name, package, key, infra.service_account)
    # Two submitters at once both found nothing: the older run stays.
    alive = [run for run in kfp.runs(key) if not run.ended]
    first = submitting.oldest([*alive, made])
    if first.id != made.id:
        kfp.cancel(made.id)
        _say(f"run {first.id} ({first.name}) was started at the same time and stays")
        return first
    _say(f"run {made.id} ({made.name}) started")
    return made


def status(target: Target) -> int:
    """The newest run of the key, step by step."""
    kfp, run = _find(target)
    _say(f"{run.name}  {run.state.lower()}  {run.id}")
    for task in kfp.tasks(run.id):
        _say(f"{task.name:34} {task.state.lower():10} {task.seconds:6.0f} s")
    return 0


def logs(target: Target, step: str) -> int:
    """The log of one step, or the end of the logs of what failed."""
    kfp, run = _find(target)
    if not step:
        _say(submitting.why_failed(kfp, run.id) or f"nothing failed so far ({run.state.lower()})")
        return 0
    tasks = {task.name: task for task in kfp.tasks(run.id)}
    if step not in tasks or not tasks[step].pods:
        raise InputError(
            f"no step '{step}' has started in this run", where=run.id,
            remedy=f"one of: {', '.join(tasks) or 'none has started yet'}",
        )  # fmt: skip
    for pod in tasks[step].pods:
        _say(kfp.log(run.id, pod))
    return 0


def cancel(target: Target) -> int:
    """End the run; finished steps are kept."""
    kfp, run = _find(target)
    if run.ended:
        _say(f"run {run.id} has ended already: {run.state.lower()}")
        return 0
    kfp.cancel(run.id)
    _say(f"run {run.id} is being cancelled; finished steps are kept")
    return 0


def _find(target: Target) -> tuple[submitting.Kfp, submitting.Run]:
    infra, profile = target.load()
    graph = compiling.build(target.pipeline or profile.pipeline, profile)
    key = run_key(compiling.steps_of(compiling.compiled(graph)), profile, infra)
    kfp = target.connect(infra)
    runs = kfp.runs(key)
    if not runs:
        raise InputError(
            f"no run of this pipeline, profile and code ({key})", where=infra.namespace,
            remedy="acecoder submit; a change of code or profile makes another run key",
        )  # fmt: skip
    return kfp, max(runs, key=lambda run: run.created)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
