"""Scores as a table in the shape of the paper's: a row per model and way of choosing, a column per
benchmark, as Markdown, CSV, HTML or LaTeX.

Figures are percentages with their 95 % intervals; published ones have none. Every table says over how
many problems and samples its figures stand, and what each row is.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from acecoder.evaluation import published
from acecoder.evaluation.rows import DEFINITIONS
from acecoder.schema import Score

TITLES = {
    "humaneval": "HumanEval",
    "humaneval_plus/base": "HumanEval",
    "humaneval_plus": "HumanEval+",
    "mbpp": "MBPP",
    "mbpp_plus/base": "MBPP",
    "mbpp_plus": "MBPP+",
    "bigcodebench/complete": "BCB-C Full",
    "bigcodebench/complete_hard": "BCB-C Hard",
    "bigcodebench/instruct": "BCB-I Full",
    "bigcodebench/instruct_hard": "BCB-I Hard",
    "livecodebench": "LCB",
}
SOURCE = "published"
HEAD = ("model", "row")


@dataclass(frozen=True)
class Cell:
    """One figure, in percent."""

    value: float
    interval: tuple[float, float] | None = None
    """None of published figures, which have none."""

    def text(self) -> str:
        """For a reader."""
        if self.interval is None:
            return f"{self.value:.1f}"
        return f"{self.value:.1f} ({self.interval[0]:.1f}-{self.interval[1]:.1f})"


@dataclass(frozen=True)
class Table:
    """Rows by (model, row), columns by benchmark."""

    benchmarks: tuple[str, ...]
    cells: dict[tuple[str, str], dict[str, Cell]]
    notes: tuple[str, ...]


def table_of(
    scores: Sequence[Score], *, with_published: bool = False, rows: Sequence[str] = ()
) -> Table:
    """The table of some scores; `rows` names those to show, all if empty.

    With published figures, those of the benchmarks that the scores have come behind one's own.
    """
    order = [*published.BENCHMARKS, *(score.benchmark for score in scores)]
    had = {score.benchmark for score in scores}
    benchmarks = tuple(name for name in dict.fromkeys(order) if name in had)
    cells: dict[tuple[str, str], dict[str, Cell]] = {}
    for score in scores:
        if not rows or score.metric in rows:
            own = cells.setdefault((score.model, score.metric), {})
            own[score.benchmark] = Cell(100 * score.value, (100 * score.low, 100 * score.high))
    if with_published:
        cells |= _published(benchmarks)
    return Table(benchmarks, cells, tuple(_notes(scores, with_published)))


def _published(benchmarks: tuple[str, ...]) -> dict[tuple[str, str], dict[str, Cell]]:
    found = {}
    for (model, row), figures in published.ROWS.items():
        known = dict(zip(published.BENCHMARKS, figures, strict=True))
        own = {name: Cell(known[name]) for name in benchmarks if name in known}
        if own:
            found[f"{model} ({SOURCE})", row] = own
    return found


def _notes(scores: Iterable[Score], with_published: bool) -> list[str]:
    scores = list(scores)
    yield_over = sorted({(s.benchmark, s.n_problems) for s in scores})
    counts = ", ".join(f"{title_of(name)} {count}" for name, count in yield_over)
    samples = sorted({s.n_samples for s in scores if s.metric != "greedy"})
    notes = [f"Percent of problems, 95 % interval over problems. Problems: {counts}."]
    if samples:
        notes.append(f"Samples of a problem: {', '.join(map(str, samples))}; greedy has one.")
    for name, meaning in DEFINITIONS.items():
        if any(score.metric.startswith(name) for score in scores):
            notes.append(f"{name}: {meaning}.")
    if with_published:
        notes.append(f"({SOURCE}): AceCoder (arXiv 2502.01718), tables 2 and 3, without intervals.")
    return notes


def title_of(benchmark: str) -> str:
    """What a benchmark is called at the head of a column."""
    return TITLES.get(benchmark, benchmark)


def _lines(table: Table) -> list[list[str]]:
    head = [*HEAD, *map(title_of, table.benchmarks)]
    body = [
        [model, row, *(own[name].text() if name in own else "" for name in table.benchmarks)]
        for (model, row), own in table.cells.items()
    ]
    return [head, *body]


def markdown(table: Table) -> str:
    """A table as Markdown has it, and the notes below."""
    head, *body = _lines(table)
    lines = [head, ["-"] * len(head), *body]
    text = "\n".join(f"| {' | '.join(_no_bar(cell) for cell in line)} |" for line in lines)
    return f"{text}\n\n{' '.join(table.notes)}\n"


def _no_bar(cell: str) -> str:
    return cell.replace("|", "\\|")


def as_csv(table: Table) -> str:
    """One line per figure: model, row, benchmark, value, low, high, in percent."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*HEAD, "benchmark", "percent", "low", "high"])
    for (model, row), own in table.cells.items():
        for name, cell in own.items():
            low, high = cell.interval or ("", "")
            writer.writerow([model, row, name, cell.value, low, high])
    return text.getvalue()


def html(table: Table) -> str:
    """A table for a page."""
    head, *body = _lines(table)
    rows = "".join(f"<tr>{''.join(f'<td>{escape(c)}</td>' for c in line)}</tr>" for line in body)
    cells = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    notes = "".join(f"<p>{escape(note)}</p>" for note in table.notes)
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table>{notes}\n"


def latex(table: Table) -> str:
    """For a paper, with booktabs."""
    head, *body = ([_tex(cell) for cell in line] for line in _lines(table))
    lines = [
        f"\\begin{{tabular}}{{ll{'r' * len(table.benchmarks)}}}",
        "\\toprule",
        f"{' & '.join(head)} \\\\",
        "\\midrule",
        *(f"{' & '.join(line)} \\\\" for line in body),
        "\\bottomrule",
        "\\end{tabular}",
        *(f"% {note}" for note in table.notes),
    ]
    return "\n".join(lines) + "\n"


def _tex(cell: str) -> str:
    for char in "\\&%$#_{}":
        cell = cell.replace(char, f"\\{char}" if char != "\\" else "\\textbackslash ")
    return cell


FORMATS = {"md": markdown, "csv": as_csv, "html": html, "tex": latex}
"""How a table is written, by a file's suffix."""
