"""What promotion commits: `serving/<environment>/`, a kustomization over `manifests/serving/`.

    serving/<environment>/kustomization.yaml                 made once, then yours
    serving/<environment>/<workload>/kustomization.yaml      made once, then yours (replicas, GPUs, ...)
    serving/<environment>/<workload>/release.json            written by promotion
    serving/<environment>/<workload>/release.env             written by promotion
    serving/<environment>/<workload>/release-patch.yaml      written by promotion
    serving/<environment>/<workload>/release.intoto.json     written by promotion: where it came from
    serving/<environment>/evidence/<name>-v<N>.{json,md}     written by promotion

The pods read `release.json`, and their name and version of `release.env`; the patch puts both and the
digest where `kubectl` shows them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

import yaml

from acecoder.config import JsonValue
from acecoder.errors import InputError
from acecoder.gitops.repository import Snapshot
from acecoder.promotion.gate import Check
from acecoder.promotion.release import RELEASE, Release, Workload

PATCH = "release-patch.yaml"
ENVIRONMENT = "release.env"
STATEMENT = "release.intoto.json"
WRITTEN = (RELEASE, ENVIRONMENT, PATCH, STATEMENT)
"""What promotion writes of a workload."""
KUSTOMIZATION = "kustomization.yaml"
KIND = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
RESOURCES = re.compile(r"^resources:[^\n]*\n(?P<items>(?:(?P<dash>[ \t]*-[ \t]*)[^\n]*\n)*)", re.M)
"""The lines of a kustomization's list, in one line or as a block."""
ANNOTATION = "acecoder.dev"
"""Prefix of the annotations `model`, `version`, `digest` and `run-key`."""
HEAD = "# Made when the first version was promoted, and yours since: promotion writes release* alone.\n"
HEAD_OF_ALL = (
    "# Made when the first version was promoted, and yours since; promotion adds workloads alone.\n"
)


def folder(environment: str, workload: Workload | None = None) -> str:
    """The directory of an environment, or of one workload in it."""
    return f"serving/{environment}" + (f"/{workload}" if workload else "")


def files(
    head: Snapshot,
    releases: Sequence[Release],
    *,
    environment: str,
    base: str,
    evidence: Mapping[str, str],
    statements: Mapping[Workload, str] | None = None,
) -> dict[str, str]:
    """The files to commit on a head; none where these versions are released there already.

    Raises InputError where a kustomization that was edited by hand cannot be read.
    """
    paths = {f"{folder(environment, r.workload)}/{RELEASE}": r.text() for r in releases}
    if all(head.read(path) == text for path, text in paths.items()):
        return {}
    found = {f"{folder(environment)}/evidence/{name}": text for name, text in evidence.items()}
    for release in releases:
        own = folder(environment, release.workload)
        if head.read(f"{own}/{RELEASE}") == release.text():
            continue  # what has not changed does not roll
        found[f"{own}/{RELEASE}"] = release.text()
        found[f"{own}/{PATCH}"] = _patch(release)
        found[f"{own}/{ENVIRONMENT}"] = (
            f"MODEL_NAME={release.name}\nMODEL_VERSION={release.version}\n"
        )
        found[f"{own}/{STATEMENT}"] = (statements or {}).get(release.workload, "{}\n")
        if head.read(f"{own}/{KUSTOMIZATION}") is None:
            found[f"{own}/{KUSTOMIZATION}"] = _of_workload(release.workload, base)
    whole = _of_environment(head, releases, f"{folder(environment)}/{KUSTOMIZATION}")
    return found | whole


