"""The command `acecoder`: run, plan, doctor and one verb a stage.

Importing this loads nothing heavy; each verb imports what it needs.
"""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Container, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acecoder.errors import AceCoderError, InputError

if TYPE_CHECKING:
    from acecoder.config import Table

STAGES = {
    "check_platform": "prove that what a run needs works here",
    "collect_seeds": "real code -> seeds",
    "synthesize_tests": "seeds -> problems",
    "load_problems": "synthesised problems and problem sets -> one table",
    "sample_programs": "problems + a model -> programs",
    "judge_programs": "problems + programs -> verdicts",
    "filter_tests": "problems + oracle verdicts -> kept problems",
    "build_pairs": "kept problems + programs + verdicts -> preference pairs",
    "select_hard_problems": "kept problems + verdicts -> the hard quarter",
    "train_reward_model": "pairs -> reward_model",
    "train_policy": "problems (+ reward_model) -> policy",
    "evaluate_model": "benchmark + programs (+ verdicts, + reward_model) -> scores",
    "promote_model": "scores + registry -> gate decision",
}
DEFAULT_PROFILE = "local"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status: 0 done, 1 the platform failed, 2 the input is wrong."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _run(given)
    except AceCoderError as error:
        sys.stderr.write(f"acecoder: error: {error}\n")
        return 2 if isinstance(error, InputError) else 1
    except KeyboardInterrupt:
        sys.stderr.write("acecoder: stopped; finished work is kept, the same command goes on\n")
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
    if given[:1] and given[0].replace("-", "_") in STAGES:
        return _run_stage(given[0].replace("-", "_"), given[1:])
    options = _parser().parse_args(given)
    if options.verb == "doctor":
        from acecoder import doctor

        return doctor.main([])
    if options.verb == "judge-shard":
        from acecoder.engine.home import Home
        from acecoder.judging import bulk

        bulk.judge_shard(Home.from_environment(), options.key, options.index)
        return 0
    if options.verb == "run-node":
        return _run_node(options.key)
    _find_checkout()
    if options.verb == "judge-bulk":
        return _judge_bulk(options)
    if options.verb in ("submit", "status", "logs", "cancel"):
        return _on_cluster(options)
    from acecoder.pipelines import commands

    if options.verb == "plan":
        return commands.plan(options.pipeline, options.profile, options.set)
    if options.verb == "compile":
        infra = Path(options.infra) if options.infra else None
        return commands.compile_all(Path(options.output), infra)
    if options.verb == "report":
        return commands.report(options.pipeline, options.profile, options.set)
    return commands.run(options.pipeline, options.profile, options.set)


def _run_node(key: str) -> int:
    import importlib

    from acecoder.engine.home import Home
    from acecoder.engine.runner import run_node

    run_node(lambda name: getattr(importlib.import_module(f"acecoder.stages.{name}"), name), key,
             Home.from_environment())  # fmt: skip
    return 0


def _judge_bulk(options: argparse.Namespace) -> int:
    from acecoder.config import apply_settings
    from acecoder.pipelines import bulk_jobs

    settings = (_qualified("judge_programs", text) for text in options.set)
    return bulk_jobs.judge_bulk(
        options.infra, options.problems, options.programs, options.verdicts,
        shard_programs=options.shard_programs, parallelism=options.parallelism,
        table=apply_settings({}, settings).get("judge_programs", {}),
    )  # fmt: skip


def _on_cluster(options: argparse.Namespace) -> int:
    from acecoder.pipelines import cluster_commands as commands

    target = commands.Target(
        options.pipeline, options.profile, options.set, options.infra, options.host,
        getattr(options, "run", ""),
    )  # fmt: skip
    if options.verb == "submit":
        return commands.submit(target, wait=options.wait, retry=options.retry)
    if options.verb == "logs":
        return commands.logs(target, options.step)
    return commands.status(target) if options.verb == "status" else commands.cancel(target)


