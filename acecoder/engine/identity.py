"""What a stage key is made of: the code, the config, the inputs and what is read beside them.

A stage key moves only when a result can. So code that no result depends on (`RESULTLESS`) is left out
of it, and of a config the fields that are marked `incidental`.
"""

from __future__ import annotations

import ast
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from acecoder.config import Config, decisive, digest_of, nested
from acecoder.engine.contract import Stage

PACKAGE = "acecoder"
ROOT = Path(__file__).parents[1]
RESULTLESS = (
    "acecoder.errors",
    "acecoder.cluster",
    "acecoder.sandbox.backends",
    "acecoder.engine.home",
    "acecoder.engine.journal",
    "acecoder.engine.publishing",
    "acecoder.engine.progress",
    "acecoder.engine.store",
    "acecoder.engine.contract",
    "acecoder.engine.index",
    "acecoder.engine.tracking",
    "acecoder.engine.parent",
    "acecoder.gitops",
)
"""Modules that a stage may import and whose change changes no result: how results are kept, told and
transported, and where programs run. A verdict depends on `sandbox.judge` and `sandbox.worker` alone;
backends report losses and decide nothing."""


@lru_cache
def code_revision() -> str:
    """The git commit of this code: what its image was built from, or the checkout that it is.

    Ends with `-dirty` where the checkout has changes; empty for an installed wheel.
    """
    given = os.environ.get("ACECODER_REVISION", "")
    if given or not (ROOT.parent / ".git").exists():
        return given
    command = [
        "git",
        "-C",
        str(ROOT.parent),
        "describe",
        "--always",
        "--dirty",
        "--abbrev=40",
        "--exclude=*",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except OSError:
        return ""
    return done.stdout.strip()


def stage_key(stage: Stage, config: Config, input_digests: Mapping[str, str]) -> str:
    """Digest of what decides a stage's result (DESIGN, "Identity").

    The code of the stage and of every config in use, with all of acecoder they import; the decisive
    config; the inputs; the models and files that are read beside them; Python's minor version.
    """
    return digest_of(
        {
            "stage": stage.__name__,
            "code": code_in_use(stage, config),
            "config": decisive(config),
            "inputs": dict(input_digests),
            "external": external_inputs(config),
            "python": list(sys.version_info[:2]),
        }
    )[:32]


def code_in_use(stage: Stage, config: Config) -> str:
    """Digest of the code of a stage and of the classes of its config.

    A config that was chosen by name (a reward, an algorithm, a model) brings the module it stands in;
    those that were not chosen do not count.
    """
    modules = {type(part).__module__ for _, part in nested(config)}
    return code_digest(frozenset({stage.__module__, *modules}))


def external_inputs(config: Config) -> dict[str, str]:
    """What a config and those nested in it read beside the inputs, by dotted name."""
    found = {}
    for path, part in nested(config):
        for name, digest in part.external_inputs().items():
            found[".".join((*path, name))] = digest
    return found


@lru_cache(maxsize=256)
def code_digest(modules: frozenset[str]) -> str:
    """Digest of the sources of modules and of every acecoder module they reach by import.

    Finer than a digest of the whole package: a change of the command line makes no model train
    again. Imports inside functions count, those of `RESULTLESS` do not.
    """
    waiting, seen = sorted(modules), {}
    while waiting:
        name = waiting.pop()
        file = _source_file(name)
        if name in seen or file is None or is_resultless(name):
            continue
        source = file.read_bytes()
        seen[name] = hashlib.sha256(source).hexdigest()
        waiting += _imports(source, name if file.name == "__init__.py" else name.rpartition(".")[0])
    return digest_of(seen)


def is_resultless(module: str) -> bool:
    """Whether no result depends on this module's code."""
    return module.startswith(RESULTLESS)


def _source_file(module: str) -> Path | None:
    """Where a module of this package lies; found without importing it."""
    package, *rest = module.split(".")
    if package != PACKAGE:
        return None
    path = ROOT.joinpath(*rest)
    candidates = (
        (path.with_suffix(".py"), path / "__init__.py") if rest else (ROOT / "__init__.py",)
    )
    return next((file for file in candidates if file.is_file()), None)


def _imports(source: bytes, package: str) -> Iterable[str]:
    """The modules that a source imports; `package` is what its relative imports start from."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")
                base = ".".join([*parts[: len(parts) - node.level + 1], *filter(None, [base])])
            found.append(base)
            found += [f"{base}.{alias.name}" for alias in node.names]
    return found
