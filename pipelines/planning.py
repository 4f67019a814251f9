"""What a run would do, before it does it: every step, its config, its key, done or not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from acecoder.config import Config
from acecoder.engine.home import Home
from acecoder.engine.identity import stage_key
from acecoder.engine.publishing import REPORT, content_digest
from acecoder.pipelines.compiling import Step
from acecoder.profiles import Profile
from acecoder.stages import load_stage


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


def describe(planned: list[Planned]) -> str:
    """The plan as text: one line per step, then its config, one key per line."""
    lines = []
    for item in planned:
        state = "done" if item.directory else "to do"
        key = item.stage_key[:12] or f"(after {', '.join(item.waits_for)})"
        lines.append(f"{item.step.name:34} {state:6} {key}")
        for name, value in sorted(item.config.model_dump(mode="json").items()):
            lines.append(f"    {name} = {value}")
    finished = sum(item.directory is not None for item in planned)
    lines.append(f"{finished} of {len(planned)} steps are done")
    return "\n".join(lines)
