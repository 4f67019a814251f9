"""`acecoder profiles`: the profiles that come with it."""

from __future__ import annotations

import argparse
import sys

HELP = "list the profiles that come with it, and what each is for"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `verbs`."""
    del parser


def run(options: argparse.Namespace) -> int:
    """See `verbs`."""
    del options
    from itertools import takewhile

    from acecoder.profiles import SHIPPED

    for file in sorted(SHIPPED.glob("*.toml")):
        lines = takewhile(
            lambda line: line.startswith("#"), file.read_text(encoding="utf-8").splitlines()
        )
        told = " ".join(line.lstrip("# ") for line in lines).partition(". ")[0].rstrip(".")
        sys.stdout.write(f"{file.stem:12} {told}\n")
    sys.stdout.write(f"\nThey lie in {SHIPPED}. `acecoder init` copies one to change.\n")
    return 0
