"""From a version of a model back to its seeds: each step is found by the digest of what it made."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from html import escape

from acecoder.engine.contract import FinishedStep, Version


@dataclass(frozen=True)
class Link:
    """One step, and the steps whose outputs it read."""

    step: FinishedStep
    depth: int
    """Steps between it and the model."""
    reads: tuple[tuple[str, str, str], ...]
    """(input, its digest, the step that made it; empty where no step here did)."""


def trace(version: Version, steps: Sequence[FinishedStep]) -> list[Link]:
    """The steps that a version came from, nearest first; empty where MLflow knows of none.

    Of several steps that made the same bytes, the one of the version's own run is taken.
    """
    makers: dict[str, FinishedStep] = {}
    own = version.tags.get("run_key", "")
    for step in sorted(steps, key=lambda step: step.run_key != own):
        for digest in step.outputs.values():
            makers.setdefault(digest, step)
    found: dict[str, Link] = {}
    waiting = [(each, 0) for each in (makers.get(version.digest),) if each is not None]
    while waiting:
        step, depth = waiting.pop(0)
        known = found.get(step.step)
        if known is not None and known.depth >= depth:
            continue
        made_by = {name: makers.get(digest) for name, digest in sorted(step.inputs.items())}
        reads = tuple(
            (name, step.inputs[name], maker.step if maker else "")
            for name, maker in made_by.items()
        )
        found[step.step] = Link(step, depth, reads)  # the longest way decides the distance
        waiting += [(maker, depth + 1) for maker in made_by.values() if maker is not None]
    return sorted(found.values(), key=lambda link: link.depth)


def as_text(version: Version, links: Iterable[Link]) -> str:
    """A line per step, indented by its distance."""
    lines = [f"{version.name}/{version.version}  {version.digest[:12]}  {version.source}"]
    for key in ("run_key", "code", "rendering", "images"):
        if version.tags.get(key):
            lines.append(f"  {key}: {version.tags[key]}")
    for link in links:
        step = link.step
        lines.append(
            f"{'  ' * (link.depth + 1)}{step.step}  key {step.stage_key[:12]}  {step.ended}"
        )
        for name, digest, maker in link.reads:
            told = f"of {maker}" if maker else "from outside: no step here made it"
            lines.append(f"{'  ' * (link.depth + 2)}{name} {digest[:12]} {told}")
    return "\n".join(lines) + "\n"


def as_json(version: Version, links: Iterable[Link]) -> str:
    """Everything that is known of each step."""
    steps = [
        {
            **asdict(link.step),
            "reads": [{"input": n, "digest": d, "step": s} for n, d, s in link.reads],
        }
        for link in links
    ]
    whole = {**asdict(version), "tags": dict(version.tags), "steps": steps}
    return json.dumps(whole, indent=1, sort_keys=True) + "\n"


WIDTH, HEIGHT, GAP = 210, 40, 26


def as_svg(version: Version, links: Sequence[Link]) -> str:
    """A picture: the model on the left, a column for each distance, lines to what was read."""
    columns: dict[int, list[Link]] = {}
    for link in links:
        columns.setdefault(link.depth, []).append(link)
    places = {
        link.step.step: (20 + (depth + 1) * (WIDTH + 60), 20 + row * (HEIGHT + GAP))
        for depth, column in columns.items()
        for row, link in enumerate(column)
    }
    boxes = [_box((20, 20), f"{version.name}/{version.version}", version.digest[:12])]
    lines = [_line((20, 20), places[links[0].step.step])] if links else []
    for link in links:
        boxes.append(
            _box(places[link.step.step], link.step.step, f"key {link.step.stage_key[:12]}")
        )
        makers = {maker for _, _, maker in link.reads if maker}
        lines += [_line(places[link.step.step], places[maker]) for maker in sorted(makers)]
    width = max([x for x, _ in places.values()] or [20]) + WIDTH + 20
    height = max([y for _, y in places.values()] or [20]) + HEIGHT + 20
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif" font-size="13">{"".join(lines)}{"".join(boxes)}</svg>\n'
    )


def _box(place: tuple[int, int], title: str, note: str) -> str:
    x, y = place
    return (
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="6" fill="#f4f6fa" stroke="#8a94a6"/>'
        f'<text x="{x + 10}" y="{y + 17}">{escape(title)}</text>'
        f'<text x="{x + 10}" y="{y + 33}" font-size="11" fill="#667">{escape(note)}</text>'
    )


def _line(start: tuple[int, int], end: tuple[int, int]) -> str:
    x1, y1 = start[0] + WIDTH, start[1] + HEIGHT // 2
    x2, y2 = end[0], end[1] + HEIGHT // 2
    middle = (x1 + x2) // 2
    return f'<path d="M{x1},{y1} C{middle},{y1} {middle},{y2} {x2},{y2}" fill="none" stroke="#9aa5b8"/>'


FORMATS = {"text": as_text, "json": as_json, "svg": as_svg}