def _of_environment(head: Snapshot, releases: Sequence[Release], path: str) -> dict[str, str]:
    """The environment's kustomization, where a workload is not in it yet.

    One that a person wrote is changed in the lines of `resources` alone, so comments stay.
    """
    text = head.read(path)
    if text is None:
        made = {**KIND, "resources": [release.workload for release in releases]}
        return {path: HEAD_OF_ALL + yaml.safe_dump(made, sort_keys=False)}
    there = _resources(text, path)
    missing = [r.workload for r in releases if r.workload not in there]
    if not missing:
        return {}
    wanted = [*there, *missing]
    listed = "resources:\n" + "".join(f"- {name}\n" for name in wanted)
    found = RESOURCES.search(text)
    if found is None:
        changed = f"{text.rstrip()}\n{listed}"
    else:
        block = found["items"] and found[0] + "".join(f"{found['dash']}{m}\n" for m in missing)
        changed = text[: found.start()] + (block or listed) + text[found.end() :]
    if _resources(changed, path) != wanted:
        raise InputError(
            f"its resources lack {', '.join(missing)}, and cannot be changed safely",
            where=path,
            remedy="add them by hand; promotion is then repeated",
        )
    return {path: changed}


def _resources(text: str, path: str) -> list[str]:
    """What a kustomization lists. Raises InputError where it is none."""
    try:
        table = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"not YAML: {error}", where=path, remedy="repair it by hand") from None
    if not isinstance(table, dict):
        raise InputError("not a kustomization", where=path, remedy="repair it by hand")
    return list(table.get("resources") or [])


def _of_workload(workload: Workload, base: str) -> str:
    table = {
        **KIND,
        "resources": [base.replace("{workload}", workload)],
        # Its name gets a hash of its content, so that another release rolls the pods.
        "configMapGenerator": [
            {
                "name": f"{workload}-release",
                "namespace": "acecoder-serving",
                "files": [RELEASE, STATEMENT],
                "envs": [ENVIRONMENT],
            }
        ],
        "patches": [{"path": PATCH}],
    }
    return HEAD + yaml.safe_dump(table, sort_keys=False)


def _patch(release: Release) -> str:
    notes = {
        f"{ANNOTATION}/model": release.name,
        f"{ANNOTATION}/version": release.version,
        f"{ANNOTATION}/digest": release.digest,
        f"{ANNOTATION}/run-key": release.run_key,
    }
    table = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": f"{release.workload}-server",
            "namespace": "acecoder-serving",
            "annotations": notes,
        },
        "spec": {"template": {"metadata": {"annotations": notes}}},
    }
    return "# Written by promotion.\n" + yaml.safe_dump(table, sort_keys=False)


def evidence(record: Mapping[str, JsonValue], checks: Sequence[Check]) -> dict[str, str]:
    """The decision as files: everything the gate saw, as JSON and as Markdown."""
    name = f"{record['model']}-v{record['version']}"
    return {
        f"{name}.json": json.dumps(record, indent=1, sort_keys=True) + "\n",
        f"{name}.md": markdown(record, checks),
    }


def markdown(record: Mapping[str, JsonValue], checks: Sequence[Check]) -> str:
    """The decision as a person reads it in a commit or a pull request."""
    lines = [
        f"# {record['model']} version {record['version']}",
        "",
        f"{'Released' if record['promote'] else 'Held'}: {record['reason']}.",
        "",
        f"| check | candidate | {record['against']} | difference | lower bound | 95 % interval | problems | |",
        "|-|-|-|-|-|-|-|-|",
    ]
    for check in checks:
        interval = "" if check.low is None else f"{check.low:+.3f} to {check.high:+.3f}"
        cells = (
            check.name,
            _number(check.value),
            _number(check.opponent),
            _number(check.difference, "+.3f"),
            _number(check.bound, "+.3f"),
            interval,
            "" if check.problems is None else str(check.problems),
            "ok" if check.passed else f"**no**: {check.told}",
        )
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", "| | |", "|-|-|"]
    for key in ("override", "run_key", "digest", "source", "scores", "rendering", "code"):
        if record.get(key):
            lines.append(f"| {key} | `{record[key]}` |")
    return "\n".join(lines) + "\n"


def _number(value: float | None, form: str = ".3f") -> str:
    return "" if value is None else format(value, form)
