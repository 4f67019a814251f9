"""`acecoder cancel`: end a run there; finished steps are kept."""

from __future__ import annotations

import argparse

from acecoder.verbs.options import target

HELP = "end a run there; finished steps are kept"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `verbs`."""
    target.add_cluster(parser, run=True)


def run(options: argparse.Namespace) -> int:
    """See `verbs`."""
    from acecoder.pipelines import cluster_commands

    return cluster_commands.cancel(target.target_of(options))
