"""`acecoder plan`: print every step, its config and whether it is done."""

from __future__ import annotations

import argparse

from acecoder.verbs.options import target

HELP = "print every step, its config and whether it is done"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `verbs`."""
    target.add_pipeline(parser)


def run(options: argparse.Namespace) -> int:
    """See `verbs`."""
    from acecoder.pipelines import commands

    return commands.plan(options.pipeline, options.profile, options.set)
