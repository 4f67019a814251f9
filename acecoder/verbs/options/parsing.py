"""The verbs and their options; what was probably meant by a word that is none."""

from __future__ import annotations

import argparse
import importlib
import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import NoReturn

from acecoder import __version__, stages, verbs


def all_verbs() -> list[str]:
    """The verbs, as they are typed."""
    return [name.replace("_", "-") for name in (*verbs.names(), *stages.names())]


def meant(word: str, known: Iterable[str]) -> str:
    """Did you mean, or where the list is."""
    close = get_close_matches(word, list(known), n=3, cutoff=0.6)
    return f"did you mean {' or '.join(close)}?" if close else "acecoder --help lists them"


class Parser(argparse.ArgumentParser):
    """Says what was probably meant by an option that there is none of."""

    chosen = ""
    """The verb that was given, where this is the parser of all."""

    def error(self, message: str) -> NoReturn:
        found = re.search(r"unrecognized arguments: (--[\w-]+)", message)
        if found:
            options = [text for action in self._every_action() for text in action.option_strings]
            message = f"{message}; {meant(found[1], options)}"
        super().error(message)

    def _every_action(self) -> list[argparse.Action]:
        """Of the verb that was given."""
        found = list(self._actions)
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction) and self.chosen in action.choices:
                found += action.choices[self.chosen]._actions
        return found


def parser() -> Parser:
    """The options of every verb that is no stage."""
    lines = "\n".join(
        f"  {name.replace('_', '-'):22} {stages.summary_of(name)}" for name in stages.names()
    )
    made = Parser(
        prog="acecoder",
        description="From seed code to a better code model (AceCoder).",
        epilog=f"one verb per stage (acecoder VERB --help):\n{lines}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--version", action="version", version=f"acecoder {__version__}")
    known = made.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name in verbs.names():
        module = importlib.import_module(f"acecoder.verbs.{name}")
        verb = known.add_parser(name.replace("_", "-"), help=module.HELP, description=module.HELP)
        module.add_arguments(verb)
        verb.set_defaults(module=name)
    return made
