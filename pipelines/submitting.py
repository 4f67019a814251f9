"""Runs on Kubeflow Pipelines: submitted once per run key, followed, explained, cancelled.

KFP has no idempotency key, so a run's name holds the run key, and submitting looks for it first.
"""

from __future__ import annotations

import io
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from acecoder.errors import InputError, PlatformError
from acecoder.pipelines.watching import Watch

ENDED = {"SUCCEEDED", "FAILED", "CANCELED", "SKIPPED"}
POLL_S = 5.0
LOG_LINES = 40


@dataclass(frozen=True)
class Run:
    """A run as KFP tells of it."""

    id: str
    name: str
    state: str
    created: datetime

    @property
    def ended(self) -> bool:
        return self.state in ENDED


@dataclass(frozen=True)
class Task:
    """A step of a run as KFP tells of it."""

    name: str
    state: str
    seconds: float
    nodes: tuple[str, ...]
    """Argo's nodes beneath it; KFP finds the log of what ran there."""


@dataclass(frozen=True)
class Decision:
    """What submitting a run key comes to."""

    run: Run | None
    """The run that is there already, or None where a new one is to be made."""
    name: str
    """The name for a new run."""


def decide(name: str, runs: Sequence[Run], *, retry: bool) -> Decision:
    """One living or successful run per key; a failed one is tried again only when asked.

    `runs` are all whose name has the key. Raises InputError where the last attempt failed.
    """
    alive = [run for run in runs if not run.ended or run.state == "SUCCEEDED"]
    if alive:
        return Decision(oldest(alive), "")
    if runs and not retry:
        last = max(runs, key=lambda run: run.created)
        raise InputError(
            f"this run was {last.state} ({last.name})",
            where=last.id,
            remedy="`acecoder logs` shows why; `acecoder submit --retry` tries again, and keeps "
            "every finished step",
        )
    return Decision(None, name if not runs else f"{name}-{len(runs) + 1}")


def oldest(runs: Sequence[Run]) -> Run:
    """The run that two simultaneous submitters agree on: the oldest."""
    return min(runs, key=lambda run: (run.created, run.id))


class Kfp:
    """The KFP API, for runs of one pipeline.

    `steps`: task of the compiled pipeline -> its step; KFP tells of Argo's nodes, which are more.
    """

    def __init__(self, host: str, namespace: str, steps: Mapping[str, str]) -> None:
        if not host:
            raise InputError(
                "no address of the KFP API",
                where="submit",
                remedy="--host URL, KFP_HOST, or kfp_host in the infra file",
            )
        self._host, self._namespace, self._steps = host.rstrip("/"), namespace, steps
        with _reaching(host), _silence():
            import kfp

            self._client = kfp.Client(host=self._host, namespace=namespace)

    def runs(self, run_key: str) -> list[Run]:
        """All runs of a key, in any state. Raises PlatformError."""
        import json

        wanted = {
            "predicates": [
                {"operation": "IS_SUBSTRING", "key": "display_name", "stringValue": run_key}
            ]
        }
        found: list[Run] = []
        token = ""
        with _reaching(self._host):
            while True:
                page = self._client.list_runs(
                    page_token=token,
                    page_size=100,
                    namespace=self._namespace,
                    filter=json.dumps(wanted),
                )
                found += [_run(each) for each in page.runs or ()]
                token = page.next_page_token or ""
                if not token:
                    return found

    def create(self, name: str, package: Path, run_key: str, service_account: str) -> Run:
        """Start a run of a compiled pipeline. Raises PlatformError."""
        with _reaching(self._host), _silence():
            made = self._client.create_run_from_pipeline_package(
                str(package),
                arguments={"run_key": run_key},
                run_name=name,
                experiment_name="acecoder",
                namespace=self._namespace,
                service_account=service_account or None,
            )
        return self.get(made.run_id)

    def get(self, run_id: str) -> Run:
        with _reaching(self._host):
            return _run(self._client.get_run(run_id))

    def tasks(self, run_id: str) -> list[Task]:
        """The steps of a run, in the order in which they began. Raises PlatformError."""
        with _reaching(self._host):
            details = self._client.get_run(run_id).run_details
        nodes = details.task_details if details and details.task_details else []
        return tasks_of(nodes, self._steps)

    def cancel(self, run_id: str) -> None:
        with _reaching(self._host):
            self._client.terminate_run(run_id)

    def log(self, run_id: str, node: str) -> str:
        """A node's log from KFP, which keeps it after the pod is gone."""
        import requests

        url = f"{self._host}/apis/v1alpha1/runs/{run_id}/nodes/{node}/log"
        try:
            answer = requests.get(url, timeout=30)
        except requests.RequestException as error:
            return f"(no log: {error})"
        # What it cannot find it says with status 200.
        found = answer.ok and not answer.text.startswith('{"error_message"')
        return answer.text if found else f"(KFP keeps no log of {node})"


