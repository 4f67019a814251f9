"""A release: which version of a model a workload serves, and every file of it by its sha256.

It is what promotion commits, what a pod checks its weights against, and what reconcile compares the
registry with. One JSON file per workload: `serving/<environment>/<workload>/release.json`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from acecoder import chats, rendering
from acecoder.config import digest_of
from acecoder.engine.publishing import MANIFEST, content_digest, file_digests
from acecoder.errors import InputError

Workload = Literal["policy", "reward-model"]
RELEASE = "release.json"
PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".npy", ".npz", ".h5", ".msgpack")
"""Files whose reading may run code, or that are weights of another kind than safetensors."""


class Release(BaseModel):
    """One version of a model as a workload serves it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    workload: Workload
    name: str = Field(pattern=r"^[A-Za-z0-9][\w.-]*$")
    """In the registry."""
    version: str = Field(pattern=r"^\d+$")
    """A number, never an alias."""
    digest: str
    """Of all files (`content_digest`), as the registry has it."""
    source: str
    """Where the files lie: s3://, file:// or mlflow-artifacts:."""
    files: dict[str, str]
    """Path -> sha256 of every file."""
    run_key: str = ""
    """The run that made it."""
    rendering: str = ""
    """Digest of how chats become text for it: the template, and the code that fills it."""

    @property
    def served_name(self) -> str:
        """What an endpoint calls this version, beside the model's name alone."""
        return f"{self.name}/{self.version}"

    def text(self) -> str:
        """As it is committed."""
        return json.dumps(self.model_dump(mode="json"), indent=1, sort_keys=True) + "\n"


def release_of(
    directory: Path, *, workload: Workload, name: str, version: str, source: str, run_key: str
) -> Release:
    """The release of a model's directory. Raises InputError where a file is no safetensors."""
    files = {path: sha for path, sha in file_digests(directory).items() if path != MANIFEST}
    refuse_pickles(files, str(directory))
    return Release(
        workload=workload,
        name=name,
        version=version,
        digest=content_digest(directory),
        source=source,
        files=files,
        run_key=run_key,
        rendering=rendering_of(directory),
    )


def rendering_of(directory: Path) -> str:
    """The digest of how records become text for the model of a directory: our code, its template."""
    code = [Path(str(module.__file__)).read_text("utf-8") for module in (rendering, chats)]
    return digest_of([*code, *_template(directory)])


def refuse_pickles(names: dict[str, str] | list[str], where: str) -> None:
    """Raises InputError where a model has a file that may run code when it is read."""
    bad = [name for name in names if Path(name).suffix.lower() in PICKLES]
    if bad:
        raise InputError(
            f"a model with {', '.join(bad)}: only safetensors are taken",
            where=where,
            remedy="save the weights as safetensors (`save_pretrained`)",
        )


def read_release(text: str, where: str) -> Release:
    """A committed release. Raises InputError on anything else."""
    try:
        return Release.model_validate_json(text)
    except ValidationError as error:
        fault = error.errors()[0]
        path = ".".join(str(part) for part in fault["loc"])
        raise InputError(
            f"not a release: {path}: {fault['msg']}",
            where=where,
            remedy="it is written by promotion; `git revert` the change by hand",
        ) from None


def _template(directory: Path) -> list[str]:
    """The chat template, wherever the tokenizer keeps it."""
    own = directory / "chat_template.jinja"
    if own.is_file():
        return [own.read_text(encoding="utf-8")]
    config = directory / "tokenizer_config.json"
    if config.is_file():
        return [str(json.loads(config.read_text()).get("chat_template", ""))]
    return []
