"""Bulk judging on a cluster: an Indexed Job whose pods are clients of the sandbox pool."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from acecoder.cluster.api import Cluster, Object
from acecoder.cluster.waits import find_waits
from acecoder.config import Table, validate
from acecoder.engine.home import Home
from acecoder.engine.publishing import check_destination
from acecoder.engine.tables import write_table
from acecoder.errors import InputError, PlatformError
from acecoder.judging import bulk
from acecoder.judging.table import JudgingConfig
from acecoder.pipelines.infra import HOME, TOKEN_DIRECTORY, Infra
from acecoder.profiles import merge
from acecoder.schema import Verdict

LOOK_S = 2.0
STUCK_S = 45.0
RETRIES_PER_SHARD = 5
INPUT_IS_WRONG = 2
"""The exit status with which `acecoder` says that trying again is of no use."""
ACCOUNT = "acecoder-bulk"


def judge_bulk(
    infra_file: str,
    problems: str,
    programs: str,
    verdicts: str,
    *,
    shard_programs: int,
    parallelism: int,
    table: Table,
) -> int:
    """Split, start the Job or find it, follow it, gather. Killed and called again, it resumes.

    Raises: InputError, PlatformError.
    """
    infra = Infra.load(Path(infra_file))
    check_destination(Path(verdicts))
    own = validate(JudgingConfig, table, where="judge-bulk")
    over = infra.over("judge_programs", own, ())
    config = validate(JudgingConfig, merge(over, table), where="judge-bulk")
    cluster, home = Cluster.connect(), Home.from_environment()
    shards = bulk.split(home, Path(problems), Path(programs), config, shard_programs)
    _say(f"{shards.num_programs} programs in {shards.num_shards} shards, key {shards.key}")
    _start(cluster, infra, job(shards, infra, parallelism), shards, home)
    _follow(cluster, infra, shards, home)
    write_table(Path(verdicts), Verdict, bulk.gather(home, shards))
    _say(f"{shards.num_programs} verdicts in {verdicts}")
    return 0


def job(shards: bulk.Shards, infra: Infra, parallelism: int) -> Object:
    """The Job that judges shards: one index per shard, each tried again by itself."""
    resources = infra.resources("judge_programs")
    name = f"judge-{shards.key}"
    labels = {
        "app.kubernetes.io/name": "bulk",
        "app.kubernetes.io/part-of": "acecoder",
        "acecoder.dev/stage-pod": "true",
        "acecoder.dev/uses-sandbox-pool": "true",
    }
    security = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    mounts: list[Object] = [
        {"name": "work", "mountPath": HOME},
        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108
    ]
    container = {
        "name": "judge",
        "image": infra.images.cpu,
        "imagePullPolicy": infra.images.pull_policy,
        "command": [
            "acecoder",
            "judge-shard",
            "--key",
            shards.key,
        ],  # JOB_COMPLETION_INDEX is given
        "env": _environment(infra),
        "securityContext": security,
        "resources": {
            "requests": {"cpu": resources.cpu, "memory": resources.memory},
            "limits": {"cpu": resources.cpu_limit or resources.cpu, "memory": resources.memory},
        },
        "volumeMounts": mounts,
    }
    volumes: list[Object] = [
        {"name": "work", "emptyDir": {"sizeLimit": resources.disk}},
        {"name": "tmp", "emptyDir": {"sizeLimit": "2Gi"}},
    ]
    if infra.pool.secret:
        volumes.append(
            {"name": "token", "secret": {"secretName": infra.pool.secret, "defaultMode": 0o440}}
        )
        mounts.append({"name": "token", "mountPath": TOKEN_DIRECTORY, "readOnly": True})
    user = infra.run_as_user
    pod = {
        "serviceAccountName": ACCOUNT,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "restartPolicy": "Never",
        "imagePullSecrets": [{"name": each} for each in infra.images.pull_secrets],
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": user,
            "runAsGroup": user,
            "fsGroup": user,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "nodeSelector": resources.node_selector,
        "tolerations": [each.model_dump() for each in resources.tolerations],
        "volumes": volumes,
        "containers": [container],
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "labels": labels | resources.labels},
        "spec": {
            "completionMode": "Indexed",
            "completions": shards.num_shards,
            "parallelism": min(parallelism, shards.num_shards),
            "backoffLimitPerIndex": RETRIES_PER_SHARD,
            "maxFailedIndexes": 0,
            "ttlSecondsAfterFinished": 7 * 86400,
            # A node that goes away costs no try; a shard that is wrong is not tried again.
            "podFailurePolicy": {
                "rules": [
                    {
                        "action": "Ignore",
                        "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
                    },
                    {
                        "action": "FailJob",
                        "onExitCodes": {
                            "containerName": "judge",
                            "operator": "In",
                            "values": [INPUT_IS_WRONG],
                        },
                    },
                ]
            },
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def _environment(infra: Infra) -> list[Object]:
    """What reaches the store; pods of bulk judging track nothing."""
    found: list[Object] = [
        {"name": name, "value": value} for name, value in infra.plain_environment().items()
    ]
    found += [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": entry.secret, "key": entry.key}}}
        for name, entry in infra.secret_environment().items()
        if entry.secret == infra.store.secret
    ]
    return found


def _start(cluster: Cluster, infra: Infra, thing: Object, shards: bulk.Shards, home: Home) -> None:
    """Create the Job. A running one is adopted; one that ended too early is replaced."""
    name, done = thing["metadata"]["name"], bulk.done_shards(home, shards)
    if done == shards.num_shards:
        _say("every shard is done")
        return
    found = cluster.get("jobs", name, infra.namespace)
    if found is not None and not _ended(found):
        _say(f"job {name} is there already and keeps running")
        return
    if found is not None:
        _say(f"job {name} has {_ended(found).lower()}: it starts again, {done} shards are done")
        cluster.delete("jobs", infra.namespace, name)
        while cluster.get("jobs", name, infra.namespace) is not None:
            time.sleep(0.5)
    cluster.create("jobs", infra.namespace, thing)
    _say(f"job {name} started")


def _follow(cluster: Cluster, infra: Infra, shards: bulk.Shards, home: Home) -> None:
    """Until every shard is done. Raises PlatformError where the Job fails or no pod can run."""
    name, said, moved_s = f"judge-{shards.key}", -1, time.monotonic()
    while (done := bulk.done_shards(home, shards)) < shards.num_shards:
        if done != said:
            said, moved_s = done, time.monotonic()
            _say(f"{done}/{shards.num_shards} shards")
        found = cluster.get("jobs", name, infra.namespace)
        if found is None:
            raise PlatformError(
                f"job {name} was removed",
                where=infra.namespace,
                remedy="run judge-bulk again: it resumes",
            )
        if _ended(found) == "Failed":
            raise _failure(cluster, infra, name, found)
        if _ended(found) and bulk.done_shards(home, shards) < shards.num_shards:
            raise PlatformError(
                f"job {name} has ended, and shards have no verdicts",
                where=infra.namespace,
                remedy="run judge-bulk again",
            )
        if time.monotonic() - moved_s > STUCK_S:
            _complain_of_stuck(cluster, infra, name)
        time.sleep(LOOK_S)
    _say(f"{shards.num_shards}/{shards.num_shards} shards")


def _ended(found: Object) -> str:
    """`Complete`, `Failed`, or empty while it runs."""
    for condition in found.get("status", {}).get("conditions", ()):
        if condition["type"] in ("Complete", "Failed") and condition["status"] == "True":
            return str(condition["type"])
    return ""


def _pods(cluster: Cluster, infra: Infra, name: str) -> list[Object]:
    return cluster.items("pods", infra.namespace, labels=_selector(name))


def _selector(name: str) -> str:
    return f"batch.kubernetes.io/job-name={name}"


def _failure(
    cluster: Cluster, infra: Infra, name: str, found: Object
) -> PlatformError | InputError:
    """The Job's own reason, and the end of the log of a pod that failed."""
    conditions = found["status"]["conditions"]
    why = next(c.get("message", "") for c in conditions if c["type"] == "Failed")
    failed = [pod for pod in _pods(cluster, infra, name) if pod["status"].get("phase") == "Failed"]
    if failed:
        log = cluster.log(infra.namespace, failed[-1]["metadata"]["name"])
        why += "\n" + "\n".join(log.strip().splitlines()[-15:])
    return PlatformError(
        f"job {name} failed: {why}",
        where=infra.namespace,
        remedy="fix that and run judge-bulk again: finished shards are kept",
    )


def _complain_of_stuck(cluster: Cluster, infra: Infra, name: str) -> None:
    """Raise PlatformError where pods cannot start and none is running."""
    if any(pod["status"].get("phase") == "Running" for pod in _pods(cluster, infra, name)):
        return
    for wait in find_waits(cluster, infra.namespace, _selector(name), owner=name):
        raise PlatformError(
            f"{wait.name} cannot run: {wait.why}",
            where=infra.namespace,
            remedy=f"{wait.remedy}; then run judge-bulk again",
        )


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
