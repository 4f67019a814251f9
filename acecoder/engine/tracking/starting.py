"""What a step says of itself when it starts: config as params, digests, code and image as tags."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Mapping
from typing import Any

from acecoder.config import Config
from acecoder.engine.contract import StartedStep
from acecoder.engine.identity import code_revision

MAX_PARAM_CHARS = 500
MAX_NAME_CHARS = 240


def started(
    step: str, stage: str, stage_key: str, config: Config, inputs: Mapping[str, str], run_key: str
) -> StartedStep:
    """A step that starts now: its config as params, its inputs' digests as tags, and which code, in
    which image, under the names that MLflow gives these tags."""
    tags = {
        "mlflow.runName": step,
        "stage": stage,
        "step": step,
        "stage_key": stage_key,
        "config_digest": stage_key,
        "run_key": run_key,
        "mlflow.source.git.commit": code_revision(),
        "mlflow.docker.image.uri": os.environ.get("ACECODER_IMAGE", ""),
    }
    tags |= {f"input.{name}": digest for name, digest in inputs.items()}
    return StartedStep(
        step=step,
        stage_key=stage_key,
        run_key=run_key,
        params=legal_names(flatten(config.model_dump(mode="json"))),
        tags={name: value for name, value in tags.items() if value},
        at_ms=int(time.time() * 1000),
    )


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
