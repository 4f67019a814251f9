"""Judge a table of programs: each different one once, journaled, verdicts in the table's order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Self

from acecoder.config import digest_of, incidental
from acecoder.engine.distinct import OnDisk, OwnIds, the_one
from acecoder.engine.journal import Journal
from acecoder.engine.lookup import Lookup
from acecoder.engine.progress import Progress
from acecoder.engine.tables import read_table
from acecoder.judging.grouping import grouped
from acecoder.sandbox.contract import PRESETS, Findings, Job, Judged, Judges
from acecoder.sandbox.opening import default_workers, open_sandbox
from acecoder.schema import CallTest, Outcome, Problem, Program, Verdict, digest_of_tests, pass_rate

FLUSH_EVERY = 50
FLUSH_AFTER_S = 1.0
MAX_SAID = 5
WINDOW_PROGRAMS = 4096
"""Programs of which those of one problem may share what they can, wherever they stand."""


class JudgingConfig(Judges):
    """Where and within which limits programs run."""

    num_workers: int = incidental(0, ge=0)
    """Sandbox workers on this machine; 0 for two per core."""


Group = tuple[Problem, Sequence[Program]]
"""A problem and some of its programs, which may share what they can."""


def judge(
    groups: Iterable[Group],
    total: int,
    config: JudgingConfig,
    journal: Journal,
    progress: Progress,
    flush_every: int = FLUSH_EVERY,
) -> None:
    """Put the verdict on every program into the journal, by content; what is there is not judged.

    Groups are drawn lazily; equal programs of a group are judged once. Verdicts are on disk every
    `flush_every` of them, at most `FLUSH_AFTER_S` after they came, and on the way out: a killed run
    judges little twice. Raises SandboxUnavailable.
    """
    told = _Told(progress)
    waiting = _Waiting(journal, lambda done: progress.count(done, total, "programs"))
    with open_sandbox(
        config.sandbox,
        num_workers=config.num_workers or default_workers(),
        references=journal.folder_beside("references"),
    ) as sandbox:
        for batch in grouped(sandbox.judge(waiting.jobs(groups)), flush_every, FLUSH_AFTER_S):
            told.tell(sandbox.findings)
            journal.put({result.key: _entry(result) for result in batch})
            waiting.settle(batch)
        audit = sandbox.audit
        if audit.batched:
            progress.say(
                f"{audit.batched} programs shared a process, {audit.audited} of them were judged "
                f"again apart, {audit.disagreed} with another verdict"
            )


class _Told:
    """Says of the first broken tests that they are none."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._said = 0

    def tell(self, findings: Findings) -> None:
        new = list(findings.broken.items())[self._said : MAX_SAID]
        for (problem, index), why in new:
            self._progress.say(f"problem {problem}, test {index}: {why}; no program passes it")
        self._said += len(new)


class _Waiting:
    """The programs drawn and not yet judged, by content, and how many are done."""

    def __init__(self, journal: Journal, report: Callable[[int], None]) -> None:
        self._journal, self._report = journal, report
        self._weights: Counter[str] = Counter()
        self._done = 0

    def jobs(self, groups: Iterable[Group]) -> Iterator[Job]:
        """A job per group, of those programs that the journal has not."""
        for problem, programs in groups:
            todo: dict[str, str] = {}
            for program in programs:
                key = key_of(problem, program)
                if key in self._journal:
                    self._done += 1
                elif key in self._weights or key in todo:
                    self._weights[key] += 1
                else:
                    todo[key] = f"{problem.preamble}{program.program}"
                    self._weights[key] += 1
            self._report(self._done)
            if todo:
                yield Job(
                    problem.id,
                    problem.tests,
                    tuple(todo.items()),
                    problem.entry_point or "",
                    f"{problem.preamble}{problem.reference}" if _asks_reference(problem) else "",
                    problem.limits,
                    problem.num_base_tests,
                )

    def settle(self, results: Iterable[Judged]) -> None:
        for result in results:
            self._done += self._weights.pop(result.key, 0)
        self._report(self._done)


def key_of(problem: Problem, program: Program) -> str:
    """What a verdict is journaled under: the tests, what they call, and the program's text."""
    return digest_of([*_judged_by(problem), f"{problem.preamble}{program.program}"])


def _judged_by(problem: Problem) -> list[str]:
    """What a verdict depends on beside the program."""
    found = [digest_of_tests(problem.tests), problem.entry_point or ""]
    if problem.num_base_tests:
        found.append(str(problem.num_base_tests))
    if problem.limits in PRESETS:
        found.append(PRESETS[problem.limits].model_dump_json())
    return [*found, problem.reference] if _asks_reference(problem) else found


def _asks_reference(problem: Problem) -> bool:
    return any(isinstance(test, CallTest) and test.expected is None for test in problem.tests)


def verdict_of(problem: Problem, program: Program, journal: Journal) -> Verdict:
    """The verdict that the journal has on a program."""
    entry = journal.get(key_of(problem, program))
    outcomes = tuple(Outcome(outcome) for outcome in entry["outcomes"])
    return Verdict.model_validate(
        {
            **entry,
            "program_id": program.id,
            "problem_id": program.problem_id,
            "model": program.model,
            "program_index": program.program_index,
            "pass_rate": pass_rate(outcomes),
            "tests_digest": digest_of_tests(problem.tests),
        }
    )


class ProgramTable:
    """A table of programs with the problems they were made for. Use as a context manager."""

    def __init__(self, problems: Path, programs: Path) -> None:
        """Raises: InputError where a program's problem is not there."""
        self._programs = programs
        self._problems = Lookup(problems, Problem, "id")
        self._last: Problem | None = None
        self.total = 0
        """The number of programs."""
        known: str | None = None
        with closing(OnDisk()) as taken:
            own = OwnIds(taken)
            for program in own.of(read_table(programs, Program)):
                self.total += 1
                if program.problem_id != known:
                    self.problem_of(program)
                    known = program.problem_id
        self.doubled = own.doubled
        """Programs with an id that another before them has; they are given their own."""

    def groups(self) -> Iterator[Group]:
        """The programs by problem, within windows of the table's order."""
        with self._read() as read:
            while window := list(islice(read, WINDOW_PROGRAMS)):
                by_problem: dict[str, list[Program]] = {}
                for program in window:
                    by_problem.setdefault(program.problem_id, []).append(program)
                for programs in by_problem.values():
                    yield self.problem_of(programs[0]), programs

    def verdicts(self, journal: Journal) -> Iterator[Verdict]:
        """The verdicts that the journal has, in the table's order."""
        with self._read() as read:
            for program in read:
                yield verdict_of(self.problem_of(program), program, journal)

    @contextmanager
    def _read(self) -> Iterator[Iterator[Program]]:
        """The programs in the table's order, each with an id of its own."""
        plain = read_table(self._programs, Program)
        if not self.doubled:
            yield plain
            return
        with closing(OnDisk()) as taken:
            yield OwnIds(taken).of(plain)

    def problem_of(self, program: Program) -> Problem:
        """Raises InputError where it is not there."""
        if self._last is None or self._last.id != program.problem_id:
            self._last = the_one(self._problems, program.problem_id, where="judge_programs")
        return self._last

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._problems.__exit__()


def _entry(result: Judged) -> dict[str, object]:
    return {
        "outcomes": [outcome.value for outcome in result.outcomes],
        "weak": list(result.weak),
        "broken": list(result.broken),
        "cpu_s": result.cpu_s,
        "wall_s": result.wall_s,
        "reason": result.reason,
        "behaviour": result.behaviour,
    }
