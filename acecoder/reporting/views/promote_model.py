"""What the gate decided."""

from __future__ import annotations

from html import escape

from acecoder.reporting.html import origin, section, table
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
    checks = d.get("checks") or []
    rows = [
        (
            str(check["name"]),
            *(_number(check.get(key)) for key in ("value", "opponent", "difference", "bound")),
            "ok" if check["passed"] else "no",
        )
        for check in checks
    ]
    text = (
        f"<p>{escape(str(d.get('model')))} version {escape(str(d.get('version')))} was <b>{word}</b> "
        f"against {escape(str(d.get('against')))}: {escape(str(d.get('reason')))}.</p>"
    )
    head = ("check", "candidate", "opponent", "difference", "lower bound", "")
    text += table(head, rows)
    for name in ("commit", "branch", "pull_request"):
        if d.get(name):
            text += (
                f'<p class="from">{name.replace("_", " ")} <code>{escape(str(d[name]))}</code></p>'
            )
    return section("Gate", text, origin(step))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


VIEW = View(lines=_lines, section=_section)
