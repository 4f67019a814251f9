"""`acecoder evaluate`: samples that exist, or a model, on a benchmark: scores, verdicts, tables."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from acecoder.config import JsonValue
    from acecoder.engine.home import Home
    from acecoder.engine.runner import StepResult
    from acecoder.profiles import Profile
    from acecoder.reporting.records import StepRecord
    from acecoder.schema import Score

PAGE = "report.html"
HELP = "score samples that exist, or a model, on a benchmark: pass@1, best-of-N, tables"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `verbs`."""
    from acecoder.verbs.options.target import add_profile

    parser.add_argument(
        "--benchmark",
        required=True,
        metavar="NAME",
        help="humaneval_plus, mbpp_plus, ... or a file of problems",
    )
    parser.add_argument(
        "--data",
        metavar="FILE",
        help="read the benchmark from this file (default: its package, or Hugging Face)",
    )
    parser.add_argument(
        "--samples",
        metavar="FILE",
        help="samples of EvalPlus, BigCodeBench, LiveCodeBench, or a table of programs; without it the model of the profile or of --set writes them",
    )
    parser.add_argument(
        "--model-name",
        default="samples",
        metavar="NAME",
        help="what samples are of that do not say so (samples)",
    )
    parser.add_argument(
        "--extract",
        action="store_true",
        help="samples are whole answers: take the program from each",
    )
    parser.add_argument(
        "--reward-model",
        action="append",
        default=[],
        metavar="DIR",
        help="ranks the samples for best-of-N; may be given several times",
    )
    parser.add_argument(
        "--output", metavar="DIR", help="where results go (default: evaluations/BENCHMARK)"
    )
    parser.add_argument(
        "--with-published", action="store_true", help="the paper's figures beside one's own"
    )
    add_profile(parser, None)


def run(options: argparse.Namespace) -> int:
    """See `verbs`."""
    from acecoder.engine.home import Home
    from acecoder.errors import InputError
    from acecoder.evaluation import result
    from acecoder.profiles import Profile, apply_settings

    profile = (
        Profile.load(options.profile, options.set)
        if options.profile
        else Profile("", {}, apply_settings({}, options.set))
    )
    for name in options.reward_model:
        if not Path(name).is_dir():
            raise InputError("no such directory", where=name, remedy="--reward-model DIR")
    folder = Path(options.output or f"evaluations/{_folder_name(options.benchmark)}")
    if folder.is_file():
        raise InputError("it is a file", where=str(folder), remedy="--output DIR")
    if not options.samples and not (options.profile or options.set):
        raise InputError(
            "neither samples nor a model to write them",
            where="evaluate",
            remedy="--samples FILE; or --profile humaneval, with --set models.base.source=MODEL",
        )
    steps = _Steps(profile, Home.from_environment())
    given = {options.benchmark: options.data} if options.data else {}
    loaded = steps.run("load_problems", {"sets": [options.benchmark], "data": given})
    problems = loaded.directory / "problems"
    if options.samples:
        table: dict[str, JsonValue] = {"model_name": options.model_name, "extract": options.extract}
        sampled = steps.run("load_samples", table, problems=problems, samples=Path(options.samples))
    else:
        sampled = steps.run("sample_programs", {}, problems=problems)
    programs = sampled.directory / "programs"
    judged = steps.run("judge_programs", {}, problems=problems, programs=programs)
    verdicts = judged.directory / "verdicts"
    models: list[str | None] = options.reward_model or [None]
    inputs = {"benchmark": problems, "programs": programs, "verdicts": verdicts}
    evaluated = [
        (
            name,
            steps.run(
                "evaluate_model", {}, **inputs, **({"reward_model": Path(name)} if name else {})
            ),
        )
        for name in models
    ]
    scores, values = _together(evaluated)
    origin: dict[str, JsonValue] = {
        "benchmark": options.benchmark,
        "read": loaded.report.details["read"],
        "data": options.data or "",
        "samples": sampled.report.details.get("found", {}),
        "keys": {each.step: each.stage_key for each in steps.done},
    }
    files = sorted(verdicts.glob("*.jsonl"))
    text = result.write(
        folder, scores, values, origin, verdicts=files[0] if files else None,
        with_published=options.with_published,
    )  # fmt: skip
    steps.write_page(folder / PAGE, f"{options.benchmark}, evaluated")
    names = ", ".join(sorted(file.name for file in folder.iterdir()))
    notes = "".join(f"{line}\n" for line in _notes(sampled.report.details.get("found")))
    sys.stdout.write(f"\n{text}\n{notes}{folder}/ has {names}\n")
    return 0


def _notes(found: object) -> list[str]:
    """What was found in a file of samples beside good ones; also where it had been read before."""
    if not isinstance(found, dict):
        return []
    return [
        f"{each['count']} {what}: {', '.join(each['examples'])}" for what, each in found.items()
    ]


def _folder_name(benchmark: str) -> str:
    file = Path(benchmark)
    return file.stem if file.suffix else benchmark.replace("/", "-")


class _Steps:
    """Runs stages one after another with the config of a profile, or none."""

    def __init__(self, profile: Profile, home: Home) -> None:
        self._profile, self._home = profile, home
        self.done: list[StepResult] = []
        self._records: dict[str, StepRecord] = {}

    def run(self, stage: str, table: dict[str, JsonValue], **inputs: Path) -> StepResult:
        """One stage, with some keys of its config over the profile's."""
        from acecoder.entry import run_step
        from acecoder.profiles import merge
        from acecoder.stages import load_stage

        own = self._profile.config(stage).model_dump(mode="json")
        found = run_step(
            load_stage(stage), step=stage, table=merge(own, table), inputs=inputs, home=self._home
        )
        self.done.append(found)
        self._keep(found, stage, own, inputs.get("reward_model"))
        return found

    def _keep(
        self, found: StepResult, stage: str, table: dict[str, JsonValue], reward_model: Path | None
    ) -> None:
        from acecoder.reporting import records

        record = records.of_step(self._home, found.step, stage, found.stage_key, table)
        if record is not None:
            name = f"{found.step}.{reward_model.name}" if reward_model else found.step
            self._records[name] = replace(record, step=name)

    def write_page(self, path: Path, title: str) -> None:
        """What the steps measured, with plots, as one HTML file."""
        from acecoder.reporting import page

        page.write(path, self._records, profile=self._profile.name, title=title)


def _together(
    evaluated: list[tuple[str | None, StepResult]],
) -> tuple[list[Score], dict[str, dict[str, dict[str, dict[str, float]]]]]:
    """The rows of the first, and of every reward model its own best-of-N rows."""
    from acecoder.evaluation import result

    scores: list[Score] = []
    together: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
    for name, step in evaluated:
        own, values = result.read(step.directory / "scores")
        called = f" ({Path(name).name})" if name and len(evaluated) > 1 else ""
        first = not scores
        for score in own:
            ranked = score.metric.startswith("best_of")
            if ranked or first:
                row = score.metric + (called if ranked else "")
                scores.append(score.model_copy(update={"metric": row}))
                by_benchmark = together.setdefault(score.model, {}).setdefault(score.benchmark, {})
                by_benchmark[row] = values[score.model][score.benchmark][score.metric]
    return scores, together
