"""What the gate decided."""

from __future__ import annotations

from html import escape

from acecoder.reporting.html import origin, section
from acecoder.reporting.records import Steps
from acecoder.reporting.view import View


def _lines(steps: Steps) -> list[tuple[str, str]]:
    step = steps.get("promote_model")
    if step is None:
        return []
    word = "promoted" if step.details.get("promote") else "not promoted"
    version = step.details.get("version")
    return [("gate", f"version {version} {word}"), ("", str(step.details.get("reason", "")))]


def _section(steps: Steps) -> str:
    step = steps.get("promote_model")
    if step is None:
        return ""
    d = step.details
    word = "promoted" if d.get("promote") else "not promoted"
    text = (
        f"<p>{escape(str(d.get('model')))} version {escape(str(d.get('version')))} was <b>{word}</b> "
        f"against {escape(str(d.get('against')))} on {escape(str(d.get('benchmark')))} "
        f"{escape(str(d.get('metric')))}: {escape(str(d.get('reason')))}.</p>"
        f'<p class="from">commit <code>{escape(str(d.get("commit"))[:12])}</code> of the home\'s git</p>'
    )
    return section("Gate", text, origin(step))


VIEW = View(lines=_lines, section=_section)
