"""`acecoder submit`: start a run on Kubeflow Pipelines, one per run key."""

from __future__ import annotations

import argparse

from acecoder.verbs.options import target

HELP = "start a run on Kubeflow Pipelines, one per run key"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `verbs`."""
    target.add_cluster(parser, run=False)
    parser.add_argument("--wait", action="store_true", help="follow it to its end")
    parser.add_argument("--retry", action="store_true", help="again after a failed attempt")


def run(options: argparse.Namespace) -> int:
    """See `verbs`."""
    from acecoder.pipelines import cluster_commands

    return cluster_commands.submit(
        target.target_of(options), wait=options.wait, retry=options.retry
    )