def _parser() -> argparse.ArgumentParser:
    stages = "\n".join(f"  {name.replace('_', '-'):22} {what}" for name, what in STAGES.items())
    parser = argparse.ArgumentParser(
        prog="acecoder", description="From seed code to a better code model (AceCoder).",
        epilog=f"one verb a stage (acecoder VERB --help):\n{stages}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, what in (
        ("run", "run a pipeline on this machine"),
        ("plan", "print every step, its config and whether it is done"),
        ("report", "write the HTML report of a run again"),
    ):
        verb = verbs.add_parser(name, help=what, description=what)
        _add_pipeline(verb)
    for name, what in (
        ("submit", "start a run on Kubeflow Pipelines, once a run key"),
        ("status", "the steps of that run"),
        ("logs", "the log of one step, or of what failed"),
        ("cancel", "end that run; finished steps are kept"),
    ):
        verb = verbs.add_parser(name, help=what, description=what)
        _add_pipeline(verb)
        verb.add_argument("--infra", required=True, metavar="FILE",
                          help="which cluster (manifests/overlays/NAME/infra.toml)")  # fmt: skip
        verb.add_argument(
            "--host", default="", help="the KFP API (else KFP_HOST, else the infra's)"
        )
        if name == "submit":
            verb.add_argument("--wait", action="store_true", help="follow it to its end")
            verb.add_argument("--retry", action="store_true", help="again after a failed attempt")
        else:
            verb.add_argument("--run", default="", metavar="ID",
                              help="a run by its id (default: by its run key)")  # fmt: skip
        if name == "logs":
            verb.add_argument("--step", default="", help="e.g. train_policy (default: what failed)")
    _add_bulk(verbs)
    _add_node(verbs)
    compile_ = verbs.add_parser("compile", help="compile all pipelines for all profiles to KFP IR")
    compile_.add_argument("--output", default="build/pipelines", help="directory to write to")
    compile_.add_argument("--infra", default="", metavar="FILE",
                          help="for a cluster; writes Pipeline and PipelineVersion manifests too")  # fmt: skip
    verbs.add_parser("doctor", help="what this machine has, what it lacks, and the remedy")
    return parser


def _add_bulk(verbs: Any) -> None:
    what = "judge very many programs on a cluster: shards, an Indexed Job, gathered in order"
    verb = verbs.add_parser("judge-bulk", help=what, description=what)
    for name, help_ in (("problems", "input table"), ("programs", "input table"), ("verdicts", "output"),
                        ("infra", "which cluster (manifests/overlays/NAME/infra.toml)")):  # fmt: skip
        verb.add_argument(f"--{name}", required=True, metavar="PATH", help=help_)
    verb.add_argument("--shard-programs", type=_positive, default=10_000, metavar="N",
                      help="programs a shard: what one pod does, and loses nothing of when it dies (10000)")  # fmt: skip
    verb.add_argument(
        "--parallelism", type=_positive, default=4, metavar="N", help="pods at once (4)"
    )
    verb.add_argument("--set", action="append", default=[], metavar="KEY=VALUE",
                      help="override one value of judge_programs (sandbox.limits=fast)")  # fmt: skip
    what = "judge one shard (what the pods of judge-bulk run)"
    verb = verbs.add_parser("judge-shard", help=what, description=what)
    verb.add_argument("--key", required=True)
    verb.add_argument("--index", type=int, default=os.environ.get("JOB_COMPLETION_INDEX", 0))


def _add_node(verbs: Any) -> None:
    what = "one process of a TrainJob (what its nodes run)"
    verbs.add_parser("run-node", help=what, description=what).add_argument("--key", required=True)


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of at least 1")
    return int(text)


def _add_pipeline(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--pipeline", default="",
        help="acecoder, data, reward_model, policy, evaluate or retrain (default: the profile's)",
    )  # fmt: skip
    _add_profile(parser, DEFAULT_PROFILE)


def _add_profile(parser: argparse.ArgumentParser, default: str | None) -> None:
    parser.add_argument(
        "--profile", default=default, help=f"name or TOML file (default: {default})"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="TABLE.KEY=VALUE", help="override one value"
    )


