"""The one door to every stage: validate, key, track, run, publish.

    run_stage(filter_tests, step="filter_tests.train", table={...}, inputs={...}, home=home)

Same key, nothing is done again. The output appears whole or not at all.
What is not here: which stages there are; the stage function is handed in.
"""

from __future__ import annotations

import ast
import hashlib
import json
import math
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel

from acecoder.cluster import trainjob
from acecoder.cluster.api import Cluster
from acecoder.cluster.launch import Launch
from acecoder.config import Config, ModelConfig, Table, decisive, digest_of, validate
from acecoder.engine.contract import Progress, Report, Signature, Stage, StageContext, signature_of
from acecoder.engine.home import (
    REPORT,
    Home,
    content_digest,
    copy_out,
    exclusive,
    publishing,
    write_manifest,
)  # fmt: skip
from acecoder.engine.tracking import TrackedStep, Tracker
from acecoder.errors import AceCoderError, InputError, PlatformError

PACKAGE = "acecoder"
IN_TRAINJOB = os.environ.get("ACECODER_TRAINJOB") == "1"
TRACKED = "tracked"
"""Marks a step whose record in MLflow is complete."""
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class StepResult:
    """What `run_stage` hands back."""

    step: str
    stage_key: str
    directory: Path
    """Holds one directory an output."""
    report: Report
    reused: bool


def stage_key(stage: Stage, config: Config, input_digests: Mapping[str, str]) -> str:
    """Digest of what decides a stage's result (DESIGN, "Identity").

    The stage's code and all of acecoder it imports, its decisive config, its inputs, the models
    and files it reads beside them, Python's minor version.
    """
    return digest_of({
        "stage": stage.__name__,
        "code": code_digest(stage.__module__),
        "config": decisive(config),
        "inputs": dict(input_digests),
        "external": config.external_inputs(),
        "models": model_identities(config),
        "python": list(sys.version_info[:2]),
    })[:32]  # fmt: skip


def model_identities(config: BaseModel) -> dict[str, str]:
    """The identity of every model a config names, by field."""
    from acecoder.llm import weights

    found = {}
    for name in type(config).model_fields:
        value = getattr(config, name)
        if isinstance(value, ModelConfig):
            found[name] = weights.identity(value)
    return found


@lru_cache(maxsize=64)
def code_digest(module: str) -> str:
    """Digest of a module's source and of every acecoder module it reaches by import.

    Finer than a digest of the whole package: a change of the command line makes no model train
    again. Imports inside functions count.
    """
    waiting, seen = [module], {}
    while waiting:
        name = waiting.pop()
        file = _source_file(name)
        if name in seen or file is None:
            continue
        source = file.read_bytes()
        seen[name] = hashlib.sha256(source).hexdigest()
        waiting += _imports(source)
    return digest_of(seen)


def _source_file(module: str) -> Path | None:
    """Where a module of this package lies; found without importing it."""
    package, *rest = module.split(".")
    if package != PACKAGE:
        return None
    path = ROOT.joinpath(*rest)
    candidates = (
        (path.with_suffix(".py"), path / "__init__.py") if rest else (ROOT / "__init__.py",)
    )
    return next((file for file in candidates if file.is_file()), None)


def _imports(source: bytes) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def run_stage(
    stage: Stage, *, step: str, table: Table, inputs: Mapping[str, Path | None], home: Home,
    run_key: str = "", tracker: Tracker | None = None,
) -> StepResult:  # fmt: skip
    """Run one step, or find that it was done.

    Raises: InputError on a bad config, a missing input or bad records; PlatformError.
    """
    signature = signature_of(stage)
    config = validate(signature.config, table, where=f"[{step}]")
    given = _checked_inputs(signature, inputs, step)
    digests = {name: content_digest(path) for name, path in given.items()}
    key = stage_key(stage, config, digests)
    directory = home.artifact(step, key)
    progress = Progress(step)
    with exclusive(home.root / "locks" / f"{step}-{key}"):
        if not config.reusable():
            home.forget(directory)
        reused = home.bring(directory, REPORT)
        if reused:
            progress.say(f"done before, key {key[:12]}")
            if tracker and not (directory / TRACKED).exists():
                _track_late(
                    tracker, step, stage, key, config, digests, run_key, directory, signature, home
                )
        elif (launch := getattr(config, "launch", None)) and not IN_TRAINJOB:
            progress.say(f"starts on {launch.nodes} nodes, key {key[:12]}")
            task = Task(stage.__name__, step, table, {n: home.permanent(p) for n, p in given.items()}, run_key)  # fmt: skip
            _elsewhere(launch, task, config, key, home, progress)
            reused = home.bring(directory, REPORT)
            if not reused:
                raise PlatformError("its nodes ended well and left no result", where=step)
        else:
            progress.say(f"starts, key {key[:12]}")
            _produce(stage, signature, config, given, digests, key, directory, home, step, progress,
                     run_key, tracker)  # fmt: skip
    result = StepResult(step, key, directory, read_report(directory), reused)
    if run_key:
        _note(home, run_key, stage.__name__, config, digests, result)
    return result


