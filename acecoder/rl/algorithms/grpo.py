"""GRPO, as TRL has it: a completion's advantage is its reward against those of its prompt."""

from __future__ import annotations

from typing import Any, Literal

from acecoder.rl.algorithms.algorithm import AlgorithmConfig


class Grpo(AlgorithmConfig):
    """Group-relative advantages; the KL penalty is a term of the loss."""

    kind: Literal["grpo"] = "grpo"
    """`grpo`: one advantage per completion, against the other completions of its prompt."""

    def trainer(self, **common: Any) -> Any:
        """See `AlgorithmConfig.trainer`."""
        from trl import GRPOTrainer

        return GRPOTrainer(**common)


CONFIG = Grpo
