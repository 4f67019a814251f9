"""The one way to run a stage: validate, make the key, track, run, publish.

    run_stage(filter_tests, step="filter_tests.train", table={...}, inputs={...}, home=home)

A key that is there already is not run again. The output appears whole or not at all.
What is not here: which stages there are, and what starts a step on other machines; both are handed in.
"""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from acecoder.config import Config, Table, validate
from acecoder.engine.contract import (
    OpenStep,
    Report,
    Signature,
    Stage,
    StageContext,
    StepTracker,
    signature_of,
)
from acecoder.engine.home import Home
from acecoder.engine.identity import stage_key
from acecoder.engine.progress import Progress
from acecoder.engine.publishing import (
    REPORT,
    TRACKED,
    check_published,
    content_digest,
    exclusive,
    publishing,
    write_manifest,
)
from acecoder.engine.tracking.starting import started
from acecoder.errors import InputError, PlatformError


@dataclass(frozen=True)
class StepResult:
    """What `run_stage` hands back."""

    step: str
    stage_key: str
    directory: Path
    """Holds one directory per output."""
    report: Report
    reused: bool


@dataclass(frozen=True)
class Step:
    """A stage with everything that is decided before it runs."""

    name: str
    stage: Stage
    signature: Signature
    config: Config
    inputs: Mapping[str, Path]
    input_digests: Mapping[str, str]
    key: str
    home: Home
    run_key: str
    tracker: StepTracker | None

    @property
    def directory(self) -> Path:
        """Where its result is published."""
        return self.home.artifact(self.name, self.key)

    @property
    def scratch(self) -> Path:
        """Where its checkpoints lie while it runs."""
        return self.home.root / "journal" / "checkpoints" / self.key

    def track(self) -> OpenStep | None:
        """Open its run in MLflow."""
        if self.tracker is None:
            return None
        stage = self.stage.__name__
        return self.tracker.start(
            started(self.name, stage, self.key, self.config, self.input_digests, self.run_key)
        )


@dataclass(frozen=True)
class Order:
    """A step as told to the nodes that run it together, in the object store."""

    stage: str
    step: str
    table: Table
    inputs: Mapping[str, str]
    """Name -> address (`Home.permanent`)."""
    run_key: str
    is_held: bool = False
    """The process that asks is on this machine, and holds the step's lock while others run it."""


class Launcher(Protocol):
    """Runs a step in other processes. The engine knows none; its caller hands one in."""

    def nodes(self, config: Config) -> int:
        """How many machines this step is to run on; 0 for this process."""
        ...

    def is_local(self, config: Config) -> bool:
        """Whether that machine is this one, whose home its processes share."""
        ...

    def launch(self, order: Order, config: Config, key: str, say: Callable[[str], None]) -> None:
        """Have them run the step, which publishes its result. Raises PlatformError."""
        ...


def run_stage(
    stage: Stage,
    *,
    step: str,
    table: Table,
    inputs: Mapping[str, Path | None],
    home: Home,
    run_key: str = "",
    tracker: StepTracker | None = None,
    launcher: Launcher | None = None,
    progress: Progress | None = None,
) -> StepResult:
    """Run one step, or find that it was done.

    Raises: InputError on a bad config, a missing input or bad records; PlatformError.
    """
    this = prepare(stage, step, table, inputs, home, run_key, tracker)
    progress = progress or Progress(step)
    nodes = launcher.nodes(this.config) if launcher else 0
    with exclusive(home.root / "locks" / f"{step}-{this.key}"):
        if not this.config.reusable():
            home.forget(this.directory)
        reused = home.bring(this.directory, REPORT)
        if reused:
            progress.say(f"done before, key {this.key[:12]}")
            if not (this.directory / TRACKED).exists():
                _track_late(this)
        elif launcher and nodes:
            where = (
                "in processes of its own" if launcher.is_local(this.config) else f"on {nodes} nodes"
            )
            progress.say(f"starts {where}, key {this.key[:12]}")
            _launch(this, table, launcher, progress)
            if not home.bring(this.directory, REPORT):
                raise PlatformError("its nodes ended well and left no result", where=step)
        else:
            progress.say(f"starts, key {this.key[:12]}")
            _produce(this, progress)
    result = StepResult(step, this.key, this.directory, Report.of(this.directory), reused)
    if run_key:
        _note(this, result)
    return result


def prepare(
    stage: Stage,
    step: str,
    table: Table,
    inputs: Mapping[str, Path | None],
    home: Home,
    run_key: str = "",
    tracker: StepTracker | None = None,
) -> Step:
    """Check a step's config and inputs, and make its key. Raises InputError."""
    signature = signature_of(stage)
    config = validate(signature.config, table, where=f"[{step}]")
    given = _checked_inputs(signature, inputs, step)
    digests = {name: content_digest(path) for name, path in given.items()}
    key = stage_key(stage, config, digests)
    return Step(step, stage, signature, config, given, digests, key, home, run_key, tracker)


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