def _run_stage(name: str, given: list[str]) -> int:
    """One stage on the files named, through the same door as a pipeline."""
    import importlib

    from acecoder.config import apply_settings, merge, read_profile, resolve_models
    from acecoder.engine.contract import signature_of
    from acecoder.engine.home import Home, check_destination
    from acecoder.engine.runner import give_outputs, run_stage
    from acecoder.engine.tracking import Tracker

    stage = getattr(importlib.import_module(f"acecoder.stages.{name}"), name)
    signature = signature_of(stage)
    options = vars(_stage_parser(name, stage, signature).parse_args(given))
    profile = read_profile(_profile_file(options["profile"])) if options["profile"] else {}
    table = _stage_table(name, profile, options, signature.config.model_fields)
    if options.get("sandbox"):
        table.setdefault("sandbox", {})["backend"] = options["sandbox"]
    models = merge(
        profile, apply_settings({}, (_qualified(name, text) for text in options["set"]))
    ).get("models", {})
    if "model" in signature.config.model_fields and "model" not in table and "base" in models:
        table["model"] = "base"
    table = resolve_models(table, models, where=f"[{name}]")
    for key in signature.outputs:
        check_destination(Path(options[key]))
    home = Home.from_environment()
    result = run_stage(
        stage, step=f"{name}.{options['step']}" if options["step"] else name, table=table, home=home,
        inputs={key: Path(options[key]) if options[key] else None for key in signature.inputs},
        tracker=Tracker(home),
    )  # fmt: skip
    give_outputs(result, {key: Path(options[key]) for key in signature.outputs})
    return 0


def _stage_table(
    name: str, profile: Table, options: dict[str, Any], fields: Container[str]
) -> Table:
    """The stage's config as the profile, the step and `--set` say. Raises InputError."""
    from acecoder.config import apply_settings, merge, step_table

    step = options["step"]
    uses = [
        key
        for key, value in profile.get(name, {}).items()
        if isinstance(value, dict) and key not in fields
    ]
    if options["profile"] and step and step not in uses:
        raise InputError(
            f"no step '{step}' (known: {', '.join(uses) or 'none'})",
            where=f"{options['profile']}, [{name}]",
        )
    said = apply_settings({}, (_qualified(name, text) for text in options["set"]))
    return merge(step_table(profile, name, step, uses), step_table(said, name, step, uses))


def _qualified(name: str, setting: str) -> str:
    """A verb has one stage, so its table's name may be left out of `--set`."""
    table = setting.partition("=")[0].partition(".")[0].strip()
    return setting if table in (name, "models") else f"{name}.{setting}"


def _stage_parser(name: str, stage: object, signature: object) -> argparse.ArgumentParser:
    from acecoder.engine.contract import Signature

    assert isinstance(signature, Signature)
    lines = []
    for key, field in signature.config.model_fields.items():
        default = (
            "required"
            if field.is_required()
            else f"default {field.get_default(call_default_factory=True)!r}"
        )
        lines.append(f"  {key} ({default})\n      {' '.join((field.description or '').split())}")
    parser = argparse.ArgumentParser(
        prog=f"acecoder {name.replace('_', '-')}", description=STAGES[name],
        epilog="config keys, for --set or a profile:\n" + "\n".join(lines),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    for key in signature.inputs:
        optional = key in signature.optional_inputs
        parser.add_argument(
            f"--{key.replace('_', '-')}", dest=key, required=not optional, metavar="PATH",
            help=f"input{' (optional)' if optional else ''}: a .jsonl or .parquet file, or a directory",
        )  # fmt: skip
    for key in signature.outputs:
        parser.add_argument(f"--{key.replace('_', '-')}", dest=key, required=True, metavar="PATH",
                            help="output: a .jsonl or .parquet file, or a directory")  # fmt: skip
    parser.add_argument("--step", default="", help="which use of the stage in the profile")
    if name == "judge_programs":
        parser.add_argument(
            "--sandbox", choices=("namespace", "gvisor", "pool"), help="where programs run"
        )
    _add_profile(parser, None)
    return parser


def _profile_file(name: str) -> Path:
    shipped = (
        Path(__file__).parents[1] / "pipelines" / "profiles" / f"{name.removesuffix('.toml')}.toml"
    )
    return shipped if "/" not in name and shipped.exists() else Path(name)


def _find_checkout() -> None:
    """Pipelines and components lie beside the package in a checkout, and in no wheel."""
    root = Path(__file__).parents[1]
    if not (root / "pipelines").is_dir():
        raise InputError("pipelines are run from a checkout", remedy="git clone, then make run")
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
