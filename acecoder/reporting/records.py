"""What a finished run left in the home, step by step."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from acecoder.engine.home import Home
from acecoder.engine.publishing import REPORT
from acecoder.errors import InputError


@dataclass(frozen=True)
class StepRecord:
    """One step of a run: what it was, what it reported, where its outputs lie."""

    step: str
    stage: str
    stage_key: str
    directory: Path
    config: dict[str, Any]
    metrics: dict[str, float]
    series: dict[str, list[float]]
    details: dict[str, Any]
    wall_s: float
    home: Home
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Name -> digest."""

    def read(self, name: str) -> bytes | None:
        """A small file of its outputs (`scores/table.md`), from the store where it is not here."""
        return self.home.read(self.directory / name)

    def number(self, name: str) -> float:
        """A metric of its report. Raises InputError where its stage made none of that name."""
        try:
            return self.metrics[name]
        except KeyError:
            raise InputError(
                f"its report has no '{name}'",
                where=self.step,
                remedy="it was made by other code; run again, or use the code that made it",
            ) from None

    def count(self, name: str) -> str:
        """A metric that counts, as text."""
        return f"{self.number(name):.0f}"


Steps = Mapping[str, StepRecord]
"""The steps of a run by name."""


def has_notes(home: Home, run_key: str, count: int) -> bool:
    """Did every step of this run leave its note?"""
    return len(home.listing(home.run(run_key) / "steps")) >= count


def run_named(home: Home, name: str) -> str:
    """The key of a run from its beginning, or of the `latest`. Raises InputError."""
    folder = home.root / "runs"
    steps = {run.name: run / "steps" for run in folder.glob("*") if (run / "steps").is_dir()}
    if name == "latest" and steps:
        return max(steps, key=lambda key: steps[key].stat().st_mtime)
    found = [key for key in steps if key.startswith(name)]
    if len(found) == 1:
        return found[0]
    if not steps:
        raise InputError(
            "no run has been made here yet",
            where=str(folder),
            remedy="`acecoder run` makes one; ACECODER_HOME names another home",
        )
    known = ", ".join(sorted(key[:12] for key in steps))
    what = "no run" if not found else f"{len(found)} runs"
    raise InputError(f"{what} '{name}' (known: {known})", where=str(folder))


def load(home: Home, run_key: str) -> dict[str, StepRecord]:
    """The steps of a run by name. Raises InputError where there is no such run."""
    notes = home.listing(home.run(run_key) / "steps")
    if not notes:
        raise InputError("no step of this run has finished", where=str(home.run(run_key)))
    found = {}
    for note in notes:
        data = json.loads(home.read(note) or b"{}")
        record = of_step(home, data["step"], data["stage"], data["stage_key"], data["config"])
        if record is not None:
            found[data["step"]] = replace(record, inputs=data.get("inputs", {}))
    return found


def of_step(
    home: Home, step: str, stage: str, stage_key: str, config: dict[str, Any]
) -> StepRecord | None:
    """One finished step; None where its artifact was removed by hand."""
    directory = home.artifact(step, stage_key)
    text = home.read(directory / REPORT)
    if text is None:
        return None
    report = json.loads(text)
    return StepRecord(
        step,
        stage,
        stage_key,
        directory,
        config,
        report["metrics"],
        report["series"],
        report["details"],
        report["wall_s"],
        home,
    )
