"""What weights are computed and kept in."""

from __future__ import annotations

from typing import Literal

from acecoder.config import Config


class Precision(Config):
    """The number types of a training."""

    dtype: Literal["float32", "bfloat16"] = "bfloat16"
    """Type of the weights that are saved, and on a GPU of what is computed. While they are trained,
    weights are float32 whatever this says: bfloat16 would round small updates to nothing."""
