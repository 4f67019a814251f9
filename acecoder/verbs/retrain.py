"""`acecoder retrain`: what `train/` of an operations repository asks for, before it is committed."""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from acecoder.reconcile.desired import Files

HELP = "what a change to train/ of the operations repository would run, and why"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `verbs`."""
    parser.add_argument(
        "--operations", default=".", metavar="DIR", help="a clone of the operations repository (.)"
    )
    parser.add_argument(
        "--against",
        default="HEAD",
        metavar="REVISION",
        help="what the change is held against (HEAD)",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--plan", action="store_true", help="say what would run (the default)")
    what.add_argument(
        "--pin",
        action="store_true",
        help="write the versions and revisions that aliases and hub names have now",
    )


def run(options: argparse.Namespace) -> int:
    """See `verbs`. Status 2 where a request is none."""
    from acecoder.reconcile import pinning
    from acecoder.reconcile.desired import Checkout

    here = Checkout(Path(options.operations))
    if options.pin:
        changed = pinning.pin(here.root)
        _say("\n".join(changed) if changed else "nothing to pin")
        return 0
    return _plan(here, Revision(here.root, options.against))


def _plan(here: Files, before: Files) -> int:
    from acecoder.errors import InputError
    from acecoder.reconcile.desired import Desired, changes, read

    old = {name: each for name, each in read(before) if isinstance(each, Desired)}
    found, status = dict(read(here)), 0
    for name, each in found.items():
        if isinstance(each, InputError):
            _say(f"train/{name}: {each}")
            status = 2
        elif name not in old:
            _say(f"train/{name}: new: run key {each.key}, pipeline {each.request.pipeline}")
        elif old[name].key == each.key:
            _say(f"train/{name}: unchanged: run key {each.key}, nothing runs")
        else:
            _say(f"train/{name}: run key {old[name].key} -> {each.key}, because")
            _say("\n".join(f"  {line}" for line in changes(old[name].parts, each.parts)))
    for name in old.keys() - found.keys():
        _say(f"train/{name}: gone; nothing runs, and what was trained stays")
    if not found and not old:
        _say("train/ asks for nothing")
    return status


@dataclass(frozen=True)
class Revision:
    """A commit of a clone on this machine."""

    root: Path
    revision: str

    def read(self, name: str) -> str | None:
        """See `desired.Files`."""
        done = self._git("show", f"{self.revision}:{name}")
        return done.stdout if not done.returncode else None

    def names(self, prefix: str = "") -> list[str]:
        """See `desired.Files`."""
        done = self._git("ls-tree", "-r", "--name-only", self.revision, "--", prefix or ".")
        return done.stdout.split("\n")[:-1] if not done.returncode else []

    def _git(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["git", "-C", str(self.root), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
