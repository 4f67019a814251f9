"""The files of a model as MLflow keeps them: seen in its UI, had by `models:/NAME/VERSION`.

MLflow takes a proxied address only within a model's own location, so the files are put there: linked
where that is a directory beside the home, uploaded in parts elsewhere. `ACECODER_MLFLOW_WEIGHTS=reference`
leaves them where they are; MLflow then knows their address alone.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from acecoder.errors import InputError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel

VARIABLE = "ACECODER_MLFLOW_WEIGHTS"


def wanted() -> bool:
    """Whether MLflow keeps files. Raises InputError on a setting that is none."""
    setting = os.environ.get(VARIABLE) or "upload"
    if setting not in ("upload", "reference"):
        raise InputError(f"'{setting}'", where=VARIABLE, remedy="upload, or reference")
    return setting == "upload"


def keep(
    client: MlflowClient, experiment_id: str, name: str, files: Path, digest: str, run_id: str
) -> LoggedModel:
    """The model of MLflow with these files; the one of the same digest, where there is one.

    After a kill the model that was begun is filled and ended.
    """
    known = client.search_logged_models(
        [experiment_id], f"name = '{name}' AND tags.digest = '{digest}'", max_results=1
    )
    if known and known[0].status == "READY":
        return known[0]
    model = (
        known[0]
        if known
        else client.create_logged_model(
            experiment_id, name, run_id or None, tags={"digest": digest}
        )
    )
    directory = _directory(model)
    if directory is not None:
        _link(files, directory)
    else:
        os.environ.setdefault("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD", "true")
        os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")  # of no use in a log
        client.log_model_artifacts(model.model_id, str(files))
    return client.finalize_logged_model(model.model_id, "READY")


def forget(client: MlflowClient, experiment_id: str, digest: str) -> None:
    """Delete the models of these files; files in a directory of this machine at once."""
    for model in client.search_logged_models([experiment_id], f"tags.digest = '{digest}'"):
        client.delete_logged_model(model.model_id)
        directory = _directory(model)
        if directory is not None:
            shutil.rmtree(directory, ignore_errors=True)


def _directory(model: LoggedModel) -> Path | None:
    """Where its files lie on this machine, or None."""
    location = str(model.artifact_location)
    return Path(location.removeprefix("file://")) if location.startswith(("file:", "/")) else None


def _link(files: Path, destination: Path) -> None:
    """The same bytes under a second name; copies where the disk is another."""
    for file in sorted(files.rglob("*")):
        there = destination / file.relative_to(files)
        if not file.is_file():
            continue
        there.parent.mkdir(parents=True, exist_ok=True)
        there.unlink(missing_ok=True)
        try:
            os.link(file, there)
        except OSError:
            shutil.copyfile(file, there)
