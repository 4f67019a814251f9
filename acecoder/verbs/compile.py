"""`acecoder compile`: compile all pipelines for all profiles to KFP IR."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "compile all pipelines for all profiles to KFP IR"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `verbs`."""
    parser.add_argument("--output", default="build/pipelines", help="directory to write to")
    parser.add_argument(
        "--infra",
        default="",
        metavar="FILE",
        help="for a cluster; writes Pipeline and PipelineVersion manifests too",
    )


def run(options: argparse.Namespace) -> int:
    """See `verbs`."""
    from acecoder.pipelines import commands

    infra = Path(options.infra) if options.infra else None
    return commands.compile_all(Path(options.output), infra)
