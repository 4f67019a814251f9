"""From a model's config to a generator."""

from __future__ import annotations

from pathlib import Path

from acecoder.config import ModelConfig
from acecoder.engine.home import Home, content_digest
from acecoder.llm.interface import Generator


def open_generator(config: ModelConfig, home: Home, *, weights: Path | None = None) -> Generator:
    """The model a config names, or the given weights with the config's engine and batch size."""
    if config.kind == "endpoint":
        from acecoder.llm.endpoint import EndpointGenerator

        return EndpointGenerator(config)
    from acecoder.llm.local import local_generator

    if weights is None:
        return local_generator(config, home)
    return local_generator(
        config, home, source=str(weights), identity=f"artifact@{content_digest(weights)}"
    )
