"""Judge a table of programs: each different one once, journaled, verdicts in the table's order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from acecoder.config import digest_of, incidental
from acecoder.engine.contract import StageContext
from acecoder.engine.journal import Journal
from acecoder.errors import InputError
from acecoder.sandbox.contract import Job, Judged, Judges
from acecoder.sandbox.identity import sandbox_digest
from acecoder.sandbox.opening import default_workers, open_sandbox
from acecoder.schema import Outcome, Problem, Program, Verdict, pass_rate

FLUSH_EVERY = 50


class JudgingConfig(Judges):
    """Where and within which limits programs run."""

    num_workers: int = incidental(0, ge=0)
    """Sandbox workers on this machine; 0 for two per core."""


def judge(
    problems: Mapping[str, Problem], programs: Sequence[Program], config: JudgingConfig,
    context: StageContext, report: Callable[[int, int], None],
) -> list[Verdict]:  # fmt: skip
    """Verdicts in the order of `programs`; equal programs of a problem are judged once.

    Verdicts reached are journaled by content, so that a killed run judges nothing twice.
    """
    journal = context.journal("verdicts", sandbox_digest(config.sandbox))
    return judge_into(journal, problems, programs, config, context.progress.say, report)


def judge_into(
    journal: Journal, problems: Mapping[str, Problem], programs: Sequence[Program],
    config: JudgingConfig, say: Callable[[str], None], report: Callable[[int, int], None],
    flush_every: int = FLUSH_EVERY,
) -> list[Verdict]:  # fmt: skip
    """`judge` with a journal of the caller's, written every so many verdicts."""
    keys = []
    for program in programs:
        if program.problem_id not in problems:
            raise InputError(
                f"program {program.id} is for a problem that is not there: {program.problem_id}",
                where="judge_programs", remedy="pass the problems that the programs were made for",
            )  # fmt: skip
        tests = problems[program.problem_id].model_dump(mode="json")["tests"]
        keys.append(digest_of([tests, program.program]))
    todo = {key: program for key, program in zip(keys, programs, strict=True) if key not in journal}
    total, done = len(programs), sum(key in journal for key in keys)
    weight = Counter(keys)
    report(done, total)
    with open_sandbox(
        config.sandbox, num_workers=config.num_workers or default_workers()
    ) as sandbox:
        for batch in _batched(sandbox.judge(_jobs(todo, problems)), flush_every):
            journal.put({result.key: _entry(result) for result in batch})
            done += sum(weight[result.key] for result in batch)
            report(done, total)
        audit = sandbox.audit
        if audit.batched:
            say(
                f"{audit.batched} programs shared a process, {audit.audited} of them were judged "
                f"again apart, {audit.disagreed} with another verdict"
            )
    return [_verdict(program, journal, key) for program, key in zip(programs, keys, strict=True)]


def _jobs(todo: Mapping[str, Program], problems: Mapping[str, Problem]) -> Iterator[Job]:
    """One a problem, so that its programs may share what they can."""
    by_problem: dict[str, list[tuple[str, str]]] = {}
    for key, program in todo.items():
        by_problem.setdefault(program.problem_id, []).append((key, program.program))
    for problem_id, programs in by_problem.items():
        yield Job(problem_id, problems[problem_id].tests, tuple(programs))


def _batched(results: Iterable[Judged], size: int) -> Iterator[list[Judged]]:
    batch: list[Judged] = []
    for result in results:
        batch.append(result)
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch


def _entry(result: Judged) -> dict[str, object]:
    return {
        "outcomes": [outcome.value for outcome in result.outcomes], "weak": list(result.weak),
        "cpu_s": result.cpu_s, "wall_s": result.wall_s, "reason": result.reason,
    }  # fmt: skip


def _verdict(program: Program, journal: Journal, key: str) -> Verdict:
    entry = journal.get(key)
    outcomes = tuple(Outcome(outcome) for outcome in entry["outcomes"])
    return Verdict.model_validate({
        **entry, "program_id": program.id, "problem_id": program.problem_id,
        "model": program.model, "program_index": program.program_index,
        "pass_rate": pass_rate(outcomes),
    })  # fmt: skip
