"""Pipelines as data: compiled IR, its steps in order, the run key."""

from __future__ import annotations

import json
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from acecoder.config import decisive, digest_of
from acecoder.engine.identity import code_in_use, external_inputs
from acecoder.profiles import Profile
from acecoder.stages import load_stage


@dataclass(frozen=True)
class Step:
    """One task of a compiled pipeline."""

    name: str
    stage: str
    config: dict[str, Any]
    inputs: dict[str, tuple[str, str]]
    """Input name -> (producing step, its output)."""


def compile_to(graph: Any, destination: Path) -> None:
    """Write the pipeline's IR (YAML) to a file."""
    from kfp import compiler

    destination.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiler.Compiler().compile(graph, str(destination))


def write_objects(graph: Any, directory: Path, profile: str, namespace: str) -> Path:
    """The pipeline as Pipeline and PipelineVersion objects (KFP's Kubernetes-native API)."""
    from kfp import compiler
    from kfp.compiler.compiler_utils import KubernetesManifestOptions

    name = f"{graph.name}-{profile}".replace("_", "-")
    ir = compiled(graph)
    # A version is immutable: its name is its content.
    version = f"{name}-{digest_of(ir)[:12]}"
    path = directory / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiler.Compiler().compile(
            graph,
            str(path),
            kubernetes_manifest_format=True,
            kubernetes_manifest_options=KubernetesManifestOptions(
                pipeline_name=name,
                pipeline_version_name=version,
                namespace=namespace,
                include_pipeline_manifest=True,
            ),
        )
    return path


def compiled(graph: Any) -> dict[str, Any]:
    """The pipeline's IR as data."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "pipeline.yaml"
        compile_to(graph, path)
        documents = list(yaml.safe_load_all(path.read_text()))
    ir: dict[str, Any] = documents[0]
    return ir


def steps_of(ir: dict[str, Any]) -> list[Step]:
    """The steps in an order in which every step follows what it reads from."""
    tasks = ir["root"]["dag"]["tasks"]
    names = step_names(ir)
    ordered: dict[str, Step] = {}
    waiting = dict(tasks)
    while waiting:
        ready = [
            key
            for key, task in waiting.items()
            if all(names[other] in ordered for other in task.get("dependentTasks", []))
        ]
        for key in ready:
            task = waiting.pop(key)
            artifacts = task["inputs"].get("artifacts", {})
            sources = {name: value["taskOutputArtifact"] for name, value in artifacts.items()}
            ordered[names[key]] = Step(
                names[key],
                names[key].partition(".")[0],
                json.loads(_constant(task, "config")),
                {n: (names[s["producerTask"]], s["outputArtifactKey"]) for n, s in sources.items()},
            )
    return list(ordered.values())


def step_names(ir: dict[str, Any]) -> dict[str, str]:
    """Task of a compiled pipeline -> its step."""
    return {key: _constant(task, "step") for key, task in ir["root"]["dag"]["tasks"].items()}


def _constant(task: dict[str, Any], name: str) -> str:
    return str(task["inputs"]["parameters"][name]["runtimeValue"]["constant"])


def run_key(steps: list[Step], profile: Profile) -> str:
    """Digest of the DAG, every resolved config, the code and the models: names a whole run."""
    parts = [
        [s.name, s.stage, decisive(profile.configs[s.name]), s.inputs, _code_and_models(s, profile)]
        for s in steps
    ]
    return digest_of(parts)[:16]


def _code_and_models(step: Step, profile: Profile) -> list[Any]:
    config = profile.configs[step.name]
    return [code_in_use(load_stage(step.stage), config), external_inputs(config)]
