"""`acecoder logs`: the log of one step of a run there, or of what failed."""

from __future__ import annotations

import argparse

from acecoder.verbs.options import target

HELP = "the log of one step of a run there, or of what failed"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `verbs`."""
    target.add_cluster(parser, run=True)
    parser.add_argument("--step", default="", help="e.g. train_policy (default: what failed)")


def run(options: argparse.Namespace) -> int:
    """See `verbs`."""
    from acecoder.pipelines import cluster_commands

    return cluster_commands.logs(target.target_of(options), options.step)