def _launch(this: Step, table: Table, launcher: Launcher, progress: Progress) -> None:
    is_local = launcher.is_local(this.config)
    if this.home.store is None and not is_local:
        raise InputError(
            "nodes need an object store to share",
            where="ACECODER_STORE",
            remedy="launch only on a cluster; without [trainjobs] one pod trains",
        )
    addresses = {name: this.home.permanent(path) for name, path in this.inputs.items()}
    order = Order(this.stage.__name__, this.name, table, addresses, this.run_key, is_local)
    this.home.write(_order_file(this.home, this.key), json.dumps(asdict(order)).encode())
    launcher.launch(order, this.config, this.key, progress.say)


def _order_file(home: Home, key: str) -> Path:
    return home.root / "tasks" / f"{key}.json"


def run_node(
    stage_of: Callable[[str], Stage], key: str, home: Home, rank: int, tracker: StepTracker | None
) -> None:
    """One process of several that run a step: the first runs it to its published result, the others
    help.

    Raises: InputError where the home and its store have no such order; what the stage raises.
    """
    data = home.read(_order_file(home, key))
    if data is None:
        raise InputError(f"no step '{key}' in the home or its store", where="run-node")
    order = Order(**json.loads(data))
    stage = stage_of(order.stage)
    # Processes of one node share its disk.
    with exclusive(home.root / "locks" / f"inputs-{key}"):
        inputs = {name: home.open(address) for name, address in order.inputs.items()}
        this = prepare(
            stage,
            order.step,
            order.table,
            inputs,
            home,
            order.run_key,
            tracker if rank == 0 else None,
        )
        home.bring_checkpoints(this.scratch)
    if this.key != key:
        raise InputError(
            f"this image has other code than the step that asks ({this.key[:12]}, not {key[:12]})",
            where="run-node",
            remedy="one image for a step and its nodes ([images] in the infra file)",
        )
    if rank == 0 and order.is_held:
        _produce(this, Progress(order.step))
        return
    if rank == 0:
        run_stage(
            stage,
            step=order.step,
            table=order.table,
            inputs=inputs,
            home=home,
            run_key=order.run_key,
            tracker=tracker,
        )
        return
    with tempfile.TemporaryDirectory(dir=home.root) as directory:
        outputs = {name: Path(directory) / name for name in this.signature.outputs}
        for path in outputs.values():
            path.mkdir()
        progress = Progress(f"{order.step}, process {rank}")
        context = StageContext(order.step, home, progress, None, this.scratch, order.run_key)
        stage(this.config, **inputs, **outputs, context=context)


def _produce(this: Step, progress: Progress) -> None:
    """Run the stage and publish what it made; the record in MLflow follows."""
    for name, path in this.inputs.items():
        check_published(path, f"{this.name}, {name}")
    this.home.bring_checkpoints(this.scratch)
    started_s = time.monotonic()
    tracked = this.track()
    try:
        with publishing(this.directory) as partial:
            report = _call(this, partial, progress, tracked)
            wall_s = round(time.monotonic() - started_s, 3)
            output_digests = _describe(this, partial, report, wall_s)
        this.home.send(this.directory, REPORT)
    except BaseException as error:
        if tracked:
            tracked.fail(error)
        raise
    this.home.forget(this.scratch)
    if tracked:
        tracked.finish(report, output_digests, this.directory)
    progress.say(f"done in {wall_s:.1f} s")


def _call(this: Step, partial: Path, progress: Progress, tracked: OpenStep | None) -> Report:
    outputs = {name: partial / name for name in this.signature.outputs}
    for path in outputs.values():
        path.mkdir()
    context = {}
    if this.signature.takes_context:
        made = StageContext(
            step=this.name,
            home=this.home,
            progress=progress,
            open_registry=this.tracker.registry if this.tracker else None,
            scratch=this.scratch,
            run_key=this.run_key,
            tracked=tracked,
        )
        context = {"context": made}
    return this.stage(this.config, **this.inputs, **outputs, **context)


def _describe(this: Step, partial: Path, report: Report, wall_s: float) -> dict[str, str]:
    """Write manifests and the report beside the outputs; the outputs' digests."""
    counts = {
        name: int(value)
        for name, value in report.metrics.items()
        if math.isfinite(value) and value == int(value)
    }
    for name in this.signature.outputs:
        artifact = f"{this.name}/{this.key}/{name}"
        write_manifest(partial / name, stage_key=this.key, artifact=artifact, counts=counts)
    text = json.dumps({**asdict(report), "wall_s": wall_s}, indent=1)
    (partial / REPORT).write_text(text + "\n")
    return {name: content_digest(partial / name) for name in this.signature.outputs}


def _track_late(this: Step) -> None:
    """Track a step that was killed between its result and its record in MLflow."""
    tracked = this.track()
    if tracked is not None:
        outputs = {name: content_digest(this.directory / name) for name in this.signature.outputs}
        tracked.finish(Report.of(this.directory), outputs, this.directory)


def _note(this: Step, result: StepResult) -> None:
    """Note in the run's directory which artifact a step ended with."""
    directory = this.home.run(this.run_key) / "steps"
    directory.mkdir(parents=True, exist_ok=True)
    note = {
        "step": result.step,
        "stage": this.stage.__name__,
        "stage_key": result.stage_key,
        "directory": str(result.directory),
        "reused": result.reused,
        "config": this.config.model_dump(mode="json"),
        "inputs": dict(this.input_digests),
    }
    file = directory / f"{result.step}.json"
    file.write_text(json.dumps(note, indent=1) + "\n")
    this.home.send(file, file.name)
