"""Objects of operators, held against the operators' own CRDs.

ACECODER_CRDS names a directory of CRDs as YAML (`kubectl get crd -o yaml > DIR/crds.yaml` on a
cluster that has the operators); skipped without it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from acecoder.cluster.launch import Launch
from acecoder.cluster.trainjob import trainjob

DIRECTORY = os.environ.get("ACECODER_CRDS", "")
pytestmark = pytest.mark.skipif(
    not DIRECTORY or shutil.which("kubectl") is None, reason="ACECODER_CRDS names no CRDs"
)
OPERATORS = ("kueue", "trainer", "monitoring", "kserve", "agent-sandbox")


def closed(schema: Any) -> Any:
    """A structural schema as the API server reads it: what it does not name is refused."""
    if not isinstance(schema, dict):
        return schema
    made = {
        key: closed(value)
        for key, value in schema.items()
        if key not in ("properties", "items", "additionalProperties", "format", "pattern")
    }
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    if "properties" in schema:
        made["properties"] = {name: closed(each) for name, each in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            made["additionalProperties"] = False
    for key in ("items", "additionalProperties"):
        if key in schema:
            made[key] = closed(schema[key])
    return made


def schemas() -> dict[tuple[str, str], Any]:
    found = {}
    for file in Path(DIRECTORY).glob("*.yaml"):
        for document in yaml.safe_load_all(file.read_text()):
            for crd in (document or {}).get("items", [document]):
                if not crd or crd.get("kind") != "CustomResourceDefinition":
                    continue
                spec = crd["spec"]
                for version in spec["versions"]:
                    schema = closed(version["schema"]["openAPIV3Schema"])
                    schema["properties"]["metadata"] = {"type": "object"}
                    key = f"{spec['group']}/{version['name']}", spec["names"]["kind"]
                    found[key] = schema
    return found


def objects(component: str, tmp_path: Path) -> Iterator[dict[str, Any]]:
    shutil.copytree("manifests", tmp_path / "manifests")
    overlay = tmp_path / "manifests" / "overlays" / "crds"
    overlay.mkdir()
    (overlay / "kustomization.yaml").write_text(
        yaml.safe_dump(
            {
                "apiVersion": "kustomize.config.k8s.io/v1beta1",
                "kind": "Kustomization",
                "resources": ["../../base"],
                "components": [f"../../components/{component}"],
            }
        )
    )
    done = subprocess.run(
        ["kubectl", "kustomize", str(overlay)], capture_output=True, text=True, check=True
    )
    yield from yaml.safe_load_all(done.stdout)


@pytest.mark.parametrize("component", OPERATORS)
def test_a_components_objects_are_what_its_operator_takes(component: str, tmp_path: Path) -> None:
    known, seen = schemas(), 0
    for thing in objects(component, tmp_path):
        schema = known.get((thing["apiVersion"], thing["kind"]))
        if schema is None:
            assert (
                "." not in thing["apiVersion"].partition("/")[0] or "k8s.io" in thing["apiVersion"]
            ), f"no CRD in {DIRECTORY} for {thing['apiVersion']} {thing['kind']}"
            continue
        jsonschema.validate(thing, schema)
        seen += 1
    assert seen, f"no CRD in {DIRECTORY} is one of {component}'s"


@pytest.mark.parametrize("tool", ["argocd", "flux"])
def test_gitops_objects_are_what_their_controllers_take(tool: str) -> None:
    command = ["kubectl", "kustomize", f"manifests/gitops/{tool}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    known = schemas()
    for thing in yaml.safe_load_all(done.stdout):
        jsonschema.validate(thing, known[thing["apiVersion"], thing["kind"]])


def test_a_launched_trainjob_is_what_trainer_takes() -> None:
    schema = schemas()["trainer.kubeflow.org/v1alpha1", "TrainJob"]
    launch = Launch(
        runtime="r",
        nodes=2,
        requests={"nvidia.com/gpu": "8"},
        queue="q",
        rollout_server=True,
        env={"A": "b"},
        secret_env={"K": {"secret": "s", "key": "k"}},
    )  # type: ignore[dict-item]
    jsonschema.validate(trainjob(launch, "n", ["torchrun"], {}, "m"), schema)
