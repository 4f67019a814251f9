"""Tests held back from the reward, and those of the reward in another order and under another hash seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import fmean
from typing import Literal

from acecoder.errors import PlatformError
from acecoder.rendering import extract_program
from acecoder.rl.watches.watch import Gaps, WatchConfig, held_back
from acecoder.sandbox.contract import Job, Judges
from acecoder.sandbox.opening import Sandbox, default_workers, open_sandbox
from acecoder.schema import Problem, pass_rate
from acecoder.training.processes import processes_here


class HeldBack(WatchConfig, Judges):
    """Judges programs of some rollouts again."""

    kind: Literal["held_back"] = "held_back"
    """`held_back`: by tests of the problem that are not part of the reward."""

    @contextmanager
    def open(self, problems: Mapping[str, Problem]) -> Iterator[Gaps]:
        """See `WatchConfig`."""
        config = self.sandbox.model_copy(update={"flaky_check": True})
        num_workers = max(1, default_workers() // processes_here())
        with open_sandbox(config, num_workers=num_workers) as sandbox:

            def gaps(names: Sequence[str], completions: Sequence[str]) -> Mapping[str, float]:
                return _gaps(sandbox, self, problems, names, completions)

            yield gaps


def _gaps(
    sandbox: Sandbox,
    config: HeldBack,
    problems: Mapping[str, Problem],
    names: Sequence[str],
    completions: Sequence[str],
) -> Mapping[str, float]:
    """Mean pass rates on the reward's tests, less those on others; nothing where the sandbox is gone."""
    jobs: list[Job] = []
    for index, (name, text) in enumerate(zip(names, completions, strict=True)):
        seen, hidden = held_back(problems[name].tests, config.held_back_share)
        if not hidden or len(jobs) >= 3 * config.max_programs:
            continue
        program = extract_program(text, problems[name])
        entry_point = problems[name].entry_point or ""
        for kind, tests in (("seen", seen), ("hidden", hidden), ("again", seen[::-1])):
            jobs.append(Job(name, tests, ((f"{kind}/{index}", program),), entry_point))
    rates: dict[str, list[float]] = {"seen": [], "hidden": [], "again": []}
    try:
        for each in sandbox.judge(jobs):
            rates[each.key.partition("/")[0]].append(pass_rate(each.outcomes))
    except PlatformError:
        return {}
    if not rates["seen"]:
        return {}
    seen_rate = fmean(rates["seen"])
    measured = {
        "held_back": seen_rate - fmean(rates["hidden"]),
        "repeat": seen_rate - fmean(rates["again"]),
    }
    return {**measured, "gap": max(measured.values())}


CONFIG = HeldBack
