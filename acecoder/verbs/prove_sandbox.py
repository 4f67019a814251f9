"""`acecoder prove-sandbox`: hold a sandbox to its promises, with programs that attack it."""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from acecoder.verbs.options import target

HELP = "hold a sandbox (this machine's, gVisor's or a pool's) to its promises, with programs that attack it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `verbs`."""
    parser.add_argument(
        "--sandbox",
        choices=("namespace", "gvisor", "pool"),
        default="namespace",
        help="where programs run (default: namespace)",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override one value of the sandbox (pool.url=http://...)",
    )


def run(options: argparse.Namespace) -> int:
    """See `verbs`; 1 where a promise was broken."""
    from acecoder.config import validate
    from acecoder.profiles import apply_settings, merge
    from acecoder.sandbox.conformance.proof import LIMITS, prove
    from acecoder.sandbox.contract import SandboxConfig
    from acecoder.sandbox.opening import default_workers, open_sandbox

    settings = (target.qualified("sandbox", text) for text in options.set)
    table = merge({"limits": LIMITS.model_dump()}, apply_settings({}, settings).get("sandbox", {}))
    config = validate(SandboxConfig, {"backend": options.sandbox, **table}, where="sandbox")
    held: Counter[str] = Counter()
    broken: Counter[str] = Counter()
    with open_sandbox(config, num_workers=default_workers()) as sandbox:
        for finding in prove(sandbox):
            (held if finding.held else broken)[finding.kind] += 1
            if not finding.held:
                sys.stdout.write(f"BROKEN  {finding.kind} '{finding.name}': {finding.what}\n")
    for kind in sorted(held | broken):
        sys.stdout.write(f"{kind:14} {held[kind]:4} held {broken[kind]:4} broken\n")
    return 1 if broken else 0
