"""Tests held back from the reward, and those of the reward in another order and under another hash seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Literal

from acecoder.rendering import extract_program
from acecoder.rl.watches.watch import WatchConfig, held_back
from acecoder.sandbox.contract import Job, Judges, SandboxConfig
from acecoder.sandbox.opening import default_workers, open_sandbox
from acecoder.schema import Problem, pass_rate
from acecoder.training.processes import processes_here


class HeldBack(WatchConfig, Judges):
    """Judges programs of some rollouts again."""

    kind: Literal["held_back"] = "held_back"
    """`held_back`: by tests of the problem that are not part of the reward."""

    def gaps(
        self, problems: Mapping[str, Problem], names: Sequence[str], completions: Sequence[str]
    ) -> Mapping[str, float]:
        """See `WatchConfig`. The tests of the reward are judged as the reward does; the others, and the same in
        another order, under two hash seeds."""
        seen: list[Job] = []
        others: list[Job] = []
        for index, (name, text) in enumerate(zip(names, completions, strict=True)):
            shown, hidden = held_back(problems[name].tests, self.held_back_share)
            if not hidden or len(seen) == self.max_programs:
                continue
            program = extract_program(text, problems[name])
            entry_point = problems[name].entry_point or ""
            seen.append(Job(name, shown, ((f"seen/{index}", program),), entry_point))
            for kind, tests in (("hidden", hidden), ("again", shown[::-1])):
                others.append(Job(name, tests, ((f"{kind}/{index}", program),), entry_point))
        if not seen:
            return {}
        twice = self.sandbox.model_copy(update={"flaky_check": True})
        rates = {**_mean_rates(self.sandbox, seen), **_mean_rates(twice, others)}
        measured = {
            "held_back": rates["seen"] - rates["hidden"],
            "repeat": rates["seen"] - rates["again"],
        }
        return {**measured, "gap": max(measured.values())}


def _mean_rates(config: SandboxConfig, jobs: Sequence[Job]) -> dict[str, float]:
    """Kind of job, the part of its key before the slash -> mean pass rate."""
    rates: dict[str, list[float]] = {}
    num_workers = max(1, default_workers() // processes_here())
    with open_sandbox(config, num_workers=num_workers) as sandbox:
        for each in sandbox.judge(jobs):
            rates.setdefault(each.key.partition("/")[0], []).append(pass_rate(each.outcomes))
    return {kind: fmean(values) for kind, values in rates.items()}


CONFIG = HeldBack
