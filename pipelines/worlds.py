"""What a step needs of where it runs, told by the types in its config."""

from __future__ import annotations

from typing import Literal

from acecoder.cluster.launch import Trains
from acecoder.config import Config, having
from acecoder.llm.local import LocalModel
from acecoder.llm.model import Generates
from acecoder.reward.scoring import ScoresPrograms
from acecoder.sandbox.contract import Judges

World = Literal["cpu", "train", "rl"]
"""An image by the packages in it."""


def world(config: Config) -> World:
    """The image a step needs: `rl` to write texts with vLLM, `train` for torch, else `cpu`.

    The answers of an endpoint need no torch here.
    """
    for part in having(config, Generates):
        if isinstance(part.model, LocalModel):
            return "rl" if part.model.engine == "vllm" else "train"
    if any(True for _ in having(config, Trains)) or any(
        True for _ in having(config, ScoresPrograms)
    ):
        return "train"
    return "cpu"


def judges(config: Config) -> bool:
    """Whether a step has programs judged, itself or through what it holds."""
    return any(True for _ in having(config, Judges))
