"""What the command line does with pipelines: run, plan, compile, report."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from acecoder.engine.home import Home
from acecoder.engine.publishing import TRACKED
from acecoder.engine.tracking import marks
from acecoder.engine.tracking.reaching import redacted
from acecoder.engine.tracking.relay import send
from acecoder.engine.tracking.steps import Tracker
from acecoder.errors import require
from acecoder.pipelines import compiling, dags, fitting, local, planning
from acecoder.pipelines.infra import Infra
from acecoder.profiles import SHIPPED, Profile
from acecoder.reporting import history, page, records, summary
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
    is_recorded: bool = True
    """Whether MLflow has every step that is done."""


def _prepare(
    pipeline: str, profile_name: str, settings: Sequence[str], infra: Infra | None = None
) -> Prepared:
    home = Home.from_environment()
    profile = Profile.load(profile_name, settings, infra)
    graph = dags.build(pipeline or profile.pipeline, profile)
    steps = compiling.steps_of(compiling.compiled(graph))
    key = compiling.run_key(steps, profile)
    return Prepared(profile, graph, steps, key, home, planning.plan(steps, profile, home))


def run(pipeline: str, profile_name: str, settings: Sequence[str]) -> int:
    """Run the steps that are not done, write the report, print the summary, complete MLflow's records.

    Raises TrackingUnavailable after all else is done and said, where MLflow does not answer: the same
    command then completes the records.
    """
    require("mlflow")  # said before the work, not after it
    ready = _without_lost_marks(_prepare(pipeline, profile_name, settings))
    done = sum(item.directory is not None for item in ready.planned)
    _say(
        f"profile {ready.profile.name}, run {ready.run_key}: {done} of {len(ready.steps)} steps are done"
    )
    directory = ready.home.run(ready.run_key)
    noted = records.has_notes(ready.home, ready.run_key, len(ready.steps))
    if done < len(ready.steps) or not noted or not ready.is_recorded:
        (directory / TRACKED).unlink(missing_ok=True)
        profile = ready.profile
        usd_per_hour = profile.header.machine_usd_per_hour
        keep(directory, about(profile.name, str(profile.where), settings, usd_per_hour))
        names = [step.name for step in ready.steps]
        local.run(ready.graph, ready.run_key, ready.home, names, _expected_s(ready))
    path = _write_report(ready)
    _say("\n" + summary.table(records.load(ready.home, ready.run_key)))
    _say(f"\nreport  {path}")
    _say(f"mlflow  {_how_to_look(ready.home)}")
    _complete_records(ready.home, ready.run_key)
    return 0


def _expected_s(ready: Prepared) -> dict[str, float]:
    """How long each step takes: what is done next to nothing, the rest what it took in the latest run of
    the same profile in this home."""
    expected = dict(history.latest_seconds(ready.home, ready.profile.name))
    return expected | {item.step.name: 0.0 for item in ready.planned if item.directory is not None}


def _how_to_look(home: Home) -> str:
    """The address of MLflow's server, or the command that shows the home's own database."""
    uri = Tracker(home).uri
    if uri != home.tracking_uri:
        return redacted(uri)
    return f"{Path(sys.executable).with_name('mlflow')} ui --workers 1 --backend-store-uri {uri}"


def _complete_records(home: Home, run_key: str) -> None:
    """Send what is left in the outbox, and close the run that stands for the whole pipeline run; once."""
    mark = home.run(run_key) / TRACKED
    if send(home) == 0 and mark.exists():
        return
    told = of_run(home, run_key)
    measured = summary.headline_metrics(records.load(home, run_key))
    Tracker(home).finish_pipeline(run_key, measured, told.params() if told else {})
    mark.touch()


def _without_lost_marks(ready: Prepared) -> Prepared:
    """The plan after a database was removed: steps lose their marks, so that they are recorded again from
    their reports. The step that promotes is done again, which makes no second commit."""
    done = {item.directory: item for item in ready.planned if item.directory is not None}
    gone = marks.lost(ready.home, Tracker(ready.home).uri, done)
    if not gone:
        return ready
    _say(
        f"MLflow ({ready.home.tracking_uri}) lost {len(gone)} of {len(done)} steps: recorded again"
    )
    for directory in gone:
        if done[directory].step.stage == promote_model.__name__:
            ready.home.forget(directory)
        else:
            (directory / TRACKED).unlink()
    planned = planning.plan(ready.steps, ready.profile, ready.home)
    return ready._replace(planned=planned, is_recorded=False)


def plan(
    pipeline: str,
    profile_name: str,
    settings: Sequence[str],
    *,
    verbose: bool = False,
    diff: str | None = None,
    gpus: str = "",
    infra_file: Path | None = None,
) -> int:
    """Print the plan; runs nothing. `diff`: against the `defaults`, or the key of an earlier run; `gpus`:
    COUNTxGB, with what each step takes of them; `infra_file`: of those that this cluster gives it. Raises
    InputError where a step does not fit."""
    infra = Infra.load(infra_file) if infra_file else None
    ready = _prepare(pipeline, profile_name, settings, infra)
    against = None
    if diff == "defaults":
        against = planning.defaults_of(ready.planned)
    elif diff is not None:
        found = records.load(ready.home, records.run_named(ready.home, diff))
        against = {name: step.config for name, step in found.items()}
    _say(f"profile {ready.profile.where}, run {ready.run_key}, home {ready.home.root}")
    _say(planning.describe(ready.planned, verbose=verbose, against=against))
    if gpus or infra is not None:
        cards = fitting.cards_of(infra) if infra and not gpus else _all_alike(gpus)
        fits = fitting.require_fit(ready.planned, cards)
        if fits:
            _say("by arithmetic:")
        else:
            _say("no step has a model and GPUs of a size that is known (gpu_memory_gb)")
        _say("\n".join(need.line() for need in fits))
    return 0


def _all_alike(gpus: str) -> fitting.CardsOf:
    cards = fitting.Cards.parse(gpus)
    return lambda step: cards


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
