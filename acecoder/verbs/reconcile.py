"""`acecoder reconcile`: one tick: aliases follow what serves (what the CronJob runs)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HELP = "let the registry's aliases follow what a cluster serves"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `verbs`."""
    parser.add_argument("--infra", required=True, help="the cluster's infra.toml")


def run(options: argparse.Namespace) -> int:
    """See `verbs`. Status 1 where something is degraded."""
    from acecoder.cluster.api import Cluster
    from acecoder.engine.home import Home
    from acecoder.engine.tracking.steps import Tracker
    from acecoder.pipelines.infra import Infra
    from acecoder.reconcile.tick import World, tick

    home = Home.from_environment()
    infra = Infra.load(Path(options.infra))
    world = World(infra, home, Cluster.connect(), Tracker(home).registry())
    return 0 if tick(world, _say) else 1


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