def tasks_of(details: Sequence[Any], steps: Mapping[str, str]) -> list[Task]:
    """Steps, out of KFP's task details: Argo's nodes (`X`, `X-driver`, `X(0)`, `executor`, `root`)."""
    found = []
    for each in details:
        step = steps.get(each.display_name or "")
        if step is None:
            continue
        seconds = 0.0
        if each.start_time and each.end_time and each.end_time.year > 1970:
            seconds = (each.end_time - each.start_time).total_seconds()
        nodes = tuple(child.pod_name for child in each.child_tasks or () if child.pod_name)
        found.append((each.start_time, Task(step, each.state or "", seconds, nodes)))
    return [task for _, task in sorted(found, key=lambda item: str(item[0]))]


def follow(
    kfp: Kfp, run: Run, tasks: Callable[[str], list[Task]], say: Callable[[str], None], watch: Watch
) -> Run:
    """Print every change of a step until the run has ended.

    `tasks` gives the steps of a run id. Raises: PlatformError, also where a pod of the run can never start: KFP would wait for ever.
    """
    seen: dict[str, str] = {}
    while True:
        now = kfp.get(run.id)
        for task in tasks(run.id):
            if task.state and seen.get(task.name) != task.state:
                seen[task.name] = task.state
                took = f"  {task.seconds:.0f} s" if task.seconds else ""
                say(f"{task.name:34} {task.state.lower()}{took}")
        if now.ended:
            return now
        watch.look(run.id, say)
        time.sleep(POLL_S)


def why_failed(tasks: Sequence[Task], log: Callable[[str], str]) -> str:
    """The end of the logs of what failed: KFP's own fields say nothing."""
    parts = []
    for task in tasks:
        if task.state == "FAILED" and task.nodes:
            lines = log(task.nodes[-1]).strip().splitlines()[-LOG_LINES:]
            parts.append("\n".join([f"--- {task.name}", *lines]))
    return "\n".join(parts)


def _run(each: Any) -> Run:
    return Run(each.run_id, each.display_name or "", each.state or "PENDING", each.created_at)


@contextmanager
def _silence() -> Iterator[None]:
    """KFP's client prints addresses of its UI and warnings about old servers; neither is of use here."""
    with redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _reaching(host: str) -> Iterator[None]:
    """Turn what the KFP client raises into one readable error."""
    import kfp_server_api
    import urllib3

    try:
        yield
    except (
        kfp_server_api.ApiException,
        urllib3.exceptions.HTTPError,
        OSError,
        ValueError,
    ) as error:
        text = str(getattr(error, "body", "") or error).strip().splitlines()
        raise PlatformError(
            f"KFP does not answer as it should: {text[0][:300] if text else type(error).__name__}",
            where=host,
            remedy="is the address right, the API up and reachable from here "
            "(`kubectl -n kubeflow port-forward svc/ml-pipeline 8888`)?",
        ) from error
