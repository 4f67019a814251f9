"""`acecoder status`: the steps of a run on Kubeflow Pipelines."""

from __future__ import annotations

import argparse

from acecoder.verbs.options import target

HELP = "the steps of a run on Kubeflow Pipelines"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `verbs`."""
    target.add_cluster(parser, run=True)


def run(options: argparse.Namespace) -> int:
    """See `verbs`."""
    from acecoder.pipelines import cluster_commands

    return cluster_commands.status(target.target_of(options))
