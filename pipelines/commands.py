"""What the command line does with pipelines: run, plan, compile, report."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from acecoder.engine.home import Home
from acecoder.engine.publishing import TRACKED
from acecoder.engine.tracking import marks
from acecoder.engine.tracking.steps import Tracker
from acecoder.pipelines import compiling, dags, local, planning
from acecoder.pipelines.infra import Infra
from acecoder.profiles import SHIPPED, Profile
from acecoder.reporting import page, records, summary
from acecoder.reporting.about import about, keep, of_run
from acecoder.stages.promote_model import promote_model


class Prepared(NamedTuple):
    """A profile's pipeline, ready to run."""

    profile: Profile
    graph: Any
    steps: list[compiling.Step]
    run_key: str
    home: Home
    planned: list[planning.Planned]
    told: bool = True
    """Whether MLflow has all that is done."""


def _prepare(pipeline: str, profile_name: str, settings: Sequence[str]) -> Prepared:
    home = Home.from_environment()
    profile = Profile.load(profile_name, settings)
    graph = dags.build(pipeline or profile.pipeline, profile)
    steps = compiling.steps_of(compiling.compiled(graph))
    key = compiling.run_key(steps, profile)
    return Prepared(profile, graph, steps, key, home, planning.plan(steps, profile, home))


def run(pipeline: str, profile_name: str, settings: Sequence[str]) -> int:
    """Run the steps that are not done, write the report, print the summary."""
    ready = _prepare(pipeline, profile_name, settings)
    ready = _with_lost_records(ready)
    done = sum(item.directory is not None for item in ready.planned)
    _say(
        f"profile {ready.profile.name}, run {ready.run_key}: {done} of {len(ready.steps)} steps are done"
    )
    if (
        done < len(ready.steps)
        or not ready.told
        or not records.has_notes(ready.home, ready.run_key, len(ready.steps))
    ):
        told = about(ready.profile.name, str(ready.profile.where), settings)
        keep(ready.home.run(ready.run_key), told)
        names = [step.name for step in ready.steps]
        local.run(ready.graph, ready.run_key, ready.home, names)
        measured = summary.headline_metrics(records.load(ready.home, ready.run_key))
        Tracker(ready.home).finish_pipeline(ready.run_key, measured, told.params())
    path = _write_report(ready)
    _say("\n" + summary.table(records.load(ready.home, ready.run_key)))
    _say(f"\nreport  {path}")
    program = Path(sys.executable).with_name("mlflow")
    _say(f"mlflow  {program} ui --workers 1 --backend-store-uri {ready.home.tracking_uri}")
    return 0


def _with_lost_records(ready: Prepared) -> Prepared:
    """A plan in which what MLflow has lost is told again, from the reports; a step that made versions and
    moved aliases is done again, which makes no second commit."""
    done = {item.directory: item for item in ready.planned if item.directory is not None}
    gone = marks.lost(Tracker(ready.home).uri, done)
    if not gone:
        return ready
    _say(
        f"MLflow ({ready.home.tracking_uri}) has lost {len(gone)} of {len(done)} steps: told again"
    )
    for directory in gone:
        if done[directory].step.stage == promote_model.__name__:
            ready.home.forget(directory)
        else:
            (directory / TRACKED).unlink()
    return ready._replace(planned=planning.plan(ready.steps, ready.profile, ready.home), told=False)


def plan(
    pipeline: str,
    profile_name: str,
    settings: Sequence[str],
    *,
    verbose: bool = False,
    diff: str | None = None,
) -> int:
    """Print the plan; runs nothing. `diff`: against the `defaults`, or the key of an earlier run."""
    ready = _prepare(pipeline, profile_name, settings)
    against = None
    if diff == "defaults":
        against = planning.defaults_of(ready.planned)
    elif diff is not None:
        found = records.load(ready.home, records.run_named(ready.home, diff))
        against = {name: step.config for name, step in found.items()}
    _say(f"profile {ready.profile.where}, run {ready.run_key}, home {ready.home.root}")
    _say(planning.describe(ready.planned, verbose=verbose, against=against))
    return 0


def report(pipeline: str, profile_name: str, settings: Sequence[str]) -> int:
    """Write the report of a run from what is in the home."""
    _say(str(_write_report(_prepare(pipeline, profile_name, settings))))
    return 0


def compile_all(output: Path, infra_file: Path | None = None) -> int:
    """Compile every pipeline for every profile to KFP IR; for a cluster, write Kubernetes objects too."""
    infra = Infra.load(infra_file) if infra_file else None
    for path in sorted(SHIPPED.glob("*.toml")):
        own = Profile.load(str(path)).pipeline
        parts = [name for name in dags.PIPELINES if name != "evaluate"]
        for pipeline in parts if own == "acecoder" else [own]:
            profile = Profile.load(str(path), (), infra)
            destination = output / f"{pipeline}-{profile.name}.yaml"
            graph = dags.build(pipeline, profile)
            compiling.compile_to(graph, destination)
            if infra is not None:
                compiling.write_objects(graph, output / "objects", profile.name, infra.namespace)
            _say(str(destination))
    return 0


def _write_report(ready: Prepared) -> Path:
    steps = records.load(ready.home, ready.run_key)
    path = ready.home.run(ready.run_key) / "report.html"
    page.write(
        path,
        steps,
        profile=ready.profile.name,
        run_key=ready.run_key,
        told=of_run(ready.home, ready.run_key),
    )
    return path


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
