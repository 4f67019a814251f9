"""What the command line does with runs on a cluster: submit, status, logs, cancel."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from acecoder.config import digest_of
from acecoder.errors import InputError
from acecoder.pipelines import compiling, dags, submitting, watching, workflows
from acecoder.pipelines.infra import Infra
from acecoder.profiles import Profile


@dataclass(frozen=True)
class Target:
    """Which run on which cluster, as the command line names it."""

    pipeline: str
    profile: str
    settings: Sequence[str]
    infra: str
    host: str = ""
    run: str = ""
    """Id of a run, for one that was started with other code."""

    def prepare(self) -> Prepared:
        """Compile it and connect. Raises InputError, PlatformError."""
        infra = Infra.load(Path(self.infra))
        profile = Profile.load(self.profile, self.settings, infra)
        pipeline = self.pipeline or profile.pipeline
        graph = dags.build(pipeline, profile)
        ir = compiling.compiled(graph)
        key = run_key(compiling.steps_of(ir), profile, infra)
        host = self.host or os.environ.get("KFP_HOST", "") or infra.kfp_host
        steps = compiling.step_names(ir)
        kfp = submitting.Kfp(host, infra.namespace, steps)
        return Prepared(infra, graph, f"{pipeline}-{profile.name}-{key}", key, kfp, steps)


class Prepared(NamedTuple):
    """A pipeline, compiled for a cluster, and the API to it."""

    infra: Infra
    graph: Any
    name: str
    key: str
    kfp: submitting.Kfp
    steps: dict[str, str]
    """Task of the compiled pipeline -> its step."""

    def tasks(self, run_id: str) -> list[submitting.Task]:
        """The steps of a run: as Argo has them where it can be asked, else as KFP tells."""
        found = workflows.tasks(self.infra.namespace, run_id, self.steps)
        return found or self.kfp.tasks(run_id)

    def log(self, run_id: str, node: str) -> str:
        """A step's log, from its pod or, when the pod is gone, from KFP."""
        return workflows.log(self.infra.namespace, node) or self.kfp.log(run_id, node)


def run_key(steps: list[compiling.Step], profile: Profile, infra: Infra) -> str:
    """The run key, with the images that the pods will run."""
    return digest_of([compiling.run_key(steps, profile), infra.images.model_dump(mode="json")])[:16]


def submit(target: Target, *, wait: bool, retry: bool) -> int:
    """Start the run unless it is there; with `wait`, follow it and fail where it fails."""
    ready = target.prepare()
    run = _start(ready, retry=retry)
    if not wait:
        return 0
    ended = submitting.follow(
        ready.kfp, run, ready.tasks, _say, watching.Watch(ready.infra.namespace)
    )
    _say(f"run {ended.id} {ended.state.lower()}")
    if ended.state != "SUCCEEDED":
        _say(submitting.why_failed(ready.tasks(ended.id), lambda node: ready.log(ended.id, node)))
        return 1
    return 0


def _start(ready: Prepared, *, retry: bool) -> submitting.Run:
    kfp, key = ready.kfp, ready.key
    decision = submitting.decide(ready.name, kfp.runs(key), retry=retry)
    if decision.run is not None:
        _say(f"run {decision.run.id} ({decision.run.name}) is there: {decision.run.state.lower()}")
        return decision.run
    return start(kfp, ready.graph, decision.name, key, ready.infra.service_account, _say)


def start(
    kfp: submitting.Kfp,
    graph: Any,
    name: str,
    key: str,
    service_account: str,
    say: Callable[[str], None],
) -> submitting.Run:
    """Start a run under a key. Of two that were started at once the older one stays. Raises
    PlatformError."""
    with tempfile.TemporaryDirectory() as scratch:
        package = Path(scratch) / "pipeline.yaml"
        compiling.compile_to(graph, package)
        made = kfp.create(name, package, key, service_account)
    alive = [run for run in kfp.runs(key) if not run.ended]
    first = submitting.oldest([*alive, made])
    if first.id != made.id:
        kfp.cancel(made.id)
        say(f"run {first.id} ({first.name}) was started at the same time and stays")
        return first
    say(f"run {made.id} ({made.name}) started")
    return made


def status(target: Target) -> int:
    """The newest run of the key, step by step."""
    ready, run = _find(target)
    _say(f"{run.name}  {run.state.lower()}  {run.id}")
    for task in ready.tasks(run.id):
        state = task.state.lower() or "not begun"
        _say(
            f"{task.name:34} {state:10} {task.seconds:6.0f} s"
            if task.seconds
            else f"{task.name:34} {state}"
        )
    for wait in watching.waits(ready.infra.namespace, run.id):
        _say(f"pod {wait.name} waits: {wait.why}\n  try: {wait.remedy}")
    return 0


def logs(target: Target, step: str) -> int:
    """The log of one step, or the end of the logs of what failed."""
    ready, run = _find(target)
    if not step:
        _say(
            submitting.why_failed(ready.tasks(run.id), lambda node: ready.log(run.id, node))
            or f"nothing failed so far ({run.state.lower()})"
        )
        return 0
    tasks = {task.name: task for task in ready.tasks(run.id)}
    if step not in tasks or not tasks[step].nodes:
        raise InputError(
            f"no step '{step}' has started in this run",
            where=run.id,
            remedy=f"one of: {', '.join(tasks) or 'none has started yet'}",
        )
    for node in tasks[step].nodes:
        _say(ready.log(run.id, node))
    return 0


def cancel(target: Target) -> int:
    """End the run; finished steps are kept."""
    ready, run = _find(target)
    kfp = ready.kfp
    if run.ended:
        _say(f"run {run.id} has ended already: {run.state.lower()}")
        return 0
    kfp.cancel(run.id)
    _say(f"run {run.id} is being cancelled; finished steps are kept")
    for name in watching.remove_trainjobs(ready.infra.namespace, ready.key):
        _say(f"TrainJob {name} removed; its last checkpoint is kept")
    return 0


def _find(target: Target) -> tuple[Prepared, submitting.Run]:
    ready = target.prepare()
    if target.run:
        return ready, ready.kfp.get(target.run)
    runs = ready.kfp.runs(ready.key)
    if not runs:
        raise InputError(
            f"no run of this pipeline, profile and code ({ready.key})",
            where=ready.infra.namespace,
            remedy="acecoder submit; a change of code or profile makes another run key: --run ID finds the old one",
        )
    return ready, max(runs, key=lambda run: run.created)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
