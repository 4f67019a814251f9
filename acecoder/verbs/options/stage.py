"""A stage as a verb: one step on the files named, the same way as in a pipeline."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acecoder import stages
from acecoder.errors import InputError, require
from acecoder.verbs.options.help import config_help
from acecoder.verbs.options.parsing import Parser
from acecoder.verbs.options.target import add_profile, qualified

if TYPE_CHECKING:
    from acecoder.engine.contract import Signature
    from acecoder.engine.runner import StepResult
    from acecoder.profiles import Profile

MAX_METRICS = 8


def run(name: str, given: list[str]) -> int:
    """Run one stage; its outputs go where the options say."""
    from acecoder.engine.contract import signature_of
    from acecoder.engine.home import Home
    from acecoder.engine.publishing import check_destination
    from acecoder.entry import OUTBOX, TRACKING, give_outputs, run_step

    stage = stages.load_stage(name)
    signature = signature_of(stage)
    options = vars(parser_of(name, signature).parse_args(given))
    step = f"{name}.{options['step']}" if options["step"] else name
    config = _profile(name, options).config(step)
    inputs = {key: Path(options[key]) if options[key] else None for key in signature.inputs}
    for key in signature.outputs:
        check_destination(Path(options[key]), [path for path in inputs.values() if path])
    home = Home.from_environment()
    if options["track"]:
        require("mlflow")
        os.environ[TRACKING] = OUTBOX
    result = run_step(
        stage, step=step, table=config.model_dump(mode="json"), home=home, inputs=inputs
    )
    give_outputs(result, {key: Path(options[key]) for key in signature.outputs})
    _say_result(result, {key: Path(options[key]) for key in signature.outputs})
    if options["track"]:
        from acecoder.engine.tracking.relay import send

        send(home)
    return 0


def _say_result(result: StepResult, outputs: dict[str, Path]) -> None:
    """What it made of how many, and where that lies."""
    measured = [
        (name, value)
        for name, value in result.report.metrics.items()
        if (value or not name.startswith(("tests_", "set_aside"))) and not name.endswith("_s")
    ]
    if measured:
        told = ", ".join(f"{name} {value:.6g}" for name, value in measured[:MAX_METRICS])
        sys.stdout.write(f"{told}\n")
    for name, path in outputs.items():
        tables = sorted(path.glob("records.*")) if path.is_dir() else []
        sys.stdout.write(f"{name}  {tables[0] if tables else path}\n")


def _profile(name: str, options: dict[str, Any]) -> Profile:
    """The profile named, or none, with `--set`. Raises InputError on an unknown step."""
    from acecoder.profiles import Profile, apply_settings

    settings = [qualified(name, text) for text in options["set"]]
    if options.get("sandbox"):
        settings.append(f"{name}.sandbox.backend={options['sandbox']}")
    profile = (
        Profile.load(options["profile"], settings)
        if options["profile"]
        else Profile("", {}, apply_settings({}, settings))
    )
    uses = Profile(profile.where, profile.tables).uses(name)
    unknown = [use for use in profile.uses(name) if use not in uses]
    if unknown:  # a sub-table that is no step of the profile is a key, and there is no such key
        raise InputError(f"unknown key '{unknown[0]}'", where="--set")
    if options["profile"] and options["step"] and options["step"] not in uses:
        raise InputError(
            f"no step '{options['step']}' (known: {', '.join(uses) or 'none'})",
            where=f"{options['profile']}, [{name}]",
        )
    return profile


def parser_of(name: str, signature: Signature) -> argparse.ArgumentParser:
    """The options of a stage's verb, with the keys of its config in the help."""
    parser = Parser(
        prog=f"acecoder {name.replace('_', '-')}",
        description=stages.summary_of(name),
        epilog="config keys, for --set or a profile:\n" + config_help(signature.config),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for key in signature.inputs:
        optional = key in signature.optional_inputs
        what = (
            "a directory"
            if key in signature.models
            else "a .jsonl or .parquet file, or a directory"
        )
        parser.add_argument(
            f"--{key.replace('_', '-')}",
            dest=key,
            required=not optional,
            metavar="PATH",
            help=f"input{' (optional)' if optional else ''}: {what}",
        )
    for key in signature.outputs:
        what = (
            "a directory"
            if key in signature.models
            else "a .jsonl or .parquet file, or a directory"
        )
        parser.add_argument(
            f"--{key.replace('_', '-')}",
            dest=key,
            required=True,
            metavar="PATH",
            help=f"output: {what}",
        )
    parser.add_argument("--step", default="", help="which use of the stage in the profile")
    parser.add_argument(
        "--track", action="store_true", help="tell MLflow of it (needs acecoder[tracking])"
    )
    if "sandbox" in signature.config.model_fields:
        parser.add_argument(
            "--sandbox", choices=("namespace", "gvisor", "pool"), help="where programs run"
        )
    add_profile(parser, None)
    return parser
