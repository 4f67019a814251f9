"""One MLflow run per step, under one for the whole pipeline run."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from acecoder.engine.contract import FinishedStep, Report, StartedStep
from acecoder.engine.home import Home
from acecoder.engine.progress import warn
from acecoder.engine.publishing import TRACKED, exclusive
from acecoder.engine.tracking.data_sets import data_set
from acecoder.engine.tracking.reaching import reaching
from acecoder.engine.tracking.registry import EXPERIMENT, MlflowRegistry
from acecoder.errors import TrackingUnavailable, in_short

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput

MAX_TRIES = 5
SEND_EVERY_S = 5.0
RETRY_AFTER_S = 60.0
BATCH = 900
"""Metrics of one request; a server takes 1,000."""

Measured = tuple[str, float, int, int]
"""(name, value, step, time in ms)."""


class Tracker:
    """Opens runs of steps. MLflow is imported when the first one starts."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.uri = os.environ.get("MLFLOW_TRACKING_URI") or home.tracking_uri
        self._cached: MlflowClient | None = None

    def start(self, started: StartedStep) -> TrackedStep:
        """See `contract.StepTracker`."""
        from mlflow.entities import Param

        with reaching(self.uri):
            client, experiment = self._connect()
            tags = dict(started.tags)
            if started.run_key:
                tags["mlflow.parentRunId"] = self._parent(client, experiment, started.run_key)
            run = client.create_run(experiment, start_time=started.at_ms, tags=tags)
            params = [Param(name, value) for name, value in started.params.items()]
            client.log_batch(run.info.run_id, params=params)
        return TrackedStep(self, client, run.info.run_id)

    def resume(self, tag: str, value: str) -> TrackedStep | None:
        """The run that was begun under such a tag, or None. Raises TrackingUnavailable."""
        with reaching(self.uri):
            client, experiment = self._connect()
            found = client.search_runs([experiment], f"tags.{tag} = '{value}'", max_results=1)
        return TrackedStep(self, client, found[0].info.run_id) if found else None

    def reopen(self, run_id: str) -> TrackedStep:
        """A run that was begun before. Raises TrackingUnavailable."""
        with reaching(self.uri):
            client, _ = self._connect()
        return TrackedStep(self, client, run_id)

    def finish_pipeline(
        self, run_key: str, metrics: Mapping[str, float], params: Mapping[str, str]
    ) -> None:
        """Close the run that stands for a whole pipeline run, with its headline numbers, so that two
        runs compare. Raises TrackingUnavailable."""
        from mlflow.entities import Metric, Param

        with reaching(self.uri):
            client, experiment = self._connect()
            run_id = self._parent(client, experiment, run_key)
            known = client.get_run(run_id).data.params
            now = _now_ms()
            client.log_batch(
                run_id,
                metrics=[Metric(_legal(name), value, now, 0) for name, value in metrics.items()],
                params=[Param(k, v[:500]) for k, v in params.items() if k not in known],
            )
            client.set_terminated(run_id, "FINISHED")

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

        for name in ("alembic", "mlflow.store", "mlflow.store.db.utils"):
            logging.getLogger(name).setLevel(logging.ERROR)
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
    """One open run. See `contract.OpenStep`."""

    def __init__(self, tracker: Tracker, client: MlflowClient, run_id: str) -> None:
        self.run_id = run_id
        self._tracker, self._client, self._uri = tracker, client, tracker.uri
        self._waiting: list[Measured] = []
        self._next_try_s = 0.0

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """See `contract.OpenStep`. Values go in batches, and a server that is down is left alone for a
        while: training does not wait for it."""
        self._waiting += [(name, value, step, _now_ms()) for name, value in metrics.items()]
        if time.monotonic() < self._next_try_s:
            return
        try:
            self._send_waiting()
            self._next_try_s = time.monotonic() + SEND_EVERY_S
        except TrackingUnavailable as error:
            warn(f"{error}; values are sent later")
            self._next_try_s = time.monotonic() + RETRY_AFTER_S

    def _send_waiting(self) -> None:
        self.log_at(self._waiting)
        self._waiting = []

    def log_at(self, measured: Sequence[Measured]) -> None:
        """Record values of other times. Raises TrackingUnavailable."""
        from mlflow.entities import Metric

        metrics = [
            Metric(_legal(name), value, at_ms, step) for name, value, step, at_ms in measured
        ]
        with reaching(self._uri):
            for start in range(0, len(metrics), BATCH):
                self._client.log_batch(self.run_id, metrics=metrics[start : start + BATCH])

    def finish(
        self, report: Report, outputs: Mapping[str, str], directory: Path, at_ms: int | None = None
    ) -> None:
        """Record metrics, curves, output digests; version data sets and models; close.

        `directory` is the step's, in the home; what is recorded is its permanent address.
        """
        from mlflow.entities import RunTag

        at_ms = at_ms or _now_ms()
        measured = [(name, value, 0, at_ms) for name, value in report.metrics.items()]
        for name, curve in report.series.items():
            measured += [(f"curve_{name}", value, i, at_ms) for i, value in enumerate(curve)]
        self._send_waiting()
        self.log_at(measured)
        home = self._tracker.home
        with reaching(self._uri):
            tags = [RunTag(f"output.{name}", digest) for name, digest in outputs.items()]
            tags.append(RunTag("artifact_directory", home.permanent(directory)))
            self._client.log_batch(self.run_id, tags=tags)
            self._client.log_dict(
                self.run_id, {"metrics": report.metrics, "details": report.details}, "report.json"
            )
            self._version_outputs(outputs, report.registers, directory)
            self._client.set_terminated(self.run_id, "FINISHED", end_time=at_ms)
        (directory / TRACKED).write_text(self.run_id)
        home.send(directory / TRACKED, TRACKED)

    def fail(self, error: BaseException) -> None:
        """Close the run as failed; never hides the error by one of its own."""
        with suppress(TrackingUnavailable):
            self.fail_with(in_short(error), _now_ms())
            self._send_waiting()

    def fail_with(self, text: str, at_ms: int) -> None:
        """Close the run as failed. Raises TrackingUnavailable."""
        with reaching(self._uri):
            self._client.set_tag(self.run_id, "error", text[:500])
            self._client.set_terminated(self.run_id, "FAILED", end_time=at_ms)

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
                self._client.log_inputs(self.run_id, datasets=tables)
                return
            except MlflowException as error:
                if not left or not re.search(r"unique|duplicate|integrity", str(error), re.I):
                    raise


def _legal(name: str) -> str:
    return re.sub(r"[^\w./: -]", "_", name)


def _now_ms() -> int:
    return int(time.time() * 1000)
