"""One self-contained HTML page of a run; every number says which step it is from.

Texts of models and programs are untrusted: everything is escaped, and there is no script. What a stage
shows is said in `views`.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

from acecoder.reporting import costs
from acecoder.reporting.about import About
from acecoder.reporting.example_section import example_section
from acecoder.reporting.html import document, publish, section, table
from acecoder.reporting.improvement import improvement_section
from acecoder.reporting.records import Steps
from acecoder.reporting.view import headlines, views


def write(
    path: Path,
    steps: Steps,
    *,
    profile: str,
    run_key: str = "",
    title: str = "",
    told: About | None = None,
) -> None:
    """Write the page; sections of steps that did not run are left out. `title` is a run's by its key
    where none is given; `told`: what the run was run with."""
    body = (
        improvement_section(steps)
        + _funnel(steps)
        + "".join(view.section(steps) for view in views())
        + example_section(steps)
        + (_about(told, steps) if told is not None else "")
        + _provenance(steps)
    )
    of = f"profile {profile}, " if profile else ""
    whole = document(
        title or f"AceCoder run {run_key}", f"{of}{len(steps)} steps", body, top=_cards(steps)
    )
    publish(path, whole)


def _about(told: About, steps: Steps) -> str:
    tokens = sum(step.metrics.get("tokens", 0.0) for step in steps.values())
    seconds = sum(step.wall_s for step in steps.values())
    rows = {
        "profile": f"{told.profile} ({told.where})",
        "overrides": " ".join(told.overrides) or "none",
        "code": told.commit or "unknown",
        "machine": told.machine,
        "versions": ", ".join(f"{name} {version}" for name, version in told.versions.items()),
        "started": told.started,
        "time in steps": f"{seconds / 60:.1f} minutes",
        "tokens generated": f"{tokens:,.0f}",
        "cost": costs.told(costs.costs(steps, told.machine_usd_per_hour)),
    }
    cells = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in rows.items())
    return section("What it was run with", f"<dl>{cells}</dl>")


def _cards(steps: Steps) -> str:
    cards = "".join(
        f'<div class="card"><b>{escape(card.value)}</b><span>{escape(card.label)}</span></div>'
        for card in headlines(steps)
    )
    return f'<div class="cards">{cards}</div>'


def _funnel(steps: Steps) -> str:
    rows = [
        (each.label, each.form.format(steps[each.step].number(each.metric)), each.step)
        for view in views()
        for each in view.funnel
        if each.step in steps
    ]
    return section("From seeds to pairs", table(("", "count", "step"), rows)) if rows else ""


def _provenance(steps: Steps) -> str:
    rows = [(s.step, s.stage_key[:16], f"{s.wall_s:.1f}", str(s.directory)) for s in steps.values()]
    return section(
        "Where every number is from",
        "<p>Each step's outputs, with sha256 of every file in <code>manifest.json</code>, and its "
        "<code>report.json</code>:</p>",
        table(("step", "stage key", "seconds", "directory"), rows),
    )
