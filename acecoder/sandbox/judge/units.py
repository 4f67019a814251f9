"""What is judged together: one program, or a few of one problem that may share a process."""

from __future__ import annotations

import ast
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field

from acecoder.errors import InputError
from acecoder.sandbox.contract import PRESETS, Audit, Findings, Job, Judged, Limits, SandboxConfig
from acecoder.sandbox.judge.asserts import Plan
from acecoder.sandbox.judge.calls import Call, Resolved, answered
from acecoder.sandbox.judge.entry_points import entry_point_of
from acecoder.sandbox.judge.kinds.kind import Planned, plan_of
from acecoder.sandbox.judge.losses import outliving
from acecoder.sandbox.judge.program import Judging, judge_frames, judge_program, judge_twice
from acecoder.sandbox.judge.references import References
from acecoder.sandbox.trials import Attempt, Trial, Unit
from acecoder.sandbox.worker.purity import why_call_impure
from acecoder.sandbox.worker.wire import split_frames

Judgings = Generator[Trial, list[Attempt], list[Judged]]
"""Yields trials, is sent their attempts, returns verdicts."""
IMPATIENCE = 0.2
"""Share of its limits that a program has in a batch."""


def units(
    jobs: Iterable[Job],
    given: SandboxConfig,
    audit: Audit,
    findings: Findings | None = None,
    references: References | None = None,
) -> Iterator[Unit]:
    """The units of `jobs`, lazily and in order."""
    findings = findings or Findings()
    for job in jobs:
        config = _for_job(given, job)
        tests = planned(job)
        findings.broken.update(_broken(job, tests))
        size = config.batch_size
        if any(isinstance(this, Call) for this in tests):
            judging = _Calls(job, tests, config, findings, references or References(None, given))
            for key, program in job.programs:
                yield outliving(judging.judge(key, program))
            continue
        if size == 1 or config.flaky_check or len(job.programs) == 1:
            for key, program in job.programs:
                yield outliving(_alone(job, tests, key, program, config))
            continue
        plans = _batchable(tests)
        for start in range(0, len(job.programs), size):
            programs = job.programs[start : start + size]
            if plans and not audit.disagreed:
                yield outliving(_together(job, programs, plans, config, audit))
            else:
                for key, program in programs:
                    yield outliving(_alone(job, tests, key, program, config))


def _for_job(config: SandboxConfig, job: Job) -> SandboxConfig:
    """With the limits that the tests prescribe. Raises InputError on an unknown preset."""
    if not job.limits:
        return config
    if job.limits not in PRESETS:
        raise InputError(
            f"no limits are called {job.limits!r}",
            where=f"problem {job.problem_id}",
            remedy=f"one of {', '.join(PRESETS)}",
        )
    return config.model_copy(update={"limits": config.limits.at_least(PRESETS[job.limits])})


@dataclass
class _Calls:
    """One job that has calls, whose reference is asked first, once for all of its programs."""

    job: Job
    tests: tuple[Planned, ...]
    config: SandboxConfig
    findings: Findings
    references: References
    resolved: Resolved = field(default_factory=Resolved)

    def judge(self, key: str, program: str) -> Judgings:
        """Judge one program."""
        if self.resolved.calls is None:
            calls = {index: this for index, this in enumerate(self.tests) if isinstance(this, Call)}
            found = yield from answered(self.job, calls, self.config.limits, self.references)
            self.resolved.calls = found
            self.findings.broken.update(
                {(self.job.problem_id, i): why for i, why in found.items() if isinstance(why, str)}
            )
        known = self.resolved.calls
        tests = tuple(_known(known.get(index, this)) for index, this in enumerate(self.tests))
        return (yield from _alone(self.job, tests, key, program, self.config))


def _known(found: Planned | str) -> Planned:
    return Plan(broken=found) if isinstance(found, str) else found


