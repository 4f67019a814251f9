"""`acecoder report`: write the HTML report of a run again."""

from __future__ import annotations

import argparse

from acecoder.verbs.options import target

HELP = "write the HTML report of a run again"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `verbs`."""
    target.add_pipeline(parser)


def run(options: argparse.Namespace) -> int:
    """See `verbs`."""
    target.check_profile(options)
    from acecoder.pipelines import commands

    return commands.report(options.pipeline, options.profile, options.set)
