"""`acecoder completion`: what a shell completes."""

from __future__ import annotations

import argparse
import sys

HELP = "print the completion of a shell: source <(acecoder completion bash)"
SCRIPTS = {
    "bash": """\
_acecoder() {
  local verb=""; [[ $COMP_CWORD -gt 1 ]] && verb=${COMP_WORDS[1]}
  COMPREPLY=($(compgen -W "$(acecoder completion words $verb 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
  [[ ${#COMPREPLY[@]} -gt 0 ]] || COMPREPLY=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _acecoder acecoder
""",
    "zsh": """\
_acecoder() {
  local verb=""; (( CURRENT > 2 )) && verb=$words[2]
  compadd -- $(acecoder completion words $verb 2>/dev/null); _files
}
compdef _acecoder acecoder
""",
    "fish": """\
complete -c acecoder -n '__fish_use_subcommand' -f -a '(acecoder completion words)'
complete -c acecoder -n 'not __fish_use_subcommand' -a '(acecoder completion words (commandline -opc)[2])'
""",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `verbs`."""
    parser.add_argument("shell", choices=(*SCRIPTS, "words"), help="which shell")
    parser.add_argument(
        "of", nargs="?", default="", help="for `words`: a verb, whose options are printed"
    )


def run(options: argparse.Namespace) -> int:
    """See `verbs`."""
    if options.shell != "words":
        sys.stdout.write(SCRIPTS[options.shell])
        return 0
    from acecoder import stages
    from acecoder.verbs.options.parsing import all_verbs, parser

    name = options.of.replace("-", "_")
    if not options.of:
        words = all_verbs()
    elif stages.is_stage(name):
        from acecoder.engine.contract import signature_of
        from acecoder.verbs.options.stage import parser_of

        words = _options(parser_of(name, signature_of(stages.load_stage(name))))
    else:
        known = next(a for a in parser()._actions if isinstance(a, argparse._SubParsersAction))
        words = _options(known.choices[options.of]) if options.of in known.choices else []
    sys.stdout.write("\n".join(words) + "\n")
    return 0


def _options(parser: argparse.ArgumentParser) -> list[str]:
    return [text for action in parser._actions for text in action.option_strings]
