"""The command `acecoder`: one verb per file of `verbs`, and one per stage.

Importing this loads nothing heavy; each verb imports what it needs.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import sys
from collections.abc import Sequence

from acecoder import stages, verbs
from acecoder.errors import AceCoderError, InputError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status: 0 done, 1 the platform failed, 2 the input is wrong."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _run(given)
    except AceCoderError as error:
        sys.stderr.write(f"acecoder: error: {error}\n")
        return 2 if isinstance(error, InputError) else 1
    except KeyboardInterrupt:
        sys.stderr.write("acecoder: stopped; finished work is kept, the same command resumes\n")
        return 130
    except BrokenPipeError:
        return 0  # the reader of our output (head, less) has gone
    except OSError as error:
        remedy = "\n  try: free some disk space and run again; finished work is kept"
        where = f"{error.filename}: " if error.filename else ""
        sys.stderr.write(
            f"acecoder: error: {where}{error.strerror or error}"
            f"{remedy if error.errno == errno.ENOSPC else ''}\n"
        )
        return 1


def _run(given: list[str]) -> int:
    stage = given[0].replace("-", "_") if given else ""
    if stages.is_stage(stage):
        from acecoder.verbs.options import stage as stage_verb

        return stage_verb.run(stage, given[1:])
    options = _parser().parse_args(given)
    status: int = importlib.import_module(f"acecoder.verbs.{options.module}").run(options)
    return status


def _parser() -> argparse.ArgumentParser:
    lines = "\n".join(
        f"  {name.replace('_', '-'):22} {stages.summary_of(name)}" for name in stages.names()
    )
    parser = argparse.ArgumentParser(
        prog="acecoder",
        description="From seed code to a better code model (AceCoder).",
        epilog=f"one verb per stage (acecoder VERB --help):\n{lines}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    known = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name in verbs.names():
        module = importlib.import_module(f"acecoder.verbs.{name}")
        verb = known.add_parser(name.replace("_", "-"), help=module.HELP, description=module.HELP)
        module.add_arguments(verb)
        verb.set_defaults(module=name)
    return parser
