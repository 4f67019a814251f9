"""`acecoder plan`: print every step, its key and whether it is done."""

from __future__ import annotations

import argparse
from pathlib import Path

from acecoder.verbs.options import target

HELP = "print every step, its key and whether it is done; runs nothing"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `verbs`."""
    target.add_pipeline(parser)
    parser.add_argument("--verbose", action="store_true", help="with the config of every step")
    parser.add_argument(
        "--diff",
        nargs="?",
        const="defaults",
        metavar="RUN",
        help="with the keys whose values differ from the defaults, or from an earlier run's",
    )
    parser.add_argument(
        "--gpus",
        default="",
        metavar="COUNTxGB",
        help="with the memory that each step takes of so many GPUs (8x80); refused where one does not fit",
    )
    parser.add_argument(
        "--infra",
        type=Path,
        metavar="FILE",
        help="as this cluster would run it, with the memory that each step takes of the GPUs it has there",
    )


def run(options: argparse.Namespace) -> int:
    """See `verbs`."""
    target.check_profile(options)
    from acecoder.pipelines import commands

    return commands.plan(
        options.pipeline,
        options.profile,
        options.set,
        verbose=options.verbose,
        diff=options.diff,
        gpus=options.gpus,
        infra_file=options.infra,
    )
