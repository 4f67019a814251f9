"""The overlays as they render: valid for every supported Kubernetes, and closed where they say so."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from acecoder.components import _images

OVERLAYS = ("local", "staging", "production")
KUBERNETES = ("1.33", "1.34", "1.35", "1.36")
OWN_KINDS = {  # API groups that are no part of Kubernetes: their schemas come with their operators
    "monitoring.coreos.com",
    "kueue.x-k8s.io",
    "trainer.kubeflow.org",
    "serving.kserve.io",
    "extensions.agents.x-k8s.io",
}


@functools.cache
def render(path: str) -> tuple[dict[str, Any], ...]:
    kubectl = shutil.which("kubectl")
    tool = [kubectl, "kustomize"] if kubectl else [shutil.which("kustomize") or "", "build"]
    if not tool[0]:
        if os.environ.get("ACECODER_NEEDS_KUBECTL"):  # set by .ci/run where there is a cluster
            pytest.fail("neither kubectl nor kustomize is on PATH")
        pytest.skip("neither kubectl nor kustomize is on PATH")
    done = subprocess.run([*tool, path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return tuple(yaml.safe_load_all(done.stdout))


def rendered(overlay: str) -> tuple[dict[str, Any], ...]:
    return render(f"manifests/overlays/{overlay}")


def name_of(thing: dict[str, Any]) -> str:
    return f"{thing['kind']}/{thing['metadata']['name']}"


def is_builtin(thing: dict[str, Any]) -> bool:
    return thing["apiVersion"].split("/")[0] not in OWN_KINDS


def pod_templates(
    thing: Any, name: str = ""
) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """(name, labels, pod spec) of every pod template in an object, CRDs included."""
    if isinstance(thing, dict):
        name = name or (name_of(thing) if "kind" in thing and "metadata" in thing else "")
        spec = thing.get("spec")
        if isinstance(spec, dict) and "containers" in spec and isinstance(spec["containers"], list):
            yield name, thing.get("metadata", {}).get("labels", {}), spec
        for value in thing.values():
            yield from pod_templates(value, name)
    elif isinstance(thing, list):
        for value in thing:
            yield from pod_templates(value, name)


def containers(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return [*spec.get("initContainers", ()), *spec["containers"]]


@pytest.fixture(params=OVERLAYS)
def overlay(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("version", KUBERNETES)
def test_every_object_is_valid(overlay: str, version: str) -> None:
    for thing in rendered(overlay):
        if is_builtin(thing):
            kubernetes_validate.validate(thing, version, strict=True)


def test_every_object_is_labelled(overlay: str) -> None:
    for thing in rendered(overlay):
        labels = thing["metadata"].get("labels", {})
        assert labels.get("app.kubernetes.io/part-of") == "acecoder", name_of(thing)
        assert "app.kubernetes.io/name" in labels, name_of(thing)


def test_every_container_is_closed(overlay: str) -> None:
    seen = 0
    for name, _, spec in pod_templates(list(rendered(overlay))):
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["serviceAccountName"] != "default", name
        pod = spec["securityContext"]
        assert pod["runAsNonRoot"] is True, name
        assert pod["runAsUser"] > 0, name
        assert pod["seccompProfile"]["type"] == "RuntimeDefault", name
        assert not any("hostPath" in volume for volume in spec.get("volumes", ())), name
        for container in containers(spec):
            own = container["securityContext"]
            assert own["allowPrivilegeEscalation"] is False, name
            assert own["readOnlyRootFilesystem"] is True, name
            assert own["capabilities"] == {"drop": ["ALL"]}, name
            resources = container["resources"]
            for kind in ("requests", "limits"):
                assert {"cpu", "memory"} <= resources[kind].keys(), name
            seen += 1
    assert seen >= 5


def test_what_serves_is_probed(overlay: str) -> None:
    for thing in rendered(overlay):
        if thing["kind"] in ("Deployment", "StatefulSet"):
            for container in thing["spec"]["template"]["spec"]["containers"]:
                for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                    assert probe in container, name_of(thing)


def test_sandbox_pods_are_in_gvisor_and_reach_nothing(overlay: str) -> None:
    (pool,) = [
        spec
        for name, _, spec in pod_templates(list(rendered(overlay)))
        if name == "Deployment/sandbox-pool"
    ]
    assert pool["runtimeClassName"] == "gvisor"
    assert pool["automountServiceAccountToken"] is False
    for container in containers(pool):
        assert "env" not in container
        assert "envFrom" not in container
    kinds = [next(key for key in volume if key != "name") for volume in pool["volumes"]]
    assert sorted(kinds) == ["emptyDir", "secret"]
    policies = [
        t
        for t in rendered(overlay)
        if t["kind"] == "NetworkPolicy" and t["metadata"]["namespace"] == "acecoder-sandbox"
    ]
    assert {p["metadata"]["name"] for p in policies} == {"default-deny", "sandbox-pool"}
    for policy in policies:
        assert "Egress" in policy["spec"]["policyTypes"]
        assert not policy["spec"].get("egress")


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    expressions = selector.get("matchExpressions", ())
    assert all(each["operator"] == "Exists" for each in expressions)
    return all(labels.get(k) == v for k, v in selector.get("matchLabels", {}).items()) and all(
        each["key"] in labels for each in expressions
    )


def test_every_pod_has_a_network_policy_of_its_own(overlay: str) -> None:
    things = rendered(overlay)
    policies = [t for t in things if t["kind"] == "NetworkPolicy"]
    spaces = {p["metadata"]["namespace"] for p in policies if not p["spec"]["podSelector"]}
    assert spaces == {"acecoder", "acecoder-sandbox"}
    for name, labels, _ in pod_templates(list(things)):
        named = [
            p
            for p in policies
            if p["spec"]["podSelector"] and selects(p["spec"]["podSelector"], labels)
        ]
        assert named, name


def test_roles_name_what_they_give(overlay: str) -> None:
    for thing in rendered(overlay):
        if thing["kind"] in ("Role", "ClusterRole"):
            for rule in thing["rules"]:
                for field in ("apiGroups", "resources", "verbs"):
                    assert "*" not in rule[field], name_of(thing)
                assert "secrets" not in rule["resources"], name_of(thing)
                assert "pods/exec" not in rule["resources"], name_of(thing)
        if thing["kind"] == "ClusterRoleBinding":
            assert thing["roleRef"]["name"] not in ("cluster-admin", "admin", "edit")


def test_no_secret_is_in_a_manifest(overlay: str) -> None:
    assert not [name_of(t) for t in rendered(overlay) if t["kind"] == "Secret"]
    for name, _, spec in pod_templates(list(rendered(overlay))):
        for container in containers(spec):
            for variable in container.get("env", ()):
                if re.search("KEY|PASSWORD|TOKEN|SECRET", variable["name"]):
                    assert "secretKeyRef" in variable["valueFrom"], (name, variable["name"])


def test_namespaces_are_restricted(overlay: str) -> None:
    spaces = [t for t in rendered(overlay) if t["kind"] == "Namespace"]
    assert {t["metadata"]["name"] for t in spaces} == {"acecoder", "acecoder-sandbox"}
    for space in spaces:
        assert space["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_production_runs_digests() -> None:
    images = [
        c["image"] for _, _, s in pod_templates(list(rendered("production"))) for c in containers(s)
    ]
    assert len(images) >= 5
    for image in images:
        assert re.fullmatch(r".+@sha256:[0-9a-f]{64}", image), image


def test_the_pool_is_scaled_and_not_drained_at_once(overlay: str) -> None:
    kinds = {name_of(t) for t in rendered(overlay)}
    assert {
        "HorizontalPodAutoscaler/sandbox-pool",
        "PodDisruptionBudget/sandbox-pool",
        "ResourceQuota/sandbox-pool",
        "CronJob/mlflow-backup",
    } <= kinds
    (pool,) = [t for t in rendered(overlay) if name_of(t) == "Deployment/sandbox-pool"]
    assert "replicas" not in pool["spec"], "the autoscaler owns it"


@pytest.mark.parametrize(
    "component", sorted(p.name for p in Path("manifests/components").iterdir())
)
def test_a_component_builds_on_base(component: str, tmp_path: Path) -> None:
    root = Path("manifests").absolute()
    relative = os.path.relpath(root, tmp_path)
    (tmp_path / "kustomization.yaml").write_text(
        f"resources: [{relative}/base]\ncomponents: [{relative}/components/{component}]\n"
    )
    for thing in render(str(tmp_path)):
        assert thing["metadata"]["labels"]["app.kubernetes.io/part-of"] == "acecoder"
        if is_builtin(thing):
            kubernetes_validate.validate(thing, "1.34", strict=True)


def test_images_are_the_same_everywhere() -> None:
    """Dockerfiles, bake targets, constants and manifests."""
    directories = {path.parent.name for path in Path("images").glob("*/Dockerfile")}
    constants = {
        v.removeprefix(f"{_images.REGISTRY}/").removesuffix(f":{_images.TAG}"): v
        for k, v in vars(_images).items()
        if k.isupper() and k not in ("REGISTRY", "TAG")
    }
    bake = Path("docker-bake.hcl").read_text()
    targets = set(re.findall(r'^target "([a-z-]+)"', bake, re.MULTILINE))
    of_others = {"reconcile"}  # images/cpu's with other requirements
    assert directories | of_others == set(constants)
    assert set(constants) == {t for t in targets if t != "sandbox-bigcodebench"}
    assert f'"{_images.REGISTRY}"' in bake
    assert f'variable "TAG" {{ default = "{_images.TAG}" }}' in bake
    text = "".join(path.read_text() for path in Path("manifests").rglob("*.yaml"))
    for image, tag in re.findall(rf"{_images.REGISTRY}/([a-z-]+):([\w.-]+)", text):
        assert image in constants
        assert tag == _images.TAG
    base = re.search(r'variable "BASE" \{ default = "(.+)" \}', bake)[1]
    for path in Path("images").glob("*/Dockerfile"):
        dockerfile = path.read_text()
        assert f"ARG BASE={base}\n" in dockerfile, path
        assert "USER 65532:65532" in dockerfile, path
        assert "--require-hashes" in dockerfile, path
        assert "org.opencontainers.image.source" in dockerfile, path
        if "EXPOSE" in dockerfile:
            assert "HEALTHCHECK" in dockerfile, path
        lock = path.with_name("requirements.lock").read_text()
        assert lock.count("==") <= lock.count("--hash=sha256:")
