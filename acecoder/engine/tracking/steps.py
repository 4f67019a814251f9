"""One MLflow run per step, under one for the whole pipeline run."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acecoder.config import Config
from acecoder.engine.contract import FinishedStep, Report
from acecoder.engine.home import Home
from acecoder.engine.identity import code_revision
from acecoder.engine.publishing import exclusive
from acecoder.engine.tracking.data_sets import data_set
from acecoder.engine.tracking.reaching import reaching
from acecoder.engine.tracking.registry import EXPERIMENT, MlflowRegistry
from acecoder.errors import AceCoderError, TrackingUnavailable

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput

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


def _made_with() -> dict[str, str]:
    """Which code, in which image, under the names that MLflow gives these tags."""
    return {
        "mlflow.source.git.commit": code_revision(),
        "mlflow.docker.image.uri": os.environ.get("ACECODER_IMAGE", ""),
    }


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

        with reaching(self.uri):
            client, experiment = self._connect()
            tags = {"mlflow.runName": step, "stage": stage, "step": step, "stage_key": key}
            if run_key:
                tags |= {
                    "run_key": run_key,
                    "mlflow.parentRunId": self._parent(client, experiment, run_key),
                }
            tags |= {f"input.{name}": digest for name, digest in inputs.items()}
            tags |= {name: value for name, value in _made_with().items() if value}
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
        with reaching(self.uri):
            client, experiment = self._connect()
            client.set_terminated(self._parent(client, experiment, run_key), "FINISHED")

    def finished(self, run_key: str = "") -> list[FinishedStep]:
        """See `contract.Registry`."""
        return self.registry().finished(run_key)

    def registry(self) -> MlflowRegistry:
        """The model registry of the same MLflow."""
        with reaching(self.uri):
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
        with reaching(self._uri):
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
            with reaching(self._uri):
                self._client.set_tag(self._run_id, "error", text[:500])
                self._client.set_terminated(self._run_id, "FAILED")
        except TrackingUnavailable:
            pass

    def _version_outputs(
        self, outputs: Mapping[str, str], registers: Mapping[str, str], directory: Path
    ) -> None:
        """Tables become MLflow data sets by digest; what the stage registers, a version each."""
        address = self._tracker.home.permanent
        registry = MlflowRegistry(self._client, self._uri)
        for name, model in registers.items():
            files = directory / name
            registry.register(model, files, address(files), {"digest": outputs[name]})
        tables = [
            data_set(name, directory / name, digest, address(directory / name))
            for name, digest in outputs.items()
            if name not in registers
        ]
        self._log_data_sets([table for table in tables if table is not None])

    def _log_data_sets(self, tables: list[DatasetInput]) -> None:
        """Runs beside this one may make the row of an equal data set first; then it is found there."""
        from mlflow.exceptions import MlflowException

        if not tables:
            return
        for left in reversed(range(MAX_TRIES)):
            try:
                self._client.log_inputs(self._run_id, datasets=tables)
                return
            except MlflowException as error:
                if not left or not re.search(r"unique|duplicate|integrity", str(error), re.I):
                    raise
