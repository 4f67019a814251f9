"""`acecoder demo gitops`: the story of a model on one machine, in a few minutes."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

HELP = "play a story on this machine: gitops, from a commit that trains to a rollback"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `verbs`."""
    parser.add_argument("story", choices=("gitops",))
    parser.add_argument(
        "--home", default=".acecoder-demo", metavar="DIR", help="where it plays (.acecoder-demo)"
    )


def run(options: argparse.Namespace) -> int:
    """See `verbs`."""
    from acecoder.demo import gitops
    from acecoder.engine.home import Home

    for name in ("ACECODER_STORE", "MLFLOW_TRACKING_URI"):
        os.environ.pop(name, None)
    os.environ["ACECODER_HOME"] = str(Path(options.home).absolute())
    gitops.play(Home.from_environment(), _say)
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
