"""What a run would do, before it does it: every step, its config, its key, done or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from acecoder.config import Config, Table
from acecoder.engine.home import Home
from acecoder.engine.identity import stage_key
from acecoder.engine.publishing import REPORT, content_digest
from acecoder.engine.tables import read_table
from acecoder.engine.tracking.starting import flatten
from acecoder.evaluation.estimators import problems_to_rule_out
from acecoder.pipelines.compiling import Step
from acecoder.profiles import Profile
from acecoder.schema import Problem
from acecoder.stages import load_stage
from acecoder.stages.promote_model import PromoteModelConfig


@dataclass(frozen=True)
class Planned:
    """One step of a plan."""

    step: Step
    config: Config
    stage_key: str
    """Empty where it depends on results that are not there yet."""
    waits_for: tuple[str, ...]
    """The steps whose results its key needs."""
    directory: Path | None
    """Its result, if it is done."""


def plan(steps: list[Step], profile: Profile, home: Home) -> list[Planned]:
    """Look up every step in the home, in order; runs nothing."""
    done: dict[str, Path] = {}
    planned = []
    for step in steps:
        config = profile.configs[step.name]
        missing = tuple(
            sorted({source for source, _ in step.inputs.values() if source not in done})
        )
        key, directory = "", None
        if not missing:
            digests = {
                name: content_digest(done[source] / output)
                for name, (source, output) in step.inputs.items()
            }
            key = stage_key(load_stage(step.stage), config, digests)
            directory = home.artifact(step.name, key)
            if (directory / REPORT).exists():
                done[step.name] = directory
            else:
                directory = None
        planned.append(Planned(step, config, key, missing, directory))
    return planned


def gate_notes(planned: list[Planned]) -> list[str]:
    """How many problems each check of the gate takes, and whether there are so many where that is
    known."""
    kept = next((p for p in planned if p.step.name == "filter_tests.benchmark"), None)
    counts: Counter[str] = Counter()
    if kept is not None and kept.directory is not None:
        counts.update(p.source or "" for p in read_table(kept.directory / "kept", Problem))
    lines = []
    for config in (item.config for item in planned):
        if not isinstance(config, PromoteModelConfig):
            continue
        for rule in config.gate.metrics:
            least = problems_to_rule_out(rule.max_loss)
            there = counts[rule.benchmark.removesuffix("/base")]
            told = f"gate: {rule.benchmark} {rule.metric}: to rule out a loss of {rule.max_loss} takes {least} problems"
            if counts:
                told += f", there are {there}" + (": TOO FEW PROBLEMS" if there < least else "")
            lines.append(told)
    return lines


def describe(
    planned: list[Planned], *, verbose: bool = False, against: Mapping[str, Table] | None = None
) -> str:
    """The plan as text, a line per step.

    `verbose`: its config below it, one key per line. `against`: step -> config; the keys whose values
    differ from that are below it.
    """
    lines = []
    for item in planned:
        state = "done" if item.directory else "to do"
        key = item.stage_key[:12] or f"(after {', '.join(item.waits_for)})"
        lines.append(f"{item.step.name:34} {state:6} {key}")
        config = item.config.model_dump(mode="json")
        if verbose:
            lines += [f"    {name} = {value}" for name, value in sorted(config.items())]
        if against is not None:
            lines += _differences(config, against.get(item.step.name, {}))
    lines += gate_notes(planned)
    finished = sum(item.directory is not None for item in planned)
    lines.append(f"{finished} of {len(planned)} steps are done")
    return "\n".join(lines)


def defaults_of(planned: list[Planned]) -> dict[str, Table]:
    """Step -> its config where nothing is said; a field without a default is not there."""
    return {
        item.step.name: type(item.config).model_construct().model_dump(mode="json")
        for item in planned
    }


def _differences(config: Table, other: Table) -> list[str]:
    ours, theirs = flatten(config), flatten(other)
    return [
        f"    {name} = {value}" + (f"  (there: {theirs[name]})" if name in theirs else "")
        for name, value in sorted(ours.items())
        if theirs.get(name) != value
    ]
