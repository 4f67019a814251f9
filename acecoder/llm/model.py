"""What a language model is to the rest: a config that says which, and how to open it.

An open room: a module of this package with a `CONFIG` is one kind of model (`local`, `endpoint`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import SerializeAsAny

from acecoder.config import Chosen, Config
from acecoder.engine.home import Home
from acecoder.llm.interface import Generator


class ModelConfig(Config):
    """A language model of some kind."""

    kind: str
    """`local`: weights run in this process. `endpoint`: an OpenAI-compatible API."""

    @property
    def name(self) -> str:
        """What records call it."""
        raise NotImplementedError

    @property
    def prefills(self) -> bool:
        """Whether its answers are begun for it, e.g. with an opened fence."""
        raise NotImplementedError

    def identity(self) -> str:
        """A text that changes when the model's answers may; loads nothing. Raises InputError."""
        raise NotImplementedError

    def open(self, home: Home, *, weights: Path | None = None) -> Generator:
        """The model, or given weights of an artifact run as this config says. Raises InputError."""
        raise NotImplementedError

    def check(self, home: Home) -> str:
        """Whether it can be had here, before time is spent; what was found. Raises AceCoderError."""
        raise NotImplementedError

    def external_inputs(self) -> dict[str, str]:
        return {"identity": self.identity()}


Model = Annotated[SerializeAsAny[ModelConfig], Chosen("acecoder.llm", "local")]
"""A field that names a model, by `kind`."""


class MayUseModel(Config):
    """A config of something that may need a language model."""

    model: Model | None = None
    """The language model: a table, or the name of a `[models.NAME]` of the profile."""


class UsesModel(MayUseModel):
    """A config of something that needs a language model's weights or answers."""

    model: Model
    """The language model: a table, or the name of a `[models.NAME]` of the profile."""


class NamedModel(UsesModel):
    """What a `[models.NAME]` table of a profile must be good for."""


class Generates(UsesModel):
    """A config of something that has a language model write texts."""
