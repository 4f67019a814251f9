"""`acecoder gc`: what of the home and its store nobody needs; removed only when asked."""

from __future__ import annotations

import argparse
import sys

HELP = "list artifacts that no alias, release or recent run needs; --delete removes them"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `verbs`."""
    parser.add_argument(
        "--keep-runs", type=int, default=10, metavar="N", help="the newest runs (10)"
    )
    parser.add_argument(
        "--keep-days", type=float, default=30.0, metavar="DAYS", help="what ended since (30)"
    )
    parser.add_argument("--delete", action="store_true", help="remove what is listed as not needed")


def run(options: argparse.Namespace) -> int:
    """See `verbs`."""
    from datetime import UTC, datetime

    from acecoder.engine.home import Home
    from acecoder.engine.tracking.steps import Tracker
    from acecoder.promotion.collecting import Keeping, artifact_of, look

    home = Home.from_environment()
    tracker = Tracker(home)
    keeping = Keeping(options.keep_runs, options.keep_days, datetime.now(UTC))
    registry = tracker.registry()
    versions = registry.every()
    found = look(home.artifacts(), tracker.finished(), versions, keeping, home.used_by_runs())
    spare = [each for each in found if not each.why_kept]
    for each in found:
        word = f"kept: {each.why_kept}" if each.why_kept else "not needed"
        sys.stdout.write(f"{each.num_bytes / 1e6:10.1f} MB  {each.name}  {word}\n")
    total = sum(each.num_bytes for each in spare) / 1e6
    sys.stdout.write(f"{len(spare)} of {len(found)} artifacts are not needed: {total:.1f} MB\n")
    if not options.delete:
        sys.stdout.write("nothing was removed; --delete removes them\n" if spare else "")
        return 0
    gone = {each.name for each in spare}
    needed = {v.digest for v, _ in versions if artifact_of(v.source) not in gone}
    for each in spare:
        step, _, key = each.name.rpartition("/")
        home.forget(home.artifact(step, key))
        for version, _ in versions:
            if artifact_of(version.source) == each.name and version.digest not in needed:
                registry.forget_files(version.digest)
    sys.stdout.write(f"{len(spare)} artifacts are removed\n")
    return 0
