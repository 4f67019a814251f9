"""`acecoder show`: what the numbers of a run count, one by one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from acecoder.reporting.records import Steps

HELP = "show what the numbers of a run count: dropped tests, programs, pairs, completions, what changed"
WHATS = ("summary", "dropped", "programs", "pairs", "completions", "changed")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `verbs`."""
    parser.add_argument("run", metavar="RUN", help="the beginning of a run key, or `latest`")
    parser.add_argument(
        "what", nargs="?", choices=WHATS, default="summary", help="summary (default)"
    )
    parser.add_argument("--problem", default="", metavar="ID", help="of this problem alone")
    parser.add_argument(
        "--step", default="", metavar="STEP", help="of this step alone, e.g. judge_programs.policy"
    )
    parser.add_argument("--max", type=int, default=20, metavar="N", help="at most so many (20)")


def run(options: argparse.Namespace) -> int:
    """See `verbs`."""
    from acecoder.engine.home import Home
    from acecoder.reporting import records

    home = Home.from_environment()
    steps = records.load(home, records.run_named(home, options.run))
    shown = 0
    for text in _texts(options, steps):
        if shown == options.max:
            sys.stdout.write(f"... (--max {options.max}; more with a larger one)\n")
            break
        sys.stdout.write(harmless(text) + "\n")
        shown += 1
    if not shown:
        sys.stdout.write("nothing of that kind\n")
    return 0


def harmless(text: str) -> str:
    """A text of a model or a program as a terminal may be given it: no escape sequences, no halves of
    surrogate pairs."""
    return "".join(
        each if each in "\n\t" or each.isprintable() else each.encode("unicode_escape").decode()
        for each in text
    )


def _texts(options: argparse.Namespace, steps: Steps) -> Iterator[str]:
    from acecoder.reporting import summary

    if options.what == "summary":
        return iter([summary.table(steps)])
    found = {
        "dropped": _dropped,
        "programs": _programs,
        "pairs": _pairs,
        "completions": _completions,
        "changed": _changed,
    }
    return found[options.what](steps, options)


def _wanted(options: argparse.Namespace, step: str, problem_id: str) -> bool:
    return options.step in ("", step) and options.problem in ("", problem_id)


def _dropped(steps: Steps, options: argparse.Namespace) -> Iterator[str]:
    from acecoder.reporting.examples import dropped

    for gone in dropped(steps):
        if _wanted(options, gone.step, gone.problem_id):
            yield f"{gone.step}  {gone.problem_id}  {gone.test or '(the problem)'}\n    {gone.why}"


def _programs(steps: Steps, options: argparse.Namespace) -> Iterator[str]:
    from acecoder.reporting.examples import judged

    for each in judged(steps, options.problem, options.step):
        if _wanted(options, each.step, each.problem.id):
            head = f"{each.step}  {each.program.id}  passes {each.pass_rate:.0%}  {each.reason}"
            yield f"{head}\n{_indented(each.program.program)}"


def _pairs(steps: Steps, options: argparse.Namespace) -> Iterator[str]:
    from acecoder.reporting.examples import pairs

    for pair in pairs(steps):
        if _wanted(options, "build_pairs", pair.problem_id):
            rates = f"{pair.chosen_pass_rate:.2f} > {pair.rejected_pass_rate:.2f}"
            yield (
                f"{pair.problem_id}  {rates}\n  chosen\n{_indented(pair.chosen)}\n"
                f"  rejected\n{_indented(pair.rejected)}"
            )


def _completions(steps: Steps, options: argparse.Namespace) -> Iterator[str]:
    from acecoder.reporting.examples import completions

    for each in completions(steps):
        if _wanted(options, "train_policy", each.problem_id):
            head = f"rollout {each.rollout}  {each.problem_id}  reward {each.reward:.3g}"
            yield f"{head}\n{_indented(each.text)}"


def _changed(steps: Steps, options: argparse.Namespace) -> Iterator[str]:
    from acecoder.reporting.examples import changed

    for change in changed(steps):
        if _wanted(options, "", change.problem_id):
            word = "better" if change.after > change.before else "worse"
            yield (
                f"{word:6}  {change.problem_id}  {change.metric} "
                f"{change.before:.2f} -> {change.after:.2f}"
            )


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in (text.rstrip() or "(nothing)").splitlines())
