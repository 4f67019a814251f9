"""`acecoder judge-shard`: judge one shard (what the pods of judge-bulk run)."""

from __future__ import annotations

import argparse
import os

HELP = "judge one shard (what the pods of judge-bulk run)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `verbs`."""
    parser.add_argument("--key", required=True, help="the key of the bulk judging")
    parser.add_argument(
        "--index",
        type=int,
        default=os.environ.get("JOB_COMPLETION_INDEX", 0),
        help="the number of the shard (default: the pod's)",
    )


def run(options: argparse.Namespace) -> int:
    """See `verbs`."""
    from acecoder.engine.home import Home
    from acecoder.judging import bulk

    bulk.judge_shard(Home.from_environment(), options.key, options.index)
    return 0
