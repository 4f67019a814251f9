"""What a stage is: a typed function of a config, artifact paths and, if it asks, a context.

    def filter_tests(config: FilterConfig, *, problems: In, verdicts: In, kept: Out) -> Report

The runner reads the signature: parameters annotated `In`/`In | None` are inputs, `Out` outputs,
`StageContext` receives the journal, the progress line and the registry.
"""

from __future__ import annotations

import inspect
import sys
import time
import typing
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Protocol, TypeAlias

from acecoder.config import Config, JsonValue
from acecoder.engine.home import Home
from acecoder.engine.journal import Journal

In: TypeAlias = Annotated[Path, "input"]
"""A table or a model to read: a file, or a directory with a manifest."""
Out: TypeAlias = Annotated[Path, "output"]
"""A directory to fill; it appears at its place only when the stage returned."""


@dataclass(frozen=True)
class Report:
    """What a stage says of its work: counts and rates for MLflow, series for plots."""

    metrics: dict[str, float]
    """Legal MLflow metric names (no `@`) to numbers."""
    series: dict[str, list[float]] = field(default_factory=dict)
    """Curves, one value a step."""
    details: dict[str, JsonValue] = field(default_factory=dict)
    """Anything else the HTML report shows."""


@dataclass(frozen=True)
class Champion:
    """The registered version that serves now."""

    version: str
    source: str
    scores: str
    """Address of the scores it was promoted with (`Home.permanent`)."""


class Registry(Protocol):
    """The model registry as the gate sees it."""

    def champion(self, name: str) -> Champion | None:
        """The version behind the alias `champion`. Raises TrackingUnavailable."""
        ...

    def register(self, name: str, source: str, tags: dict[str, str]) -> str:
        """Make (or find, by tag `digest`) a version of `name` at an address; its number."""
        ...

    def promote(self, name: str, version: str) -> None:
        """Move `champion` to `version` and `previous` to the champion so far."""
        ...


class Progress:
    """The line a person watches: step, counts, rate, time to go; at most one every few seconds."""

    def __init__(self, step: str, every_s: float = 5.0) -> None:
        self._step = step
        self._every_s = every_s
        self._started_s = time.monotonic()
        self._last_s = self._started_s
        self._first: int | None = None

    def say(self, text: str) -> None:
        print(f"[{self._step}] {text}", flush=True)

    def count(self, done: int, total: int, unit: str) -> None:
        """Report `done` of `total`; the rate leaves out what a journal had already."""
        now_s = time.monotonic()
        if self._first is None:
            self._first, self._started_s = done, now_s
        if now_s - self._last_s < self._every_s and done < total:
            return
        self._last_s = now_s
        fresh, elapsed_s = done - self._first, now_s - self._started_s
        text = f"{done}/{total} {unit}"
        if fresh and elapsed_s > 0:
            rate = fresh / elapsed_s
            text += f"  {rate:.1f}/s" if rate >= 1 else f"  {1 / rate:.1f} s each"
            text += f"  {(total - done) / rate:.0f} s to go" if done < total else ""
        self.say(text)


@dataclass(frozen=True)
class StageContext:
    """What a stage may use beside its inputs."""

    step: str
    home: Home
    progress: Progress
    registry: Registry | None
    scratch: Path
    """A directory of this stage key that survives a kill (training checkpoints)."""

    def journal(self, name: str, key: str) -> Journal:
        """The journal of one kind of answer (see `Home`)."""
        return self.home.open_journal(name, key)

    def keep_checkpoint(self, checkpoint: Path) -> None:
        """Make a whole checkpoint in `scratch` outlive the pod; older ones need not."""
        self.home.keep_checkpoint(checkpoint)


Stage = Callable[..., Report]


@dataclass(frozen=True)
class Signature:
    """A stage's parameters, read from its annotations."""

    name: str
    config: type[Config]
    inputs: tuple[str, ...]
    optional_inputs: frozenset[str]
    outputs: tuple[str, ...]
    takes_context: bool


def signature_of(stage: Stage) -> Signature:
    """Read a stage's signature. Raises TypeError where it is not of the stage form."""
    hints = typing.get_type_hints(stage, include_extras=True)
    inputs, optional, outputs, takes_context = [], set(), [], False
    for name in inspect.signature(stage).parameters:
        hint = hints[name]
        if hint == In:
            inputs.append(name)
        elif hint == In | None:
            inputs.append(name)
            optional.add(name)
        elif hint == Out:
            outputs.append(name)
        elif hint is StageContext:
            takes_context = True
        elif name != "config":
            raise TypeError(f"{stage.__name__}: parameter {name} is neither In, Out nor context")
    return Signature(
        stage.__name__,
        hints["config"],
        tuple(inputs),
        frozenset(optional),
        tuple(outputs),
        takes_context,
    )


def warn(text: str) -> None:
    """A line on stderr that a person should read."""
    print(f"warning: {text}", file=sys.stderr, flush=True)
