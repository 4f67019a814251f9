"""What the tests on the node put there: a git server, and an operations repository that it serves."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

TOKEN = "writer-on-the-node"
SCRIPTED = """\
- op: replace
  path: /spec/template/spec/containers/0/resources
  value: {requests: {cpu: 20m, memory: 64Mi}, limits: {cpu: "1", memory: 256Mi}}
- op: add
  path: /spec/template/spec/containers/0/env/-
  value: {name: SLOW_START_S, value: "3"}
- {op: replace, path: /spec/template/spec/containers/0/readinessProbe/periodSeconds, value: 2}
- {op: replace, path: /spec/template/spec/containers/0/startupProbe/periodSeconds, value: 1}
"""
"""For the stand-in in the place of vLLM."""
INIT = """\
- op: replace
  path: /spec/template/spec/initContainers/0/resources
  value: {requests: {cpu: 20m, memory: 128Mi}, limits: {cpu: "2", memory: 512Mi}}
"""


def overlay(server: str, patch: str) -> dict[str, Any]:
    """The kustomization of an environment on the test's node: images that it has, resources that it has.

    Promotion adds the workloads.
    """

    def image(name: str, here: str) -> dict[str, str]:
        there = f"ghcr.io/acecoder-on-kubernetes/{name}"
        return {"name": there, "newName": f"localhost/{here}", "newTag": "test"}

    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [],
        "images": [image("serve", server), image("cpu", "cpu")],
        "patches": [{"target": {"kind": "Deployment"}, "patch": patch + INIT}],
    }


def git_server(script: str) -> list[dict[str, Any]]:
    """A Deployment of the git server in the image `cpu`, which has git."""
    labels = {"app.kubernetes.io/name": "git-server"}
    meta = {"name": "git-server", "namespace": "acecoder-git", "labels": labels}
    closed = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    container = {
        "name": "git",
        "image": "localhost/cpu:test",
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "/script/git_server.py", "/repositories", "8080"],
        "env": [{"name": "GIT_SERVER_TOKEN", "value": TOKEN}, {"name": "HOME", "value": "/tmp"}],
        "ports": [{"containerPort": 8080}],
        "securityContext": closed,
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1},
        "volumeMounts": [
            {"name": "script", "mountPath": "/script"},
            {"name": "repositories", "mountPath": "/repositories"},
        ],
    }
    pod = {
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "fsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [
            {"name": "script", "configMap": {"name": "git-server"}},
            {"name": "repositories", "emptyDir": {}},
        ],
    }
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "acecoder-git"}},
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": meta,
            "data": {"git_server.py": script},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": meta,
            "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 8080}]},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": meta,
            "spec": {
                "selector": {"matchLabels": labels},
                "strategy": {"type": "Recreate"},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        },
    ]


def git(directory: Path, *arguments: str) -> str:
    """git as a person uses it, in a clone."""
    settings = ("-c", "user.name=person", "-c", "user.email=person@example.com")
    done = subprocess.run(
        ["git", "-C", str(directory), *settings, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"git {arguments}: {done.stderr}"
    return done.stdout.strip()


def apply_head(clone: Path, environment: str = "production") -> None:
    """What Argo CD or Flux does: the head of the branch, applied. A 20-line stand-in for them."""
    git(clone, "fetch", "-q", "origin", "main")
    git(clone, "reset", "-q", "--hard", "origin/main")
    done = subprocess.run(
        ["kubectl", "apply", "--server-side", "--force-conflicts", "-k", f"serving/{environment}"],
        cwd=clone, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def seed(clone: Path) -> None:
    """The operations repository as a platform engineer makes it: our manifests, and an overlay."""
    import yaml

    for part in ("server", "policy", "reward-model", "namespace"):
        shutil.copytree(f"manifests/serving/{part}", clone / "manifests" / "serving" / part)
    folder = clone / "serving" / "production"
    folder.mkdir(parents=True)
    made = overlay("scripted-server", SCRIPTED)
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(made, sort_keys=False))
    git(clone, "add", "-A")
    git(clone, "commit", "-q", "-m", "The platform's own files")
    git(clone, "push", "-q", "origin", "HEAD:main")
