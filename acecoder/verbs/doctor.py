"""`acecoder doctor`: what this machine has, what it lacks, and the remedy."""

from __future__ import annotations

import argparse

HELP = "what this machine has, what it lacks, and the remedy"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `verbs`."""
    del parser  # it has none


def run(options: argparse.Namespace) -> int:
    """See `verbs`."""
    del options
    from acecoder import doctor

    return doctor.main([])