def planned(job: Job) -> tuple[Planned, ...]:
    """How the tests of a job are judged: read once for all of its programs."""
    entry_point = entry_point_of(job.entry_point, job.tests)
    return tuple(plan_of(test, entry_point) for test in job.tests)


def _broken(job: Job, tests: tuple[Planned, ...]) -> dict[tuple[str, int], str]:
    return {
        (job.problem_id, index): this.broken
        for index, this in enumerate(tests)
        if isinstance(this, Plan) and this.broken
    }


def _single(
    job: Job, tests: tuple[Planned, ...], key: str, program: str, config: SandboxConfig
) -> Judging:
    judge = judge_twice if config.flaky_check else judge_program
    return judge(key, job.problem_id, tests, program, config.limits)


def _alone(
    job: Job, tests: tuple[Planned, ...], key: str, program: str, config: SandboxConfig
) -> Judgings:
    verdict = yield from _single(job, tests, key, program, config)
    return [verdict]


def _batchable(tests: tuple[Planned, ...]) -> list[Plan]:
    """Plans of the tests, where every one is plain and calls nothing suspect; else none."""
    plans: list[Plan] = []
    for this in tests:
        if not isinstance(this, Plan) or not this.calls or any(map(_is_suspect, this.calls)):
            return []
        plans.append(this)
    return plans


def _is_suspect(call: str) -> bool:
    try:
        return bool(why_call_impure(ast.parse(call, mode="eval")))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True


def _together(
    job: Job,
    programs: tuple[tuple[str, str], ...],
    plans: list[Plan],
    config: SandboxConfig,
    audit: Audit,
) -> Judgings:
    """Judge in one process those that may share it, then the others one by one."""
    shared = yield from _shared(job, programs, plans, config.limits)
    audit.batched += len(shared)
    judged: list[Judged] = []
    for key, program in programs:
        sampled = key in shared and audit.random.random() < config.audit_share
        if key in shared and not sampled:
            continue
        verdict = yield from _single(job, tuple(plans), key, program, config)
        judged.append(verdict)
        if sampled:
            audit.audited += 1
            audit.disagreed += verdict.outcomes != shared.pop(key).outcomes
    if audit.disagreed:  # a fault of the allow list: batching ends, for the whole sandbox
        for key, program in programs:
            if key in shared:
                judged.append((yield from _single(job, tuple(plans), key, program, config)))
        return judged
    return [*judged, *shared.values()]


def _shared(
    job: Job, programs: tuple[tuple[str, str], ...], plans: list[Plan], limits: Limits
) -> Generator[Trial, list[Attempt], dict[str, Judged]]:
    """Verdicts on those whose answers are complete. One that ends the process has none, and those
    after it share another."""
    each = len(plans) + 1
    tests = tuple({"calls": list(this.calls), "lazy": this.lazy} for this in plans)
    verdicts: dict[str, Judged] = {}
    while len(programs) > 1:
        (attempt,) = yield Trial(
            kind="batch",
            programs=tuple(text for _, text in programs),
            limits=_impatient(limits),
            tests=tests,
            max_kills=1,
            max_wall_s=limits.total_wall_s,
        )
        frames = split_frames(attempt.answers, limits.answer_bytes, each * len(programs))
        complete = len(frames) // each
        cpu_s, wall_s = attempt.cpu_s / max(1, complete), attempt.wall_s / max(1, complete)
        for index, (key, _) in enumerate(programs[:complete]):
            own = frames[index * each : (index + 1) * each]
            verdict = judge_frames(key, job.problem_id, plans, own, cpu_s, wall_s)
            if verdict is not None:
                verdicts[key] = verdict
        programs = programs[complete + 1 :]
    return verdicts


def _impatient(limits: Limits) -> Limits:
    """Of a batch, whose limits decide no verdict: what exceeds them is judged again, alone."""
    parts = ("test_cpu_s", "setup_cpu_s", "test_idle_s")
    shorter = {name: IMPATIENCE * getattr(limits, name) for name in parts}
    return limits.model_copy(update=shorter)
