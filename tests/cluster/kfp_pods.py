"""Pods of a compiled pipeline, as KFP would make them: image, command, arguments, executor input.

Everything of a pod comes from the IR and its platform spec; only KFP's launcher is stood in for
(`launch.py`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.kube import get, kubectl, until

NAMESPACE = "acecoder"
KFP_DIRECTORIES = ("minio", "gcs", "s3", ".local", ".cache", ".config")
LAUNCHER = Path(__file__).with_name("launch.py")


class Compiled:
    """A pipeline's IR with its platform spec."""

    def __init__(self, path: Path) -> None:
        self.ir, platform = yaml.safe_load_all(path.read_text())
        self.platform = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
        self.tasks: dict[str, Any] = self.ir["root"]["dag"]["tasks"]

    def order(self) -> list[str]:
        done: list[str] = []
        while len(done) < len(self.tasks):
            done += [
                n
                for n, t in self.tasks.items()
                if n not in done and all(d in done for d in t.get("dependentTasks", []))
            ]
        return done

    def _executor(self, task: str) -> tuple[str, dict[str, Any]]:
        component = self.ir["components"][self.tasks[task]["componentRef"]["name"]]
        label = component["executorLabel"]
        return label, self.ir["deploymentSpec"]["executors"][label]["container"]

    def uri(self, task: str, output: str, root: str) -> str:
        return f"{root}/{task}/{output}"

    def executor_input(self, task: str, root: str, run_key: str) -> dict[str, Any]:
        spec = self.tasks[task]
        component = self.ir["components"][spec["componentRef"]["name"]]
        parameters = {}
        for name, value in spec["inputs"].get("parameters", {}).items():
            constant = value.get("runtimeValue", {}).get("constant")
            parameters[name] = run_key if constant is None else constant
        inputs = {}
        for name, value in spec["inputs"].get("artifacts", {}).items():
            source = value["taskOutputArtifact"]
            uri = self.uri(source["producerTask"], source["outputArtifactKey"], root)
            # As KFP's driver hands on what another task made: a number and no schema title.
            inputs[name] = {"artifacts": [_artifact("45", {"instanceSchema": ""}, uri)]}
        outputs = {
            name: {"artifacts": [_artifact(name, d["artifactType"], self.uri(task, name, root))]}
            for name, d in component["outputDefinitions"].get("artifacts", {}).items()
        }
        return {
            "inputs": {"parameterValues": parameters, "artifacts": inputs},
            "outputs": {
                "parameters": {},
                "artifacts": outputs,
                "outputFile": "/tmp/kfp/outputs/executor_output.json",
            },
        }

    def pod(self, task: str, root: str, run_key: str) -> list[dict[str, Any]]:
        """A ConfigMap with the launcher and its task, and the pod."""
        label, container = self._executor(task)
        platform = self.platform.get(label, {})
        name = f"step-{task}"
        given = {
            "command": container["command"],
            "args": container["args"],
            "executor_input": self.executor_input(task, root, run_key),
        }
        volumes, mounts = _volumes(platform)
        resources = container["resources"]
        user = platform["securityContext"]
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "labels": platform["podMetadata"]["labels"]},
            "spec": {
                "restartPolicy": "Never",
                "serviceAccountName": "acecoder-stage",
                "volumes": [{"name": "launch", "configMap": {"name": name}}, *volumes],
                "containers": [
                    {
                        "name": "main",
                        "image": container["image"],
                        "imagePullPolicy": platform["imagePullPolicy"],
                        "command": ["python3", "/launch/launch.py"],
                        "env": [*container["env"], *_secret_env(platform)],
                        "resources": {
                            "requests": {
                                "cpu": resources["resourceCpuRequest"],
                                "memory": resources["resourceMemoryRequest"],
                            },
                            "limits": {
                                "cpu": resources["resourceCpuLimit"],
                                "memory": resources["resourceMemoryLimit"],
                            },
                        },
                        # What KFP's backend adds, and a read-only root on top.
                        "securityContext": {
                            "runAsUser": int(user["runAsUser"]),
                            "runAsGroup": int(user["runAsGroup"]),
                            "runAsNonRoot": user["runAsNonRoot"],
                            "allowPrivilegeEscalation": False,
                            "readOnlyRootFilesystem": True,
                            "capabilities": {"drop": ["ALL"]},
                            "seccompProfile": {"type": "RuntimeDefault"},
                        },
                        "volumeMounts": [{"name": "launch", "mountPath": "/launch"}, *mounts],
                    }
                ],
            },
        }
        config = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name},
            "data": {"launch.py": LAUNCHER.read_text(), "task.json": json.dumps(given)},
        }
        return [config, pod]


def run(compiled: Compiled, task: str, root: str, run_key: str) -> tuple[str, str]:
    """One task's pod to its end: (phase, log)."""
    objects = compiled.pod(task, root, run_key)
    name = objects[1]["metadata"]["name"]
    kubectl("-n", NAMESPACE, "delete", "pod,configmap", name, "--ignore-not-found")
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    kubectl("-n", NAMESPACE, "apply", "-f", "-", given=text)

    def phase() -> str:
        found: str = get("pod", NAMESPACE, name)["status"]["phase"]
        return found

    until(f"{name} ends", lambda: phase() in ("Succeeded", "Failed"), 600)
    ended, log = phase(), kubectl("-n", NAMESPACE, "logs", name)
    kubectl("-n", NAMESPACE, "delete", "pod,configmap", name, "--wait=false")
    return ended, log


def _artifact(name: str, kind: dict[str, str], uri: str) -> dict[str, Any]:
    return {"name": name, "type": kind, "uri": uri, "metadata": {}}


def _volumes(platform: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    volumes: list[dict[str, Any]] = []
    mounts: list[dict[str, Any]] = []
    for directory in KFP_DIRECTORIES:
        volumes.append({"name": directory.strip("."), "emptyDir": {}})
        mounts.append({"name": directory.strip("."), "mountPath": f"/{directory}"})
    for mount in platform.get("emptyDirMounts", ()):
        empty = {"sizeLimit": mount["sizeLimit"]}
        if "medium" in mount:
            empty["medium"] = mount["medium"]
        volumes.append({"name": mount["volumeName"], "emptyDir": empty})
        mounts.append({"name": mount["volumeName"], "mountPath": mount["mountPath"]})
    for mount in platform.get("secretAsVolume", ()):
        volumes.append({"name": mount["secretName"], "secret": {"secretName": mount["secretName"]}})
        mounts.append({"name": mount["secretName"], "mountPath": mount["mountPath"]})
    return volumes, mounts


def _secret_env(platform: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "name": pair["envVar"],
            "valueFrom": {"secretKeyRef": {"name": each["secretName"], "key": pair["secretKey"]}},
        }
        for each in platform.get("secretAsEnv", ())
        for pair in each["keyToEnv"]
    ]
