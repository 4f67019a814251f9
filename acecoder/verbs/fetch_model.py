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
    parser.add_argument(
        "--public-key",
        metavar="FILE",
        help="an Ed25519 key (PEM): release.intoto.json beside the release must be signed with it",
    )


def run(options: argparse.Namespace) -> int:
    """See `verbs`."""
    from acecoder.errors import InputError
    from acecoder.promotion import provenance
    from acecoder.promotion.release import read_release
    from acecoder.promotion.serving_files import STATEMENT
    from acecoder.serving import weights

    file = Path(options.release)
    if not file.is_file():
        raise InputError("no such release", where=str(file))
    release = read_release(file.read_text(), str(file))
    if options.public_key:
        statement = file.with_name(STATEMENT)
        text = statement.read_text() if statement.is_file() else ""
        provenance.verified(text, Path(options.public_key), release)
        _say(f"{release.served_name}: its provenance is signed by the given key")
    weights.bring(release, Path(options.directory), lambda text: _say(f"{release.name}: {text}"))
    _say(f"{release.served_name} is whole in {options.directory}: {len(release.files)} files")
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
