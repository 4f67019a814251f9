"""How a step is entered: by a KFP component, by the command line, by a node of a TrainJob.

Hands the engine what it does not know: which stages there are, what starts a step on several nodes,
and the views of a finished step.
"""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from acecoder.cluster.launcher import TrainJobLauncher
from acecoder.cluster.one_node import ProcessLauncher
from acecoder.config import Config, Table
from acecoder.engine import runner
from acecoder.engine.contract import Stage, StepTracker
from acecoder.engine.home import Home
from acecoder.engine.parent import end_with_parent
from acecoder.engine.publishing import copy_out
from acecoder.engine.runner import Launcher, Order, StepResult
from acecoder.errors import AceCoderError, InputError
from acecoder.stages import load_stage
from acecoder.training.processes import leave, rank

TRACKING = "ACECODER_TRACKING"
OUTBOX = "outbox"
"""Value of TRACKING where another process on this machine sends what steps write down to MLflow."""


def tracker_for(home: Home) -> StepTracker | None:
    """How a step is tracked: through the outbox, where the process that runs the pipeline sends it; else at
    the server that MLFLOW_TRACKING_URI names, as in a pod; else not at all. Raises InputError."""
    way = os.environ.get(TRACKING, "")
    if way not in ("", OUTBOX, "off"):
        raise InputError(f"'{way}'", where=TRACKING, remedy="outbox, off, or nothing")
    if way == OUTBOX:
        from acecoder.engine.tracking.relay import OutboxTracker

        return OutboxTracker(home)
    if way == "off" or not os.environ.get("MLFLOW_TRACKING_URI"):
        return None
    from acecoder.engine.tracking.steps import Tracker

    return Tracker(home)


class Launchers:
    """The first launcher that a config asks for."""

    def __init__(self, launchers: Sequence[Launcher]) -> None:
        self._launchers = launchers

    def _of(self, config: Config) -> Launcher:
        return next((each for each in self._launchers if each.nodes(config)), self._launchers[0])

    def nodes(self, config: Config) -> int:
        """See `engine.runner.Launcher`."""
        return self._of(config).nodes(config)

    def is_local(self, config: Config) -> bool:
        """See `engine.runner.Launcher`."""
        return self._of(config).is_local(config)

    def launch(self, order: Order, config: Config, key: str, say: Callable[[str], None]) -> None:
        """See `engine.runner.Launcher`."""
        self._of(config).launch(order, config, key, say)


def run_step(
    stage: Stage,
    *,
    step: str,
    table: Table,
    inputs: Mapping[str, Path | None],
    home: Home,
    run_key: str = "",
) -> StepResult:
    """Run one step here or on the nodes its config asks for, tracked as `tracker_for` says."""
    return runner.run_stage(
        stage,
        step=step,
        table=table,
        inputs=inputs,
        home=home,
        run_key=run_key,
        tracker=tracker_for(home),
        launcher=Launchers((TrainJobLauncher(), ProcessLauncher(home))),
    )


def run_node(key: str, home: Home) -> None:
    """One process of a TrainJob (torchrun tells it its rank). Raises what the stage raises."""
    end_with_parent()
    runner.run_node(load_stage, key, home, rank(), tracker_for(home))
    leave()


def run_component(
    stage: str,
    *,
    step: str,
    config: str,
    run_key: str,
    inputs: Mapping[str, str | None],
    outputs: Mapping[str, str],
    views: Mapping[str, str],
) -> dict[str, float]:
    """What a KFP component calls: paths and JSON in, outputs at the paths KFP chose.

    On one machine an output is a link into the home, which outlives KFP's directories; in a pod it
    is moved there, for KFP to upload (the object store has it too). `views` are files for KFP's
    UI: `summary` (Markdown), `page` (the report of the run so far). Returns the finite metrics:
    KFP fails a task over others. Exits with status 1 after one readable error.
    """
    end_with_parent()
    home = Home.from_environment()
    try:
        result = run_step(
            load_stage(stage),
            step=step,
            table=json.loads(config),
            home=home,
            run_key=run_key,
            inputs={name: Path(path) if path else None for name, path in inputs.items()},
        )
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
