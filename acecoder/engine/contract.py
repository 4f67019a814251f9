"""What a stage is: a typed function of a config, artifact paths and, if it asks, a context.

    def filter_tests(config: FilterConfig, *, problems: In, verdicts: In, kept: Out) -> Report

The runner reads the signature: parameters annotated `In` are inputs (`In | None` optional ones), `Out`
outputs, `ModelIn` and `ModelOut` those that are models; `StageContext` brings the journal, the
progress line and the registry.
"""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Protocol, TypeAlias

from acecoder.config import Config, JsonValue
from acecoder.engine.home import Home
from acecoder.engine.journal import Journal
from acecoder.engine.progress import Progress
from acecoder.engine.publishing import REPORT
from acecoder.errors import PlatformError

In: TypeAlias = Annotated[Path, "input"]
"""A table to read: a file, or a directory with a manifest."""
Out: TypeAlias = Annotated[Path, "output"]
"""A directory to fill; it appears at its place only when the stage returned."""
ModelIn: TypeAlias = Annotated[Path, "input", "model"]
"""A model to read: a directory in transformers' layout."""
ModelOut: TypeAlias = Annotated[Path, "output", "model"]
"""A directory to fill with a model."""


@dataclass(frozen=True)
class Report:
    """What a stage says of its work: counts and rates for MLflow, series for plots."""

    metrics: dict[str, float]
    """Legal MLflow metric names (no `@`) to numbers."""
    series: dict[str, list[float]] = field(default_factory=dict)
    """Curves, one value per step."""
    details: dict[str, JsonValue] = field(default_factory=dict)
    """Anything else the HTML report shows."""
    registers: dict[str, str] = field(default_factory=dict)
    """Output -> name in the model registry, of which it becomes a version."""

    @classmethod
    def of(cls, directory: Path) -> Report:
        """That of a finished step."""
        data = json.loads((directory / REPORT).read_text())
        return cls(data["metrics"], data["series"], data["details"], data.get("registers", {}))


@dataclass(frozen=True)
class Version:
    """A version of a model in the registry."""

    name: str
    version: str
    source: str
    """Address of its files (`Home.permanent`)."""
    tags: Mapping[str, str]

    @property
    def digest(self) -> str:
        """Of its files (`content_digest`)."""
        return self.tags.get("digest", "")

    @property
    def scores(self) -> str:
        """Address of the scores it was judged by."""
        return self.tags.get("scores", "")


@dataclass(frozen=True)
class FinishedStep:
    """A step as MLflow has it."""

    step: str
    stage: str
    stage_key: str
    run_key: str
    inputs: Mapping[str, str]
    """Name -> digest."""
    outputs: Mapping[str, str]
    """Name -> digest."""
    directory: str
    """Where its outputs lie (`Home.permanent`)."""
    metrics: Mapping[str, float]
    ended: str
    """When, in UTC."""
    params: Mapping[str, str] = field(default_factory=dict)
    """Its config: dotted names -> short texts."""
    commit: str = ""
    """Of the code that ran."""
    image: str = ""
    """That it ran in, on a cluster."""


class Registry(Protocol):
    """The model registry as the gate sees it."""

    def behind(self, name: str, alias: str) -> Version | None:
        """The version behind an alias, or None. Raises TrackingUnavailable."""
        ...

    def version(self, name: str, number: str) -> Version | None:
        """A version by its number, or None. Raises TrackingUnavailable."""
        ...

    def register(self, name: str, files: Path, address: str, tags: dict[str, str]) -> Version:
        """Make (or find, by tag `digest`) a version of `name`; it is the candidate.

        `files`: its directory here, an output of the step that made it; `address`: where that lies
        for good (`Home.permanent`).
        """
        ...

    def finished(self, run_key: str = "") -> list[FinishedStep]:
        """The steps that finished, of one run or of all, newest first. Raises TrackingUnavailable."""
        ...

    def tag(self, version: Version, tags: dict[str, str]) -> None:
        """Put tags on a version. Raises TrackingUnavailable."""
        ...

    def point(self, name: str, alias: str, number: str) -> None:
        """Let an alias name a version. Raises TrackingUnavailable."""
        ...


class OpenStep(Protocol):
    """A step's run in MLflow while it lasts."""

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Values at a step of training, seen while it lasts. Never fails: what MLflow does not take now is
        sent later."""
        ...

    def finish(self, report: Report, outputs: Mapping[str, str], directory: Path) -> None:
        """Close it with what was reported; `directory` is the step's, in the home. Once MLflow has it
        all, the directory has the mark TRACKED. Raises TrackingUnavailable."""
        ...

    def fail(self, error: BaseException) -> None:
        """Close it as failed; never hides the error by one of its own."""
        ...


@dataclass(frozen=True)
class StartedStep:
    """What a step's run in MLflow begins with, as plain data."""

    step: str
    stage_key: str
    run_key: str
    params: Mapping[str, str]
    """Its config: dotted names -> short texts."""
    tags: Mapping[str, str]
    at_ms: int
    """When it started, in milliseconds since 1970."""


class StepTracker(Protocol):
    """Records steps in MLflow."""

    def start(self, started: StartedStep) -> OpenStep:
        """Begin the run of a step, which may have started long ago. Raises TrackingUnavailable."""
        ...

    def registry(self) -> Registry:
        """The model registry. Raises TrackingUnavailable."""
        ...


@dataclass(frozen=True)
class StageContext:
    """What a stage may use beside its inputs."""

    step: str
    home: Home
    progress: Progress
    open_registry: Callable[[], Registry] | None
    """Connects to the model registry, which takes seconds; None where steps are not tracked."""
    scratch: Path
    """A directory of this stage key that survives a kill (training checkpoints)."""
    run_key: str = ""
    """The run that the step belongs to; empty for a step alone."""
    tracked: OpenStep | None = None
    """Its run in MLflow."""

    def registry(self) -> Registry:
        """The model registry. Raises PlatformError where there is none, TrackingUnavailable."""
        if self.open_registry is None:
            raise PlatformError(
                "this stage needs the model registry",
                where=self.step,
                remedy="say --track (it needs acecoder[tracking]), or name a server in MLFLOW_TRACKING_URI",
            )
        return self.open_registry()

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Values at a step of training, for whoever watches. Never fails."""
        if self.tracked is not None:
            self.tracked.log(metrics, step)

    def journal(self, name: str, key: str) -> Journal:
        """The journal of one kind of answer (see `Home`)."""
        return self.home.open_journal(name, key)


Stage = Callable[..., Report]


@dataclass(frozen=True)
class Signature:
    """A stage's parameters, read from its annotations."""

    name: str
    config: type[Config]
    inputs: tuple[str, ...]
    optional_inputs: frozenset[str]
    outputs: tuple[str, ...]
    models: frozenset[str]
    """The inputs and outputs that are models; the others are tables."""
    takes_context: bool


def signature_of(stage: Stage) -> Signature:
    """Read a stage's signature. Raises TypeError where it is not of the stage form."""
    hints = typing.get_type_hints(stage, include_extras=True)
    inputs, optional, outputs, models, takes_context = [], set(), [], set(), False
    for name in inspect.signature(stage).parameters:
        hint = hints[name]
        if hint in (In | None, ModelIn | None):
            optional.add(name)
            hint = next(each for each in typing.get_args(hint) if each is not type(None))
        if hint in (ModelIn, ModelOut):
            models.add(name)
        if hint in (In, ModelIn):
            inputs.append(name)
        elif hint in (Out, ModelOut):
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
        frozenset(models),
        takes_context,
    )
