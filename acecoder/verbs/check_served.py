"""`acecoder check-served`: is what serves what was trained? (What the Job after a rollout runs.)"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HELP = "ask a model server for its version, greedy answers or scores, beside the weights themselves"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `verbs`."""
    parser.add_argument("--url", required=True, help="of the server, without /v1")
    parser.add_argument("--name", required=True, help="what must serve: NAME/VERSION")
    parser.add_argument(
        "--workload", choices=("policy", "reward-model"), default="policy", help="policy (default)"
    )
    parser.add_argument(
        "--release",
        default="/release/release.json",
        help="where the weights are had, and their sha256",
    )
    parser.add_argument(
        "--parity",
        type=int,
        default=8,
        metavar="N",
        help="questions asked of transformers too, at most 8; 0 asks for an answer alone (8)",
    )
    parser.add_argument("--max-tokens", type=int, default=32, help="of each answer (32)")
    parser.add_argument(
        "--least-share", type=float, default=0.75, help="of answers that must be equal (0.75)"
    )
    parser.add_argument(
        "--tolerance", type=float, default=0.01, help="of a reward model's scores (0.01)"
    )


def run(options: argparse.Namespace) -> int:
    """See `verbs`."""
    from acecoder.errors import InputError
    from acecoder.llm.served import ServedModel
    from acecoder.promotion.release import read_release
    from acecoder.serving import checking

    file = Path(options.release)
    if not file.is_file():
        raise InputError("no such release", where=str(file))
    release = read_release(file.read_text(), str(file))
    if release.served_name != options.name:
        raise InputError(f"it releases {release.served_name}, not {options.name}", where=str(file))
    server = ServedModel(options.url)
    if options.workload == "policy":
        checking.check_policy(
            server,
            release,
            parity=options.parity,
            max_tokens=options.max_tokens,
            least_share=options.least_share,
            say=_say,
        )
    else:
        checking.check_reward_model(
            server, release, parity=options.parity, tolerance=options.tolerance, say=_say
        )
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
