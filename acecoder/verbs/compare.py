"""`acecoder compare`: several evaluations as one table, and their paired differences."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HELP = "several evaluations as one table, with paired differences between their models"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `verbs`."""
    parser.add_argument(
        "evaluations",
        nargs="+",
        metavar="DIR|RUN",
        help="folders that `acecoder evaluate` or the stage evaluate_model wrote, or runs by the beginning "
        "of their key (or `latest`), of which the policy's scores are taken",
    )
    parser.add_argument(
        "--rows", default="", metavar="NAMES", help="only these, comma-separated (greedy,average)"
    )
    parser.add_argument(
        "--format", default="md", choices=("md", "csv", "html", "tex"), help="of the table (md)"
    )
    parser.add_argument(
        "--page",
        metavar="FILE",
        help="of two runs: also write an HTML page of what got better, what was counted and which settings "
        "differ",
    )
    parser.add_argument(
        "--with-published", action="store_true", help="the paper's figures beside one's own"
    )


def run(options: argparse.Namespace) -> int:
    """See `verbs`."""
    from acecoder.evaluation import result, tables

    if options.page:
        _write_page(Path(options.page), options.evaluations)
    read = [
        (Path(name).name, *result.read(_scores_of(name) if not Path(name).exists() else Path(name)))
        for name in options.evaluations
    ]
    scores, values = result.merged(read)
    rows = [name.strip() for name in options.rows.split(",") if name.strip()]
    table = tables.table_of(scores, with_published=options.with_published, rows=rows)
    sys.stdout.write(tables.FORMATS[options.format](table))
    if options.format == "md":
        for each in result.differences(values, rows):
            sys.stdout.write(
                f"\n{tables.title_of(each['benchmark'])}: {each['row']} less {each['other']}: "
                f"{100 * each['value']:+.1f} points [{100 * each['low']:+.1f}, "
                f"{100 * each['high']:+.1f}] on {each['n_problems']} problems\n"
            )
    return 0


def _write_page(path: Path, names: list[str]) -> None:
    """Raises InputError where it is not two runs."""
    from acecoder.engine.home import Home
    from acecoder.errors import InputError
    from acecoder.reporting import comparison

    if len(names) != 2 or any(Path(name).exists() for name in names):
        raise InputError(
            "a page compares two runs",
            where="compare --page",
            remedy="name each by the beginning of its key, or `latest`",
        )
    home = Home.from_environment()
    first, second = (comparison.Run.load(home, name) for name in names)
    comparison.write(path, first, second)
    sys.stderr.write(f"page  {path}\n")


def _scores_of(run_key: str) -> Path:
    """The policy's scores in a run. Raises InputError."""
    from acecoder.engine.home import Home
    from acecoder.errors import InputError
    from acecoder.reporting import records

    if "/" in run_key:
        raise InputError("no such folder", where=run_key)
    home = Home.from_environment()
    steps = records.load(home, records.run_named(home, run_key))
    step = steps.get("evaluate_model.policy") or steps.get("evaluate_model")
    if step is None:
        raise InputError("this run has not evaluated a policy", where=run_key)
    return step.directory / "scores"
