"""`acecoder run`: run a pipeline on this machine."""

from __future__ import annotations

import argparse

from acecoder.verbs.options import target

HELP = "run a pipeline on this machine"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `verbs`."""
    target.add_pipeline(parser)


def run(options: argparse.Namespace) -> int:
    """See `verbs`."""
    target.check_profile(options)
    from acecoder.pipelines import commands

    return commands.run(options.pipeline, options.profile, options.set)
