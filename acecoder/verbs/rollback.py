"""`acecoder rollback`: take a release back, by git."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HELP = "take a release back: a commit (or a pull request) with the release before it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `verbs`."""
    parser.add_argument(
        "--infra", help="the cluster's infra.toml (default: the home's own repository)"
    )
    parser.add_argument("--workload", choices=("policy", "reward-model"), default="policy")
    parser.add_argument("--to", default="", metavar="VERSION", help="(default: the one before)")
    parser.add_argument("--environment", default="", help="(default: that of the infra file)")
    parser.add_argument("--reason", required=True, help="is in the commit")


def run(options: argparse.Namespace) -> int:
    """See `verbs`."""
    from acecoder.engine.home import Home
    from acecoder.engine.tracking.steps import Tracker
    from acecoder.gitops.repository import Repository
    from acecoder.pipelines.infra import Infra
    from acecoder.promotion.aliases import crown
    from acecoder.promotion.rollback import roll_back

    home = Home.from_environment()
    infra = Infra.load(Path(options.infra)) if options.infra else Infra()
    made = roll_back(
        Repository(infra.git, home.git),
        infra.git,
        environment=options.environment or infra.serving.environment,
        workload=options.workload,
        reason=options.reason,
        to_version=options.to,
    )
    sys.stdout.write(
        f"{made.taken_back.served_name} is taken back, {made.serves_again.served_name} is released: "
        f"commit {made.commit}\n{made.pull_request}\n"
    )
    if infra.git.url:
        sys.stdout.write("champion and previous follow when it serves (acecoder reconcile)\n")
    else:  # nothing serves from the home's own repository
        released = made.serves_again
        for alias, version in crown(Tracker(home).registry(), released.name, released.version):
            sys.stdout.write(f"{alias} is version {version} now\n")
    return 0
