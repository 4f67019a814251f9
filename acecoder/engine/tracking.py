"""MLflow: one run per step, versions of data sets and models, the registry. Nothing else imports it.

On SQLite in the home unless MLFLOW_TRACKING_URI names a server.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acecoder.config import Config
from acecoder.engine.contract import FinishedStep, Report, Version
from acecoder.engine.home import Home
from acecoder.engine.publishing import exclusive
from acecoder.errors import AceCoderError, TrackingUnavailable

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput

EXPERIMENT = "acecoder"
MAX_PARAM_CHARS = 500
MAX_NAME_CHARS = 240
MAX_TRIES = 5


def flatten(table: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested plain data as dotted names and short texts, the form of MLflow's params."""
    flat: dict[str, str] = {}
    for name, value in table.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            text = value if isinstance(value, str) else json.dumps(value)
            flat[f"{prefix}{name}"] = text[:MAX_PARAM_CHARS]
    return flat


def legal_names(params: Mapping[str, str]) -> dict[str, str]:
    """Params under names that MLflow takes: letters, digits and `_-. :/`, each still its own."""
    made: dict[str, str] = {}
    for name, value in params.items():
        legal = re.sub(r"[^\w\-. :/]", "_", name, flags=re.ASCII)[:MAX_NAME_CHARS].strip()
        while legal in made:
            legal += "_"
        made[legal] = value if legal == name else f"{value}  ({name})"[:MAX_PARAM_CHARS]
    return made


def redacted(uri: str) -> str:
    """A tracking URI without its user and password."""
    return re.sub(r"//[^/@]*@", "//", uri)


@contextmanager
def _reaching(uri: str) -> Iterator[None]:
    """Turn whatever MLflow or its database raises into one readable error."""
    import requests
    from mlflow.exceptions import MlflowException

    try:
        yield
    except (MlflowException, *_database_errors(), requests.RequestException, OSError) as error:
        raise TrackingUnavailable(
            f"MLflow: {str(error).splitlines()[0][:300]}",
            where=redacted(uri),
            remedy="is the server up, or the disk full? finished work is kept; run again",
        ) from error


def _database_errors() -> tuple[type[Exception], ...]:
    """Empty where mlflow-skinny is installed, which has no database of its own."""
    try:
        from sqlalchemy.exc import SQLAlchemyError
    except ImportError:
        return ()
    return (SQLAlchemyError,)


def download(uri: str, file: Path) -> None:
    """A file behind MLflow (`mlflow-artifacts:`, `models:/NAME/N/...`). Raises TrackingUnavailable."""
    import tempfile

    import mlflow

    with _reaching(uri), tempfile.TemporaryDirectory(dir=file.parent) as scratch:
        found = mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=scratch)
        Path(found).replace(file)


def _finished(run: Any) -> FinishedStep:
    tags = run.data.tags

    def named(prefix: str) -> dict[str, str]:
        return {k.removeprefix(prefix): v for k, v in tags.items() if k.startswith(prefix)}

    ended = datetime.fromtimestamp((run.info.end_time or 0) / 1000, UTC)
    return FinishedStep(
        step=tags["step"],
        stage=tags["stage"],
        stage_key=tags["stage_key"],
        run_key=tags.get("run_key", ""),
        inputs=named("input."),
        outputs=named("output."),
        directory=tags.get("artifact_directory", ""),
        metrics=dict(run.data.metrics),
        ended=ended.strftime("%Y-%m-%d %H:%M"),
    )


