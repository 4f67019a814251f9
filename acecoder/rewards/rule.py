"""The rule reward: what the tests of the problem say of a completion's program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from pydantic import field_validator

from acecoder.rendering import extract_program
from acecoder.rewards.reward import RewardConfig, RewardFunction
from acecoder.sandbox.contract import Job, Judges, SandboxConfig
from acecoder.sandbox.opening import Sandbox, default_workers, open_sandbox
from acecoder.schema import Problem, pass_rate


class RuleReward(RewardConfig, Judges):
    """Rewards of the sandbox's verdicts."""

    kind: Literal["rule"] = "rule"
    """`rule`: by the verdicts of the problem's tests."""
    binary: bool = True
    """1 if every test passes, else 0, as in the paper; false gives the pass rate."""
    sandbox: SandboxConfig = SandboxConfig()
    """Where completions are judged, each in a process of its own, and within which limits."""

    @field_validator("sandbox")
    @classmethod
    def _apart(cls, sandbox: SandboxConfig) -> SandboxConfig:
        if sandbox.batch_size > 1:
            raise ValueError("batch_size must be 1: what is rewarded is judged in its own process")
        return sandbox

    @contextmanager
    def open(
        self, problems: Mapping[str, Problem], reward_model: Path | None
    ) -> Iterator[RewardFunction]:
        """See `RewardConfig.open`."""
        with open_sandbox(self.sandbox, num_workers=default_workers()) as sandbox:
            yield lambda names, completions: self._rewards(sandbox, problems, names, completions)

    def _rewards(
        self,
        sandbox: Sandbox,
        problems: Mapping[str, Problem],
        names: list[str],
        completions: list[str],
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
        order = range(len(jobs))
        return [float(rates[i] == 1.0) if self.binary else rates[i] for i in order]


CONFIG = RuleReward