@dataclass(frozen=True)
class Task:
    """A step, told to the nodes that run it together."""

    stage: str
    step: str
    table: Table
    inputs: Mapping[str, str]
    """Name -> address (`Home.permanent`)."""
    run_key: str


def _elsewhere(
    launch: Launch, task: Task, config: Config, key: str, home: Home, progress: Progress
) -> None:
    """Have the nodes of a TrainJob run the step; they publish its result. Raises PlatformError."""
    if home.store is None:
        raise InputError("nodes need an object store to share", where="ACECODER_STORE",
                         remedy="launch only on a cluster; without [trainjobs] one pod trains")  # fmt: skip
    home.store.put(f"tasks/{key}.json", json.dumps(asdict(task)).encode())
    command = ["torchrun", "--no-python", "acecoder", "run-node", "--key", key]
    name = f"{task.stage.replace('_', '-')}-{key[:12]}"
    own = launch.model_copy(update={"env": {**launch.env, "ACECODER_TRAINJOB": "1"}})
    labels = {trainjob.RUN_KEY_LABEL: task.run_key} if task.run_key else {}
    model = getattr(config, "model", None)
    source = model.source.removeprefix("hub:") if isinstance(model, ModelConfig) else ""
    thing = trainjob.trainjob(own, name, command, labels, source)
    trainjob.run(Cluster.connect(), own, thing, progress.say)


def run_node(stage_of: Callable[[str], Stage], key: str, home: Home) -> None:
    """One process of a TrainJob: the first runs the step to its published result, the others help.

    Raises: InputError where the store has no such task; what the stage raises.
    """
    data = home.store.get(f"tasks/{key}.json") if home.store else None
    if data is None:
        raise InputError(f"no task '{key}' in the store", where="run-node")
    task = Task(**json.loads(data))
    stage = stage_of(task.stage)
    # Processes of one node share its disk.
    with exclusive(home.root / "locks" / f"inputs-{key}"):
        inputs = {name: home.open(address) for name, address in task.inputs.items()}
        scratch = home.root / "journal" / "checkpoints" / key
        home.bring_checkpoints(scratch)
    signature = signature_of(stage)
    config = validate(signature.config, task.table, where=f"[{task.step}]")
    own = stage_key(stage, config, {name: content_digest(path) for name, path in inputs.items()})
    if own != key:
        raise InputError(
            f"this image has other code than the step that asks ({own[:12]}, not {key[:12]})",
            where="run-node", remedy="one image for a step and its nodes ([images] in the infra file)",
        )  # fmt: skip
    if os.environ.get("RANK", "0") == "0":
        run_stage(stage, step=task.step, table=task.table, inputs=inputs, home=home,
                  run_key=task.run_key, tracker=Tracker(home))  # fmt: skip
        return
    with tempfile.TemporaryDirectory(dir=home.root) as directory:
        outputs = {name: Path(directory) / name for name in signature.outputs}
        for path in outputs.values():
            path.mkdir()
        progress = Progress(f"{task.step}, process {os.environ['RANK']}")
        stage(config, **inputs, **outputs, context=StageContext(task.step, home, progress, None, scratch))  # fmt: skip


def _checked_inputs(
    signature: Signature, inputs: Mapping[str, Path | None], step: str
) -> dict[str, Path]:
    given = {name: path for name, path in inputs.items() if path is not None}
    for name in signature.inputs:
        if name not in given and name not in signature.optional_inputs:
            raise InputError(f"input '{name}' is missing", where=step)
        if name in given and not given[name].exists():
            raise InputError("no such file or directory", where=f"{step}, {name}: {given[name]}")
    return given


def _produce(
    stage: Stage, signature: Signature, config: Config, given: Mapping[str, Path],
    digests: Mapping[str, str], key: str, directory: Path, home: Home, step: str,
    progress: Progress, run_key: str, tracker: Tracker | None,
) -> None:  # fmt: skip
    scratch = home.root / "journal" / "checkpoints" / key
    home.bring_checkpoints(scratch)
    started_s = time.monotonic()
    tracked = (
        tracker.start(step, stage.__name__, key, config, digests, run_key) if tracker else None
    )
    try:
        with publishing(directory) as partial:
            outputs = {name: partial / name for name in signature.outputs}
            for path in outputs.values():
                path.mkdir()
            context = {}
            if signature.takes_context:
                registry = tracker.registry() if tracker else None
                context = {"context": StageContext(step, home, progress, registry, scratch)}
            report = stage(config, **given, **outputs, **context)
            wall_s = round(time.monotonic() - started_s, 3)
            counts = {
                name: int(value)
                for name, value in report.metrics.items()
                if math.isfinite(value) and value == int(value)
            }
            for name, path in outputs.items():
                write_manifest(path, stage_key=key, artifact=f"{step}/{key}/{name}", counts=counts)
            text = json.dumps({**asdict(report), "wall_s": wall_s}, indent=1)
            (partial / REPORT).write_text(text + "\n")
            output_digests = {name: content_digest(path) for name, path in outputs.items()}
        home.send(directory, REPORT)
    except BaseException as error:
        if tracked:
            tracked.fail(error)
        raise
    home.forget(scratch)
    if tracked:
        _finish_tracking(tracked, report, output_digests, directory, home)
    progress.say(f"done in {wall_s:.1f} s")


