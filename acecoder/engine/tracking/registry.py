"""The model registry: versions found by digest, aliases, tags; the steps that finished."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acecoder.engine.contract import FinishedStep, Version
from acecoder.engine.tracking import weights
from acecoder.engine.tracking.reaching import reaching

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel, Run
    from mlflow.entities.model_registry import ModelVersion

EXPERIMENT = "acecoder"
ADDRESS = "address"
"""Tag of a version: where its files lie in the home or its store (`Home.permanent`)."""


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

    def register(self, name: str, files: Path, address: str, tags: dict[str, str]) -> Version:
        """See `contract.Registry`."""
        with reaching(self._uri):
            if not self._client.search_registered_models(f"name = '{name}'"):
                self._client.create_registered_model(name)
            for found in self._client.search_model_versions(f"name = '{name}'"):
                if found.tags.get("digest") == tags["digest"]:
                    version = _version(found)
                    self.tag(version, tags)
                    return replace(version, tags={**version.tags, **tags})
            tags = {**tags, ADDRESS: address}
            run_id = self._maker(files.name, tags["digest"])
            kept = self._keep(name, files, tags["digest"], run_id)
            made = self._client.create_model_version(
                name,
                kept.artifact_location if kept else address,
                run_id=run_id or None,
                model_id=kept.model_id if kept else None,
                tags=tags,
            )
            self._client.set_registered_model_alias(name, "candidate", made.version)
        return _version(made, tags)

    def _keep(self, name: str, files: Path, digest: str, run_id: str) -> LoggedModel | None:
        """The files as MLflow keeps them; None where it is to know their address alone, as of files
        that no run made."""
        experiment = self._client.get_experiment_by_name(EXPERIMENT)
        if not weights.wanted() or not run_id or experiment is None:
            return None
        return weights.keep(self._client, experiment.experiment_id, name, files, digest, run_id)

    def _maker(self, output: str, digest: str) -> str:
        """The newest run with such an output, or nothing."""
        experiment = self._client.get_experiment_by_name(EXPERIMENT)
        if experiment is None:
            return ""
        query = f"tags.`output.{output}` = '{digest}'"
        found = self._client.search_runs([experiment.experiment_id], query, max_results=1)
        return str(found[0].info.run_id) if found else ""

    def forget_files(self, digest: str) -> None:
        """Give up what MLflow keeps of a model's files. Where it keeps them behind a server, `mlflow gc`
        there removes them from the store. Raises TrackingUnavailable."""
        with reaching(self._uri):
            experiment = self._client.get_experiment_by_name(EXPERIMENT)
            if experiment is not None:
                weights.forget(self._client, experiment.experiment_id, digest)

    def every(self) -> list[tuple[Version, list[str]]]:
        """All versions of all models, with the aliases of each. Raises TrackingUnavailable."""
        with reaching(self._uri):
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
        with reaching(self._uri):
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
        with reaching(self._uri):
            for key, value in tags.items():
                if version.tags.get(key) != value:
                    self._client.set_model_version_tag(version.name, version.version, key, value)

    def point(self, name: str, alias: str, number: str) -> None:
        """See `contract.Registry`."""
        with reaching(self._uri):
            self._client.set_registered_model_alias(name, alias, number)

    def _found(self, ask: Callable[[], Any]) -> Version | None:
        from mlflow.exceptions import MlflowException

        with reaching(self._uri):
            try:
                return _version(ask())
            except MlflowException as error:
                if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                    return None
                raise


def _version(found: ModelVersion, tags: Mapping[str, str] | None = None) -> Version:
    known = dict(found.tags if tags is None else tags)
    address = known.get(ADDRESS) or str(found.source)
    return Version(str(found.name), str(found.version), address, known)


def _finished(run: Run) -> FinishedStep:
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
        params=dict(run.data.params),
        commit=tags.get("mlflow.source.git.commit", ""),
        image=tags.get("mlflow.docker.image.uri", ""),
    )
