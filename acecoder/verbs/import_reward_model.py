"""`acecoder import-reward-model`: somebody else's reward model, as this code scores with it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HELP = "bring in a reward model of somebody else's, with the text that it was trained to read"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `verbs`."""
    parser.add_argument(
        "source",
        help="hub:OWNER/NAME or path:DIR of a causal language model with v_head.summary, or of a "
        "classifier of one label",
    )
    parser.add_argument("directory", help="where it goes")
    parser.add_argument(
        "--template",
        required=True,
        metavar="FILE",
        help="Jinja over question, program and tests: the whole text that it was trained on, from the "
        "system line to the token where the score is read",
    )
    parser.add_argument(
        "--max-length-tokens", type=int, default=2048, metavar="N", help="of a text (2048)"
    )
    parser.add_argument("--revision", default="", help="of a hub model: a branch, tag or commit")


def run(options: argparse.Namespace) -> int:
    """See `verbs`."""
    from acecoder.engine.home import Home
    from acecoder.engine.publishing import publishing
    from acecoder.errors import InputError
    from acecoder.llm.weights import resolve
    from acecoder.reward.importing import import_reward_model

    template, directory = Path(options.template), Path(options.directory)
    if not template.is_file():
        raise InputError("no such template", where=str(template))
    if directory.exists():
        raise InputError(
            "it is there already", where=str(directory), remedy="name a directory that is not"
        )
    source = Path(resolve(options.source, options.revision, Home.from_environment()))
    with publishing(directory) as scratch:
        found = import_reward_model(
            source,
            scratch,
            template=template.read_text(encoding="utf-8"),
            max_length_tokens=options.max_length_tokens,
        )
    sys.stdout.write(
        f"{found.num_tensors} tensors in {directory}; the head's bias is {found.offset:g}\n"
        f"a small question is read as:\n{found.example!r}\n"
    )
    return 0
