"""Two runs on one page: what got better, what was counted, what differs in settings and surroundings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from acecoder.engine.home import Home
from acecoder.engine.tracking.starting import flatten
from acecoder.reporting import records
from acecoder.reporting.about import About, of_run
from acecoder.reporting.html import document, publish, section, table
from acecoder.reporting.improvement import differences_section
from acecoder.reporting.records import Steps
from acecoder.reporting.view import views

POLICY = "evaluate_model.policy"
INITIAL = "evaluate_model.initial"
KEY_CHARS = 12


@dataclass(frozen=True)
class Run:
    """One of the two runs."""

    run_key: str
    steps: Steps
    told: About | None

    @classmethod
    def load(cls, home: Home, name: str) -> Run:
        """By the beginning of its key, or `latest`. Raises InputError."""
        key = records.run_named(home, name)
        return cls(key, records.load(home, key), of_run(home, key))

    @property
    def name(self) -> str:
        return self.run_key[:KEY_CHARS]


def write(path: Path, first: Run, second: Run) -> None:
    """The page; a difference is always the second run minus the first."""
    body = "".join(
        (
            _scores("The policies", POLICY, first, second),
            _scores("The initial models", INITIAL, first, second),
            _counts(first, second),
            _settings(first, second),
            _surroundings(first, second),
        )
    )
    title = f"AceCoder runs {first.name} and {second.name}"
    publish(path, document(title, "the second minus the first", body))


def _scores(title: str, step: str, first: Run, second: Run) -> str:
    before, after = first.steps.get(step), second.steps.get(step)
    if before is None or after is None:
        return ""
    if before.stage_key == after.stage_key:
        return section(title, "<p>Both runs share this result: the step ran once for both.</p>")
    return differences_section(title, f"run {first.name}", before, f"Run {second.name}", after)


def _counts(first: Run, second: Run) -> str:
    rows = []
    for number in (n for view in views() for n in (*view.funnel, *view.headlines)):
        told = tuple(_number(run.steps, number.step, number.metric) for run in (first, second))
        if told == (None, None):
            continue
        rows.append((number.label, *(_text(value, number.form) for value in told), number.step))
    unique = list(dict.fromkeys(rows))
    return section("What was counted", table(("", first.name, second.name, "step"), unique))


def _number(steps: Steps, step: str, metric: str) -> float | None:
    return steps[step].metrics.get(metric) if step in steps else None


def _text(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)


def differing_settings(first: Steps, second: Steps) -> list[tuple[str, str, str, str]]:
    """(step, key, value there, value here) of every setting that differs; a step that one run lacks has
    one row."""
    rows = []
    for step in dict.fromkeys((*first, *second)):
        if step not in first or step not in second:
            there = ("did not run", "ran") if step not in first else ("ran", "did not run")
            rows.append((step, "", *there))
            continue
        ours, theirs = flatten(first[step].config), flatten(second[step].config)
        rows += [
            (step, key, ours.get(key, ""), theirs.get(key, ""))
            for key in sorted({*ours, *theirs})
            if ours.get(key) != theirs.get(key)
        ]
    return rows


def _settings(first: Run, second: Run) -> str:
    rows = differing_settings(first.steps, second.steps)
    if not rows:
        return section("Settings", "<p>Every step has the same settings in both runs.</p>")
    return section("Settings that differ", table(("step", "key", first.name, second.name), rows))


def _surroundings(first: Run, second: Run) -> str:
    ours, theirs = _told(first), _told(second)
    rows = [
        (key, ours.get(key, ""), theirs.get(key, "")) for key in dict.fromkeys((*ours, *theirs))
    ]
    return section("What they were run with", table(("", first.name, second.name), rows))


def _told(run: Run) -> Mapping[str, str]:
    seconds = sum(step.wall_s for step in run.steps.values())
    params = run.told.params() if run.told else {}
    return {**params, "minutes in steps": f"{seconds / 60:.1f}"}
