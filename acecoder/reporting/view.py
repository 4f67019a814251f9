"""What a stage shows of a run: headline numbers, a part of the funnel, a line, a section.

An open room: a module of `views` with a `VIEW` is what the stage of the module's name shows. Apart from
the stages, since what is shown decides no result and must move no stage key.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import util

from acecoder import stages
from acecoder.reporting.records import StepRecord, Steps


@dataclass(frozen=True)
class Number:
    """One metric of one step, and what it is called."""

    step: str
    metric: str
    label: str
    form: str = "{:.0f}"


@dataclass(frozen=True)
class Card:
    """A headline: a number as text, and what it is."""

    value: str
    label: str


def nothing(steps: Steps) -> str:
    """Of a stage without a section."""
    del steps
    return ""


def no_lines(steps: Steps) -> list[tuple[str, str]]:
    """Of a stage without a line in the summary."""
    del steps
    return []


@dataclass(frozen=True)
class View:
    """What one stage shows."""

    headlines: tuple[Number, ...] = ()
    """On top of the page."""
    cards: Callable[[Steps], list[Card]] = lambda steps: []
    """Headlines whose names the run decides (benchmarks)."""
    funnel: tuple[Number, ...] = ()
    """Its counts in the table from seeds to pairs."""
    lines: Callable[[Steps], list[tuple[str, str]]] = no_lines
    """(what, text) in the summary that a run ends with."""
    section: Callable[[Steps], str] = nothing
    """HTML, or an empty text where it did not run."""


def views() -> list[View]:
    """Of all stages, in the order of a run."""
    found = []
    for name in stages.names():
        module = f"acecoder.reporting.views.{name}"
        if util.find_spec(module) is not None:
            view: View = importlib.import_module(module).VIEW
            found.append(view)
    return found


def headlines(steps: Steps) -> list[Card]:
    """The headline numbers of all stages that ran. Raises InputError on a name none of them made."""
    cards = []
    for view in views():
        cards += [
            Card(each.form.format(steps[each.step].number(each.metric)), each.label)
            for each in view.headlines
            if each.step in steps
        ]
        cards += view.cards(steps)
    return cards


def of_stage(steps: Steps, stage: str) -> list[StepRecord]:
    """The steps of one stage."""
    return [step for step in steps.values() if step.stage == stage]
