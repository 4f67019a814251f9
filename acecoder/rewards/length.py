"""Less for completions that come near the limit of their length (DAPO, section 3.4: soft overlong punishment)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from acecoder.rewards.reward import RewardConfig, RewardFunction
from acecoder.schema import Problem


class Length(RewardConfig):
    """Measured in characters: tokens differ from model to model."""

    kind: Literal["length"] = "length"
    """`length`: 0 up to `free_chars`, from there in a line to -1 at `most_chars` and beyond."""
    free_chars: int = Field(4096, ge=0)
    """So many characters cost nothing."""
    most_chars: int = Field(8192, ge=1)
    """From here on a completion earns -1."""

    @model_validator(mode="after")
    def _grows(self) -> Length:
        if self.most_chars <= self.free_chars:
            raise ValueError("most_chars must be more than free_chars")
        return self

    @contextmanager
    def open(
        self, problems: Mapping[str, Problem], reward_model: Path | None
    ) -> Iterator[RewardFunction]:
        """See `RewardConfig.open`."""
        yield lambda names, completions: [
            length_reward(len(text), free_chars=self.free_chars, most_chars=self.most_chars)
            for text in completions
        ]


def length_reward(num_chars: int, *, free_chars: int, most_chars: int) -> float:
    """From 0.0 down to -1.0."""
    beyond = (num_chars - free_chars) / (most_chars - free_chars)
    return -min(1.0, max(0.0, beyond))


CONFIG = Length
