"""`acecoder lineage`: from a version of a model back to its seeds."""

from __future__ import annotations

import argparse
import sys

HELP = "every step that a version of a model came from, with its key and the digests it read"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `verbs`."""
    parser.add_argument("model", help="NAME@ALIAS, NAME/VERSION, or NAME for its champion")
    parser.add_argument("--format", choices=("text", "json", "svg"), default="text")


def run(options: argparse.Namespace) -> int:
    """See `verbs`."""
    from acecoder.engine.home import Home
    from acecoder.engine.tracking.steps import Tracker
    from acecoder.llm.weights import registered
    from acecoder.promotion import lineage

    home = Home.from_environment()
    name = options.model if set("@/") & set(options.model) else f"{options.model}@champion"
    version = registered(name, home)
    tracker = Tracker(home)
    links = lineage.trace(version, tracker.finished(version.tags.get("run_key", "")))
    if not links or any(not maker for link in links for _, _, maker in link.reads):
        # A step that an earlier run had finished was not run again by this one.
        links = lineage.trace(version, tracker.finished()) or links
    sys.stdout.write(lineage.FORMATS[options.format](version, links))
    return 0
