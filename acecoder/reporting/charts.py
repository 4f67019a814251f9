"""Small charts as inline SVG: no script, no font, no network."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT, PAD = 560, 200, 36


def histogram(counts: Sequence[int], *, label: str) -> str:
    """Bars over equal parts of [0, 1]."""
    if not any(counts):
        return "<p>nothing to show</p>"
    top = max(counts)
    step = (WIDTH - 2 * PAD) / len(counts)
    parts = []
    for index, count in enumerate(counts):
        height = (HEIGHT - 2 * PAD) * count / top
        x, y = PAD + index * step, HEIGHT - PAD - height
        parts.append(
            f'<rect class="bar" x="{x + 1:.1f}" y="{y:.1f}" width="{step - 2:.1f}" height="{height:.1f}"/>'
        )
        if count:
            parts.append(
                f'<text x="{x + step / 2:.1f}" y="{y - 4:.1f}" text-anchor="middle">{count}</text>'
            )
    for share in (0.0, 0.5, 1.0):
        x = PAD + share * (WIDTH - 2 * PAD)
        parts.append(
            f'<text x="{x:.1f}" y="{HEIGHT - PAD + 16}" text-anchor="middle">{share:g}</text>'
        )
    return _frame(parts, label)


def line(
    series: Sequence[tuple[str, Sequence[float]]], *, label: str, steps: Sequence[str] = ()
) -> str:
    """Curves over steps, with one scale; the highest and lowest values, and the first and last step,
    written out. `steps` names the steps, which are numbered otherwise."""
    every = [value for _, values in series for value in values]
    if not every:
        return "<p>nothing to show</p>"
    low, high = min(0.0, *every), max(every)  # a scale from zero exaggerates nothing
    span = (high - low) or 1.0
    parts = []
    legend_x, legend_y = PAD, 14
    for order, (name, values) in enumerate(series):
        wide = max(1, len(values) - 1)
        points = [
            (
                PAD + i / wide * (WIDTH - 2 * PAD),
                HEIGHT - PAD - (v - low) / span * (HEIGHT - 2 * PAD),
            )
            for i, v in enumerate(values)
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline class="line{order}" points="{path}"/>')
        width = 24 + 7 * len(name)
        if legend_x > PAD and legend_x + width > WIDTH:
            legend_x, legend_y = PAD, legend_y + 15
        parts.append(
            f'<line class="line{order}" x1="{legend_x}" x2="{legend_x + 14}" '
            f'y1="{legend_y - 4}" y2="{legend_y - 4}"/>'
            f'<text class="name{order}" x="{legend_x + 18}" y="{legend_y}">{escape(name)}</text>'
        )
        legend_x += width
    parts.append(
        f'<text x="4" y="{PAD + 4}">{high:.3g}</text><text x="4" y="{HEIGHT - PAD}">{low:.3g}</text>'
    )
    names = steps or ("1", str(max(len(values) for _, values in series)))
    parts.append(f'<text x="{PAD}" y="{HEIGHT - PAD + 16}">{escape(names[0])}</text>')
    parts.append(
        f'<text x="{WIDTH - PAD}" y="{HEIGHT - PAD + 16}" text-anchor="end">{escape(names[-1])}</text>'
    )
    return _frame(parts, label)


def intervals(
    rows: Sequence[tuple[str, float, float, float]], *, label: str, colours: Sequence[int] = ()
) -> str:
    """(name, value, low, high) in [0, 1]: a dot and its interval a row. `colours`: 0 or 1 for each."""
    return _dots(rows, (0.0, 0.25, 0.5, 0.75, 1.0), "{:g}", label, colours)


def differences(rows: Sequence[tuple[str, float, float, float]], *, label: str) -> str:
    """(name, difference, low, high) in [-1, 1]: a dot and its interval a row, around a line at 0."""
    reach = max((abs(v) for row in rows for v in row[1:]), default=0.1)
    reach = next((step for step in (0.1, 0.2, 0.5, 1.0) if step >= reach), 1.0)
    ticks = (-reach, -reach / 2, 0.0, reach / 2, reach)
    return _dots(rows, ticks, "{:+g}", label, ())


def _dots(
    rows: Sequence[tuple[str, float, float, float]],
    ticks: Sequence[float],
    form: str,
    label: str,
    colours: Sequence[int],
) -> str:
    left, row_height = 190, 24
    height = 30 + row_height * len(rows) + 20
    first, last = ticks[0], ticks[-1]

    def at(value: float) -> float:
        inside = min(last, max(first, value))
        return left + (inside - first) / (last - first) * (WIDTH - left - 20)

    parts = []
    for tick in ticks:
        kind = "zero" if tick == 0.0 and first < 0 else "grid"
        x = at(tick)
        parts.append(f'<line class="{kind}" x1="{x:.1f}" y1="14" x2="{x:.1f}" y2="{height - 22}"/>')
        text = "0" if tick == 0 else form.format(tick)
        parts.append(f'<text x="{x:.1f}" y="{height - 6}" text-anchor="middle">{text}</text>')
    for index, (name, value, low, high) in enumerate(rows):
        y = 26 + row_height * index
        second = " second" if index < len(colours) and colours[index] else ""
        parts.append(f'<text x="{left - 10}" y="{y + 4}" text-anchor="end">{escape(name)}</text>')
        parts.append(
            f'<line class="range{second}" x1="{at(low):.1f}" y1="{y}" x2="{at(high):.1f}" y2="{y}"/>'
        )
        parts.append(f'<circle class="dot{second}" cx="{at(value):.1f}" cy="{y}" r="4.5"/>')
    return _frame(parts, label, height)


def _frame(parts: Sequence[str], label: str, height: int = HEIGHT) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(label)}">'
        f"{''.join(parts)}</svg>"
    )
