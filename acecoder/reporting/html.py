"""The pieces that the report page is made of. Texts of models and programs are untrusted: all is escaped."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

from acecoder.reporting.records import StepRecord

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #59636e; --line: #d5dae0; --card: #f6f8fa;
  --accent: #0b62c4; --second: #b4540a; --back: #ffffff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --soft: #9aa4af; --line: #394049;
  --card: #1d2229; --accent: #6cb0ff; --second: #f0a35e; --back: #14181d; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back);
  max-width: 900px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
.soft, .from { color: var(--soft); } .from { font-size: .8rem; margin: .3rem 0 0; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(165px, 1fr)); gap: .7rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .7rem .9rem; }
.card b { display: block; font-size: 1.35rem; } .card span { color: var(--soft); font-size: .85rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); }
td.n, th.n { text-align: right; } code { font-size: .85em; }
svg { width: 100%; max-width: 620px; height: auto; } svg text { font-size: 11px; fill: var(--soft); }
.bar { fill: var(--accent); } .grid { stroke: var(--line); } .dot { fill: var(--accent); }
.zero { stroke: var(--ink); stroke-width: 1.5; } .dot.second { fill: var(--second); }
.range { stroke: var(--accent); stroke-width: 3; opacity: .45; }
[class^=line] { fill: none; stroke-width: 2; stroke: var(--ink); } .line0 { stroke: var(--accent); }
.line1 { stroke: var(--second); } .line2 { stroke-dasharray: 6 3; } .line3 { stroke-dasharray: 2 3; }
.line4 { stroke: var(--accent); stroke-dasharray: 6 3; } .line5 { stroke: var(--second); stroke-dasharray: 6 3; }
.line6 { stroke-dasharray: 8 2 2 2; } .line7 { stroke-dasharray: 1 2; } svg .name0 { fill: var(--accent); } svg .name1 { fill: var(--second); }
.range.second { stroke: var(--second); }
.wide { overflow-x: auto; } nav { margin: 1rem 0; } nav a { margin-right: 1rem; white-space: nowrap; }
a { color: var(--accent); } pre { background: var(--card); border: 1px solid var(--line); border-radius: 6px;
  padding: .6rem .8rem; overflow-x: auto; font-size: .82rem; white-space: pre-wrap; } .two { display: grid;
  grid-template-columns: repeat(auto-fit, minmax(280px, 1fr)); gap: .8rem; } .two > div { min-width: 0; }
dt { color: var(--soft); font-size: .85rem; } dd { margin: 0 0 .5rem; overflow-wrap: anywhere; }
@media print { body { max-width: none; margin: 0; } nav { display: none; } h2 { break-after: avoid; }
  svg, pre, .card, tr { break-inside: avoid; } }
"""


def document(title: str, subtitle: str, body: str, *, top: str = "") -> str:
    """A whole page: `top` stands between its heading and its contents."""
    made = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><h1>{escape(title)}</h1>"
        f'<p class="soft">{escape(subtitle)}, written {made}</p>'
        f"{top}{contents(body)}{body}</body></html>\n"
    )


def publish(path: Path, page: str) -> None:
    """Write a page whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    # A program may hold what is no text, such as half of a surrogate pair.
    partial.write_text(page, encoding="utf-8", errors="replace")
    partial.replace(path)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; columns of numbers are set to the right."""
    numeric = [all(_is_number(row[i]) for row in rows) and bool(rows) for i in range(len(head))]
    mark = [' class="n"' if number else "" for number in numeric]
    cells = "".join(f"<th{m}>{escape(h)}</th>" for h, m in zip(head, mark, strict=True))
    lines = "".join(
        "<tr>"
        + "".join(f"<td{m}>{escape(c)}</td>" for c, m in zip(row, mark, strict=True))
        + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{cells}</tr></thead><tbody>{lines}</tbody></table></div>'


def _is_number(text: str) -> bool:
    return (
        text.replace(".", "").replace("-", "").replace("+", "").replace(" ", "").isdigit()
        or not text
    )


def origin(*steps: StepRecord) -> str:
    """Which steps the numbers above are from."""
    texts = [f"<code>{escape(s.step)}</code> {s.stage_key[:12]}" for s in steps]
    return f'<p class="from">from {", ".join(texts)}</p>'


def section(title: str, *parts: str) -> str:
    """A heading and what stands under it."""
    return f'<h2 id="{anchor(title)}">{escape(title)}</h2>{"".join(parts)}'


def anchor(title: str) -> str:
    """A heading's address within the page."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def contents(body: str) -> str:
    """Links to the headings of a page."""
    found = re.findall(r'<h2 id="([^"]+)">(.*?)</h2>', body)
    return "<nav>" + " ".join(f'<a href="#{name}">{title}</a>' for name, title in found) + "</nav>"


def code(text: str, limit: int = 1500) -> str:
    """A text as it is, cut where it is long."""
    cut = text if len(text) <= limit else f"{text[:limit]}\n... ({len(text)} characters)"
    return f"<pre>{escape(cut)}</pre>"