def _finish_tracking(
    tracked: TrackedStep, report: Report, outputs: Mapping[str, str], directory: Path, home: Home
) -> None:
    tracked.finish(report, outputs, directory)
    (directory / TRACKED).touch()
    home.send(directory / TRACKED, TRACKED)


def _track_late(
    tracker: Tracker, step: str, stage: Stage, key: str, config: Config,
    digests: Mapping[str, str], run_key: str, directory: Path, signature: Signature, home: Home,
) -> None:  # fmt: skip
    """Track a step that was killed between its result and its record in MLflow."""
    tracked = tracker.start(step, stage.__name__, key, config, digests, run_key)
    outputs = {name: content_digest(directory / name) for name in signature.outputs}
    _finish_tracking(tracked, read_report(directory), outputs, directory, home)


def read_report(directory: Path) -> Report:
    """The report of a finished step."""
    data = json.loads((directory / REPORT).read_text())
    return Report(data["metrics"], data["series"], data["details"])


def _note(
    home: Home, run_key: str, stage: str, config: Config, digests: Mapping[str, str],
    result: StepResult,
) -> None:  # fmt: skip
    """Leave word in the run's directory which artifact a step ended with."""
    directory = home.run(run_key) / "steps"
    directory.mkdir(parents=True, exist_ok=True)
    note = {
        "step": result.step, "stage": stage, "stage_key": result.stage_key,
        "directory": str(result.directory), "reused": result.reused,
        "config": config.model_dump(mode="json"), "inputs": dict(digests),
    }  # fmt: skip
    file = directory / f"{result.step}.json"
    file.write_text(json.dumps(note, indent=1) + "\n")
    home.send(file, file.name)


def run_component(
    stage: Stage, *, step: str, config: str, run_key: str, inputs: Mapping[str, str | None],
    outputs: Mapping[str, str], views: Mapping[str, str],
) -> dict[str, float]:  # fmt: skip
    """What a KFP component calls: paths and JSON in, outputs at the paths KFP chose.

    On one machine an output is a link into the home, which outlives KFP's directories; in a pod it
    is moved there, for KFP to upload (the object store has it too). `views` are files for KFP's
    UI: `summary` (Markdown), `page` (the report of the run so far). Returns the finite metrics:
    KFP fails a task over others. Exits with status 1 after one readable error.
    """
    home = Home.from_environment()
    try:
        result = run_stage(
            stage, step=step, table=json.loads(config), home=home, run_key=run_key,
            inputs={name: Path(path) if path else None for name, path in inputs.items()},
            tracker=Tracker(home),
        )  # fmt: skip
        _write_views(result, home, run_key, {name: Path(path) for name, path in views.items()})
    except AceCoderError as error:
        for line in f"error: {error}".splitlines():
            print(f"[{step}] {line}", flush=True)
        raise SystemExit(1) from None
    for name, path in outputs.items():
        _hand_over(result.directory / name, Path(path), move=home.store is not None)
    if home.store:
        shutil.rmtree(result.directory)  # what is left of it would look whole after a restart
    return {name: value for name, value in result.report.metrics.items() if math.isfinite(value)}


def _hand_over(output: Path, destination: Path, *, move: bool) -> None:
    destination.parent.mkdir(parents=True, exist_ok=True)
    if destination.is_dir() and not destination.is_symlink():
        shutil.rmtree(destination)
    else:
        destination.unlink(missing_ok=True)
    if move:
        shutil.move(output, destination)
    else:
        destination.symlink_to(output)


def _write_views(result: StepResult, home: Home, run_key: str, views: Mapping[str, Path]) -> None:
    from acecoder.reporting import page, records, summary

    for path in views.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    if "summary" in views:
        views["summary"].write_text(summary.markdown(result.step, result.report), "utf-8")
    if "page" in views and run_key:
        page.write(views["page"], records.load(home, run_key), profile="", run_key=run_key)


def give_outputs(result: StepResult, outputs: Mapping[str, Path]) -> None:
    """Copy a step's outputs to where its caller wants them."""
    for name, destination in outputs.items():
        copy_out(result.directory / name, destination)
