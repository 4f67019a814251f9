"""Which pipeline with which profile, and on which cluster."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from acecoder.pipelines.cluster_commands import Target

DEFAULT_PROFILE = "local"


def add_pipeline(parser: argparse.ArgumentParser) -> None:
    """`--pipeline`, `--profile` and `--set`."""
    parser.add_argument(
        "--pipeline",
        default="",
        help="acecoder, data, reward_model, policy, evaluate or retrain (default: the profile's)",
    )
    add_profile(parser, DEFAULT_PROFILE)


def check_profile(options: argparse.Namespace) -> None:
    """A profile that is none is said before KFP is imported. Raises InputError."""
    from acecoder.profiles import profile_path, read_profile

    read_profile(profile_path(options.profile))


def add_profile(parser: argparse.ArgumentParser, default: str | None) -> None:
    """`--profile` and `--set`."""
    parser.add_argument(
        "--profile", default=default, help=f"name or TOML file (default: {default or 'none'})"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="TABLE.KEY=VALUE", help="override one value"
    )


def add_cluster(parser: argparse.ArgumentParser, *, run: bool) -> None:
    """What names a run on a cluster; `run` for the id of one that is there already."""
    add_pipeline(parser)
    parser.add_argument(
        "--infra",
        required=True,
        metavar="FILE",
        help="which cluster (manifests/overlays/NAME/infra.toml)",
    )
    parser.add_argument("--host", default="", help="the KFP API (else KFP_HOST, else the infra's)")
    if run:
        parser.add_argument(
            "--run", default="", metavar="ID", help="a run by its id (default: by its run key)"
        )


def target_of(options: argparse.Namespace) -> Target:
    """The run on a cluster that the options name."""
    from acecoder.pipelines.cluster_commands import Target

    return Target(
        options.pipeline,
        options.profile,
        options.set,
        options.infra,
        options.host,
        getattr(options, "run_id", "") or getattr(options, "run", ""),
    )


def positive(text: str) -> int:
    """A number of at least 1, for argparse."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of at least 1")
    return int(text)


def qualified(stage: str, setting: str) -> str:
    """A verb of one stage: its table's name may be left out of `--set`."""
    table = setting.partition("=")[0].partition(".")[0].strip()
    return setting if table in (stage, "models") else f"{stage}.{setting}"
