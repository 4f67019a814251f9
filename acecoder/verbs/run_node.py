"""`acecoder run-node`: one process of a TrainJob (what its nodes run)."""

from __future__ import annotations

import argparse

HELP = "one process of a TrainJob (what its nodes run)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `verbs`."""
    parser.add_argument("--key", required=True, help="the key of the step")


def run(options: argparse.Namespace) -> int:
    """See `verbs`."""
    from acecoder.engine.home import Home
    from acecoder.entry import run_node

    run_node(options.key, Home.from_environment())
    return 0
