"""What promotion commits renders to what a cluster runs."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from acecoder.errors import InputError
from acecoder.promotion import serving_files
from acecoder.promotion.release import Release, Workload, release_of
from tests.manifests.test_rendered import KUBERNETES, is_builtin, pod_templates


class Empty:
    """An operations repository without a commit."""

    def read(self, name: str) -> str | None:
        del name
        return None


def release(tmp_path: Path, workload: Workload, version: str) -> Release:
    model = tmp_path / f"{workload}-{version}"
    model.mkdir(exist_ok=True)
    (model / "model.safetensors").write_text(version)
    return release_of(
        model,
        workload=workload,
        name=f"my-{workload}",
        version=version,
        source="s3://b/m",
        run_key="k",
    )


def render(path: Path) -> list[dict[str, Any]]:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        if os.environ.get("ACECODER_NEEDS_KUBECTL"):
            pytest.fail("kubectl is not on PATH")
        pytest.skip("kubectl is not on PATH")
    done = subprocess.run(
        [kubectl, "kustomize", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


@pytest.fixture
def operations(tmp_path: Path) -> Path:
    root = tmp_path / "operations"
    shutil.copytree("manifests", root / "manifests")
    return root


def commit(root: Path, releases: list[Release], **over: str) -> None:
    given = {"environment": "production", "base": "../../../manifests/serving/{workload}"} | over
    files = serving_files.files(Empty(), releases, evidence={}, **given)  # type: ignore[arg-type]
    assert all(name.startswith("serving/") for name in files), "a promotion can never start a run"
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def one(things: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    (found,) = [t for t in things if t["kind"] == kind and t["metadata"]["name"].startswith(name)]
    return found


def test_a_release_becomes_workloads_that_check_it(operations: Path, tmp_path: Path) -> None:
    commit(operations, [release(tmp_path, w, "2") for w in ("policy", "reward-model")])
    things = render(operations / "serving/production")
    assert {t["metadata"].get("namespace") for t in things} == {"acecoder-serving"}
    for workload in ("policy", "reward-model"):
        deployment = one(things, "Deployment", f"{workload}-server")
        pod = deployment["spec"]["template"]["spec"]
        config = one(things, "ConfigMap", f"{workload}-release-")
        assert pod["volumes"][0]["configMap"]["name"] == config["metadata"]["name"]
        assert config["data"]["MODEL_VERSION"] == "2"
        env = {e["name"]: e.get("valueFrom") for e in pod["containers"][0]["env"]}
        assert env["MODEL_NAME"]["configMapKeyRef"]["name"] == config["metadata"]["name"]
        notes = deployment["spec"]["template"]["metadata"]["annotations"]
        assert (
            notes["acecoder.dev/version"] == "2" and notes == deployment["metadata"]["annotations"]
        )
        assert pod["initContainers"][0]["command"][:2] == ["acecoder", "fetch-model"]
        assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
        startup = pod["containers"][0]["startupProbe"]
        assert startup["periodSeconds"] * startup["failureThreshold"] == 1800
        selector = deployment["spec"]["selector"]["matchLabels"]
        for kind, path in (("Service", "selector"), ("PodDisruptionBudget", "selector")):
            found = one(things, kind, f"{workload}-server")["spec"][path]
            assert found.get("matchLabels", found) == selector
        scaled = one(things, "HorizontalPodAutoscaler", f"{workload}-server")["spec"]
        assert scaled["scaleTargetRef"]["name"] == f"{workload}-server"
    args = one(things, "Deployment", "reward-model-server")["spec"]["template"]["spec"][
        "containers"
    ][0]["args"]
    assert args[args.index("--pooler-config") + 1] == '{"use_activation": false}'


def test_answers_under_way_are_waited_for_when_a_pod_ends(operations: Path, tmp_path: Path) -> None:
    """preStop, then vLLM's own drain, then SIGKILL: each after the one before."""
    releases = [release(tmp_path, "policy", "1"), release(tmp_path, "reward-model", "1")]
    commit(operations, releases)
    for workload in ("policy", "reward-model"):
        found = one(
            render(operations / "serving" / "production"), "Deployment", f"{workload}-server"
        )
        pod = found["spec"]["template"]["spec"]
        server = pod["containers"][0]
        args = server["args"]
        drain_s = int(args[args.index("--shutdown-timeout") + 1])
        stop_s = server["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert drain_s > 0 and stop_s + drain_s < pod["terminationGracePeriodSeconds"]


def test_another_release_rolls_the_pods_and_the_same_does_not(
    operations: Path, tmp_path: Path
) -> None:
    names = []
    for version in "112":
        commit(operations, [release(tmp_path, "policy", version)])
        things = render(operations / "serving/production")
        pod = one(things, "Deployment", "policy-server")["spec"]["template"]["spec"]
        names.append(pod["volumes"][0]["configMap"]["name"])
    assert names[0] == names[1] != names[2]


def test_what_serves_is_closed(operations: Path, tmp_path: Path) -> None:
    import kubernetes_validate

    commit(operations, [release(tmp_path, w, "2") for w in ("policy", "reward-model")])
    things = render(operations / "serving/production") + render(
        operations / "manifests/serving/namespace"
    )
    things += render(operations / "manifests/reconcile")
    for thing in filter(is_builtin, things):
        for version in KUBERNETES:
            kubernetes_validate.validate(thing, version, strict=True)
        for name, _, spec in pod_templates(thing):
            for container in (*spec["containers"], *spec.get("initContainers", ())):
                closed = container["securityContext"]
                assert (
                    closed["readOnlyRootFilesystem"] and not closed["allowPrivilegeEscalation"]
                ), name
            assert spec["securityContext"]["runAsNonRoot"]
            if name != "CronJob/acecoder-reconcile":
                assert spec["automountServiceAccountToken"] is False
    policies = [t["metadata"]["name"] for t in things if t["kind"] == "NetworkPolicy"]
    assert {
        "default-deny",
        "policy-server",
        "reward-model-server",
        "check-served",
        "reconcile",
    } <= set(policies)


def test_kserve_reads_the_same_release(operations: Path, tmp_path: Path) -> None:
    commit(operations, [release(tmp_path, "policy", "2")])
    file = operations / "serving/production/policy/kustomization.yaml"
    table = yaml.safe_load(file.read_text()) | {
        "components": ["../../../manifests/components/kserve"]
    }
    file.write_text(yaml.safe_dump(table))
    things = render(operations / "serving/production")
    config = one(things, "ConfigMap", "policy-release-")["metadata"]["name"]
    predictor = one(things, "InferenceService", "policy")["spec"]["predictor"]
    assert predictor["volumes"][0]["configMap"]["name"] == config
    assert predictor["containers"][0]["env"][0]["valueFrom"]["configMapKeyRef"]["name"] == config


@pytest.mark.parametrize("tool", ["argocd", "flux"])
def test_the_order_of_gitops_objects(tool: str) -> None:
    things = render(Path("manifests/gitops") / tool)
    named = {t["metadata"]["name"]: t for t in things}
    order = ["acecoder-namespaces", "acecoder", "acecoder-serving", "acecoder-reconcile"]
    assert set(order) <= set(named)
    paths = [
        named[name]["spec"].get("path") or named[name]["spec"]["source"]["path"] for name in order
    ]
    assert not [path for path in paths if "train" in path], "train/ is applied by nobody"
    if tool == "argocd":
        waves = [
            int(named[n]["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"]) for n in order
        ]
        assert waves == sorted(waves) and len(set(waves)) == 4
    else:
        for before, name in itertools.pairwise(order):
            assert named[name]["spec"]["dependsOn"] == [{"name": before}]


class Written:
    """A head whose environment a person has written."""

    def __init__(self, text: str) -> None:
        self.text = text

    def read(self, name: str) -> str | None:
        return self.text if name == "serving/production/kustomization.yaml" else None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "# mine\nresources: []  # none yet\nimages: []\n",
            "# mine\nresources:\n- policy\nimages: []\n",
        ),
        (
            "resources:\n  - other  # mine\n# more\nx: 1\n",
            "resources:\n  - other  # mine\n  - policy\n# more\nx: 1\n",
        ),
        ("x: 1  # mine", "x: 1  # mine\nresources:\n- policy\n"),
        ("resources:\n- policy # mine\n", None),
    ],
)
def test_only_the_list_of_a_persons_kustomization_changes(
    tmp_path: Path, before: str, after: str | None
) -> None:
    found = serving_files.files(
        Written(before),  # type: ignore[arg-type]
        [release(tmp_path, "policy", "2")],
        environment="production",
        base="../{workload}",
        evidence={},
    )
    assert found.get("serving/production/kustomization.yaml") == after


@pytest.mark.parametrize("text", ["a: [", "- x\n", "resources: [a,\n  b]\n"])
def test_what_cannot_be_changed_safely_is_said(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match="by hand"):
        serving_files.files(
            Written(text),  # type: ignore[arg-type]
            [release(tmp_path, "policy", "2")],
            environment="production",
            base="../{workload}",
            evidence={},
        )
