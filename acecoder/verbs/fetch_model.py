"""`acecoder fetch-model`: the weights of a release into a directory (what a server's pod begins with)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HELP = "bring the files of a release to a directory, each checked by its sha256"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `verbs`."""
    parser.add_argument("release", help="release.json, as promotion commits it")
    parser.add_argument("directory", help="where the files go")


def run(options: argparse.Namespace) -> int:
    """See `verbs`."""
    from acecoder.errors import InputError
    from acecoder.promotion.release import read_release
    from acecoder.serving import weights

    file = Path(options.release)
    if not file.is_file():
        raise InputError("no such release", where=str(file))
    release = read_release(file.read_text(), str(file))
    weights.bring(release, Path(options.directory), lambda text: _say(f"{release.name}: {text}"))
    _say(f"{release.served_name} is whole in {options.directory}: {len(release.files)} files")
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
