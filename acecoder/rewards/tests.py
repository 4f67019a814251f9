"""Rewards from verdicts: what the tests of the problem say of a completion's program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pydantic import field_validator

from acecoder.rendering import extract_program
from acecoder.rewards.reward import RewardConfig, RewardFunction
from acecoder.sandbox.contract import Job, Judges, SandboxConfig
from acecoder.sandbox.opening import Sandbox, default_workers, open_sandbox
from acecoder.schema import Problem, pass_rate
from acecoder.training.processes import processes_here


class JudgedReward(RewardConfig, Judges):
    """A reward that is a function of the pass rate."""

    sandbox: SandboxConfig = SandboxConfig()
    """Where completions are judged, each in a process of its own, and within which limits."""

    @field_validator("sandbox")
    @classmethod
    def _apart(cls, sandbox: SandboxConfig) -> SandboxConfig:
        if sandbox.batch_size > 1:
            raise ValueError("batch_size must be 1: what is rewarded is judged in its own process")
        return sandbox

    @property
    def overlaps(self) -> bool:
        """See `RewardConfig`: programs are judged by processes of the sandbox."""
        return True

    def of_pass_rate(self, rate: float) -> float:
        """The reward of a program that passes this share of the tests."""
        raise NotImplementedError

    @contextmanager
    def open(
        self, problems: Mapping[str, Problem], reward_model: Path | None
    ) -> Iterator[RewardFunction]:
        """See `RewardConfig.open`. Processes that train together share the machine's workers."""
        num_workers = max(1, default_workers() // processes_here())
        pool = self.sandbox.pool
        patient = pool.model_copy(update={"wait_s": min(pool.wait_s, self.outage_s)})
        config = self.sandbox.model_copy(update={"pool": patient})
        with open_sandbox(config, num_workers=num_workers) as sandbox:

            def rewards(names: list[str], completions: list[str]) -> list[float]:
                rates = _pass_rates(sandbox, problems, names, completions)
                return [self.of_pass_rate(rate) for rate in rates]

            yield rewards


def _pass_rates(
    sandbox: Sandbox, problems: Mapping[str, Problem], names: list[str], completions: list[str]
) -> list[float]:
    jobs = [
        Job(
            name,
            problems[name].tests,
            ((str(index), extract_program(text, problems[name])),),
            problems[name].entry_point or "",
        )
        for index, (name, text) in enumerate(zip(names, completions, strict=True))
    ]
    rates = {int(each.key): pass_rate(each.outcomes) for each in sandbox.judge(jobs)}
    return [rates[index] for index in range(len(jobs))]