class Tracker:
    """Opens runs of steps. MLflow is imported when the first one starts."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.uri = os.environ.get("MLFLOW_TRACKING_URI") or home.tracking_uri
        self._cached: MlflowClient | None = None

    def start(
        self,
        step: str,
        stage: str,
        key: str,
        config: Config,
        inputs: Mapping[str, str],
        run_key: str,
    ) -> TrackedStep:
        """Begin a run for a step. Raises TrackingUnavailable."""
        from mlflow.entities import Param, RunTag

        with _reaching(self.uri):
            client, experiment = self._connect()
            tags = {"mlflow.runName": step, "stage": stage, "step": step, "stage_key": key}
            if run_key:
                tags |= {
                    "run_key": run_key,
                    "mlflow.parentRunId": self._parent(client, experiment, run_key),
                }
            tags |= {f"input.{name}": digest for name, digest in inputs.items()}
            run = client.create_run(experiment, tags=tags)
            params = legal_names(flatten(config.model_dump(mode="json")))
            client.log_batch(
                run.info.run_id,
                params=[Param(name, value) for name, value in params.items()],
                tags=[RunTag("config_digest", key)],
            )
        return TrackedStep(self, client, run.info.run_id, self.uri)

    def finish_pipeline(self, run_key: str) -> None:
        """Close the run that stands for a whole pipeline run. Raises TrackingUnavailable."""
        with _reaching(self.uri):
            client, experiment = self._connect()
            client.set_terminated(self._parent(client, experiment, run_key), "FINISHED")

    def finished(self, run_key: str = "") -> list[FinishedStep]:
        """See `contract.Registry`."""
        return self.registry().finished(run_key)

    def registry(self) -> MlflowRegistry:
        """The model registry of the same MLflow."""
        with _reaching(self.uri):
            client, _ = self._connect()
        return MlflowRegistry(client, self.uri)

    def _connect(self) -> tuple[MlflowClient, str]:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        # A server that is down for a minute is waited for; MLflow's own default waits four.
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "5")
        import logging

        logging.getLogger("alembic").setLevel(logging.ERROR)
        from mlflow import MlflowClient

        # Two processes that both make the database's tables fail each other.
        with exclusive(self.home.root / "locks" / "mlflow"):
            if self._cached is None:
                self._cached = MlflowClient(self.uri, registry_uri=self.uri)
            client = self._cached
            found = client.get_experiment_by_name(EXPERIMENT)
            if found is not None:
                return client, str(found.experiment_id)
            where = None
            if self.uri.startswith("sqlite:"):
                where = (self.home.root / "mlartifacts").as_uri()
            return client, str(client.create_experiment(EXPERIMENT, artifact_location=where))

    def _parent(self, client: MlflowClient, experiment: str, run_key: str) -> str:
        """The run that stands for the whole pipeline run; made by its first step."""
        with exclusive(self.home.root / "locks" / f"run-{run_key}"):
            query = f"tags.run_key = '{run_key}' and tags.kind = 'pipeline'"
            found = client.search_runs([experiment], query, max_results=1)
            if found:
                return str(found[0].info.run_id)
            name = f"pipeline {run_key[:12]}"
            tags = {"run_key": run_key, "kind": "pipeline", "mlflow.runName": name}
            return str(client.create_run(experiment, tags=tags).info.run_id)


class TrackedStep:
    """One open run."""

    def __init__(self, tracker: Tracker, client: MlflowClient, run_id: str, uri: str) -> None:
        self._tracker, self._client, self._run_id, self._uri = tracker, client, run_id, uri

    def finish(self, report: Report, outputs: Mapping[str, str], directory: Path) -> None:
        """Record metrics, curves, output digests; version data sets and models; close.

        `directory` is the step's, in the home; what is recorded is its permanent address.
        """
        from mlflow.entities import Metric, RunTag

        metrics = [
            Metric(re.sub(r"[^\w./: -]", "_", name), value, 0, 0)
            for name, value in report.metrics.items()
        ]
        for name, curve in report.series.items():
            metrics += [Metric(f"curve_{name}", value, 0, i) for i, value in enumerate(curve)]
        with _reaching(self._uri):
            for start in range(0, len(metrics), 900):
                self._client.log_batch(self._run_id, metrics=metrics[start : start + 900])
            tags = [RunTag(f"output.{name}", digest) for name, digest in outputs.items()]
            tags.append(RunTag("artifact_directory", self._tracker.home.permanent(directory)))
            self._client.log_batch(self._run_id, tags=tags)
            self._client.log_dict(
                self._run_id, {"metrics": report.metrics, "details": report.details}, "report.json"
            )
            self._version_outputs(outputs, report.registers, directory)
            self._client.set_terminated(self._run_id, "FINISHED")

    def fail(self, error: BaseException) -> None:
        """Close the run as failed; never hides the error by one of its own."""
        text = str(error) if isinstance(error, AceCoderError) else type(error).__name__
        try:
            with _reaching(self._uri):
                self._client.set_tag(self._run_id, "error", text[:500])
                self._client.set_terminated(self._run_id, "FAILED")
        except TrackingUnavailable:
            pass

    def _version_outputs(
        self, outputs: Mapping[str, str], registers: Mapping[str, str], directory: Path
    ) -> None:
        """Tables become MLflow data sets by digest; what the stage registers, a version each."""
        from mlflow.entities import Dataset, DatasetInput

        tables, address = [], self._tracker.home.permanent
        for name, digest in outputs.items():
            if name in registers:
                registry = MlflowRegistry(self._client, self._uri)
                registry.register(registers[name], address(directory / name), {"digest": digest})
            elif (directory / name).glob("records.*"):
                source = json.dumps({"uri": address(directory / name)})
                tables.append(DatasetInput(Dataset(name, digest[:36], "local", source), tags=[]))
        if tables:
            self._log_data_sets(tables)

    def _log_data_sets(self, tables: list[DatasetInput]) -> None:
        """Runs beside this one may make the row of an equal data set first; then it is found there."""
        from mlflow.exceptions import MlflowException

        for left in reversed(range(MAX_TRIES)):
            try:
                self._client.log_inputs(self._run_id, datasets=tables)
                return
            except MlflowException as error:
                if not left or not re.search(r"unique|duplicate|integrity", str(error), re.I):
                    raise


class MlflowRegistry:
    """The model registry: versions found by digest, aliases, tags."""

    def __init__(self, client: MlflowClient, uri: str) -> None:
        self._client, self._uri = client, uri

    def behind(self, name: str, alias: str) -> Version | None:
        """See `contract.Registry`."""
        return self._found(lambda: self._client.get_model_version_by_alias(name, alias))

    def version(self, name: str, number: str) -> Version | None:
        """See `contract.Registry`."""
        return self._found(lambda: self._client.get_model_version(name, number))

    def register(self, name: str, source: str, tags: dict[str, str]) -> Version:
        """See `contract.Registry`."""
        with _reaching(self._uri):
            if not self._client.search_registered_models(f"name = '{name}'"):
                self._client.create_registered_model(name)
            for found in self._client.search_model_versions(f"name = '{name}'"):
                if found.tags.get("digest") == tags["digest"]:
                    version = _version(found)
                    self.tag(version, tags)
                    return replace(version, tags={**version.tags, **tags})
            made = self._client.create_model_version(name, source, tags=tags)
            self._client.set_registered_model_alias(name, "candidate", made.version)
        return Version(name, str(made.version), source, tags)

    def every(self) -> list[tuple[Version, list[str]]]:
        """All versions of all models, with the aliases of each. Raises TrackingUnavailable."""
        with _reaching(self._uri):
            named: dict[tuple[str, str], list[str]] = {}
            for model in self._client.search_registered_models(max_results=1000):
                for alias, number in dict(model.aliases or {}).items():
                    named.setdefault((model.name, str(number)), []).append(alias)
            found: list[tuple[Version, list[str]]] = []
            token = None
            while True:
                page = self._client.search_model_versions(max_results=500, page_token=token)
                for each in map(_version, page):
                    found.append((each, sorted(named.get((each.name, each.version), []))))
                token = page.token
                if not token:
                    return found

    def finished(self, run_key: str = "") -> list[FinishedStep]:
        """See `contract.Registry`."""
        with _reaching(self._uri):
            experiment = self._client.get_experiment_by_name(EXPERIMENT)
            query = "attributes.status = 'FINISHED'"
            if run_key:
                query += f" and tags.run_key = '{run_key}'"
            found: list[FinishedStep] = []
            token = None
            while experiment is not None:
                page = self._client.search_runs(
                    [experiment.experiment_id], query, max_results=500, page_token=token
                )
                found += [_finished(run) for run in page if "stage_key" in run.data.tags]
                token = page.token
                if not token:
                    break
            return found

    def tag(self, version: Version, tags: dict[str, str]) -> None:
        """See `contract.Registry`."""
        with _reaching(self._uri):
            for key, value in tags.items():
                if version.tags.get(key) != value:
                    self._client.set_model_version_tag(version.name, version.version, key, value)

    def point(self, name: str, alias: str, number: str) -> None:
        """See `contract.Registry`."""
        with _reaching(self._uri):
            self._client.set_registered_model_alias(name, alias, number)

    def _found(self, ask: Callable[[], Any]) -> Version | None:
        from mlflow.exceptions import MlflowException

        with _reaching(self._uri):
            try:
                return _version(ask())
            except MlflowException as error:
                if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                    return None
                raise


def _version(found: Any) -> Version:
    return Version(str(found.name), str(found.version), str(found.source), dict(found.tags))
