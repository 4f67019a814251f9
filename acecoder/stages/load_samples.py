"""load_samples: problems + a file of samples -> programs."""

from __future__ import annotations

from acecoder.config import Config
from acecoder.engine.contract import In, Out, Report, StageContext
from acecoder.engine.distinct import distinct
from acecoder.engine.tables import write_table
from acecoder.evaluation import samples as sample_files
from acecoder.schema import Problem, Program


class LoadSamplesConfig(Config):
    """How samples that exist are read."""

    model_name: str = "samples"
    """Name in the records of samples that do not say which model (`model`, `run`) they are of."""
    extract: bool = False
    """A sample is a model's whole answer, from which the program is taken (METHOD, M5)."""


def load_samples(
    config: LoadSamplesConfig, *, problems: In, samples: In, programs: Out, context: StageContext
) -> Report:
    """Write one program per sample, in the file's order (`evaluation.samples` says which forms).

    Raises InputError where the file cannot be read or holds no sample of any problem.
    """
    by_id = {problem.id: problem for problem in distinct(problems, Problem)}
    found = sample_files.Found()
    read = list(
        sample_files.programs(samples, by_id, config.model_name, found, extract=config.extract)
    )
    write_table(programs, Program, read)
    count, with_sample = len(read), {program.problem_id for program in read}
    context.progress.say(f"{count} samples of {len(with_sample)} of {len(by_id)} problems")
    for line in found.lines():
        context.progress.say(f"  {line}")
    metrics = {
        "samples": float(count),
        "problems": float(len(by_id)),
        "problems_with_sample": float(len(with_sample)),
    }
    return Report(metrics, details={"found": found.details()})
