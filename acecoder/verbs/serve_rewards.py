"""`acecoder serve-rewards`: rewards over HTTP, for trainers that are not ours."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path

HELP = "rewards over HTTP for OpenRLHF, verl, TRL and others, from the sandbox or the pool"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `verbs`."""
    parser.add_argument(
        "--problems", required=True, metavar="FILE", help="the problems, JSONL or Parquet"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="settings",
        help="reward=tests_pass_rate, reward.sandbox.backend=pool, ... (as [train_policy] reward)",
    )  # fmt: skip
    parser.add_argument("--reward-model", metavar="DIR", help="for reward=reward_model")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, default=8090, help="(8090)")
    guarded = parser.add_mutually_exclusive_group(required=True)
    guarded.add_argument(
        "--token-file", metavar="FILE", help="file with the token that clients send"
    )
    guarded.add_argument(
        "--no-token", action="store_true", help="answer anybody who reaches the port"
    )
    parser.add_argument(
        "--max-waiting", type=int, default=65_536, metavar="N",
        help="completions that may wait; beyond them 503 (65536)",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """See `verbs`."""
    from aiohttp import web

    from acecoder.config import Config, validate
    from acecoder.engine.distinct import distinct
    from acecoder.errors import InputError
    from acecoder.profiles import apply_settings
    from acecoder.rewards.outages import PatientReward
    from acecoder.rewards.reward import Reward
    from acecoder.rewards.tests import JudgedReward
    from acecoder.sandbox.opening import default_workers, open_sandbox
    from acecoder.schema import Problem
    from acecoder.serving.rewards.protocols import Known
    from acecoder.serving.rewards.server import Limits, application

    class Served(Config):
        reward: Reward = "tests_binary"  # type: ignore[assignment]  # validated to its config

    def say(text: str) -> None:
        sys.stderr.write(f"[serve-rewards] {text}\n")
        sys.stderr.flush()

    table = apply_settings({}, options.settings)
    config = validate(Served, {"reward": "tests_binary", **table}, where="--set").reward
    if len(config.named_parts()) > 1:
        raise InputError("a sum is served by its parts", where="reward", remedy="one reward")
    known = Known.of(list(distinct(Path(options.problems), Problem)))
    token = Path(options.token_file).read_text().strip() if options.token_file else ""
    if options.token_file and not token:
        raise InputError("the token is empty", where=options.token_file)
    reward_model = Path(options.reward_model) if options.reward_model else None
    with ExitStack() as stack:
        opening = partial(config.open, known.problems, reward_model)
        reward = stack.enter_context(PatientReward(opening, outage_s=config.outage_s, say=say))
        sandbox = None
        if isinstance(config, JudgedReward):
            opened = open_sandbox(config.sandbox, num_workers=default_workers())
            sandbox = stack.enter_context(opened)
        made = application(
            known, reward, sandbox, token=token, limits=Limits(max_waiting=options.max_waiting)
        )
        say(f"{len(known.problems)} problems, {config.kind}: http://{options.host}:{options.port}")
        web.run_app(made, host=options.host, port=options.port, print=None, access_log=None)
    return 0
