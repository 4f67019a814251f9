"""The command `acecoder`: one verb per file of `verbs`, and one per stage.

Importing this loads nothing heavy; each verb imports what it needs.
"""

from __future__ import annotations

import errno
import importlib
import sys
from collections.abc import Sequence

from acecoder import stages
from acecoder.errors import AceCoderError, InputError, not_installed
from acecoder.verbs.options.parsing import all_verbs, meant, parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status: 0 done, 1 the platform failed, 2 the input is wrong."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _run(given)
    except AceCoderError as error:
        return _failed(error)
    except ModuleNotFoundError as error:
        missing = not_installed(error)
        if missing is None:
            raise
        return _failed(missing)
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


def _failed(error: AceCoderError) -> int:
    sys.stderr.write(f"acecoder: error: {error}\n")
    return 2 if isinstance(error, InputError) else 1


def _run(given: list[str]) -> int:
    verb = given[0] if given else ""
    if stages.is_stage(verb.replace("-", "_")):
        from acecoder.verbs.options import stage as stage_verb

        return stage_verb.run(verb.replace("-", "_"), given[1:])
    if verb and not verb.startswith("-") and verb not in all_verbs():
        raise InputError(f"there is no verb '{verb}'", remedy=meant(verb, all_verbs()))
    made = parser()
    made.chosen = verb
    options = made.parse_args(given)
    status: int = importlib.import_module(f"acecoder.verbs.{options.module}").run(options)
    return status
