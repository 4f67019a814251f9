"""`acecoder judge-bulk`: judge very many programs on a cluster: shards, an Indexed Job, gathered in order."""

from __future__ import annotations

import argparse

from acecoder.verbs.options import target

HELP = "judge very many programs on a cluster: shards, an Indexed Job, gathered in order"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `verbs`."""
    for name, help_ in (
        ("problems", "input table"),
        ("programs", "input table"),
        ("verdicts", "output"),
        ("infra", "which cluster (manifests/overlays/NAME/infra.toml)"),
    ):
        parser.add_argument(f"--{name}", required=True, metavar="PATH", help=help_)
    parser.add_argument(
        "--shard-programs",
        type=target.positive,
        default=10_000,
        metavar="N",
        help="programs per shard: what one pod does; a pod that dies loses none of it (10000)",
    )
    parser.add_argument(
        "--parallelism", type=target.positive, default=4, metavar="N", help="pods at once (4)"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override one value of judge_programs (sandbox.limits=fast)",
    )


def run(options: argparse.Namespace) -> int:
    """See `verbs`."""
    from acecoder.pipelines import bulk_jobs
    from acecoder.profiles import apply_settings

    settings = (target.qualified("judge_programs", text) for text in options.set)
    return bulk_jobs.judge_bulk(
        options.infra,
        options.problems,
        options.programs,
        options.verdicts,
        shard_programs=options.shard_programs,
        parallelism=options.parallelism,
        table=apply_settings({}, settings).get("judge_programs", {}),
    )
