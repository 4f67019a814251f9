"""Errors of MLflow and of its database as one readable error; files behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from acecoder.errors import TrackingUnavailable


def redacted(uri: str) -> str:
    """A tracking URI without its user and password."""
    return re.sub(r"//[^/@]*@", "//", uri)


@contextmanager
def reaching(uri: str) -> Iterator[None]:
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

    with reaching(uri), tempfile.TemporaryDirectory(dir=file.parent) as scratch:
        found = mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=scratch)
        Path(found).replace(file)
