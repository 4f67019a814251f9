"""The pool on a cluster beside judging on the node itself, on one load, in one run.

    PYTHONPATH=. .venv/bin/python benchmarks/cluster.py --programs 2000

Needs KUBECONFIG, an installation (`make test-cluster` leaves one), runsc on PATH, and a pool whose
pods this machine reaches. The autoscaler is held at each number of pods; it is given back after.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox import Cgroup
from soak import jobs

from acecoder.sandbox.contract import PoolConfig, SandboxConfig
from acecoder.sandbox.opening import default_workers, open_sandbox

NAMESPACE = "acecoder-sandbox"
URL = "http://sandbox-pool:8080"


def kubectl(*arguments: str) -> str:
    return subprocess.run(
        ["kubectl", "-n", NAMESPACE, *arguments], check=True, capture_output=True, text=True
    ).stdout


def pods() -> list[dict[str, Any]]:
    found = json.loads(
        kubectl("get", "pods", "-l", "app.kubernetes.io/name=sandbox-pool", "-o", "json")
    )
    return [p for p in found["items"] if "deletionTimestamp" not in p["metadata"]]


def ready() -> list[str]:
    return [
        p["status"]["podIP"]
        for p in pods()
        if any(
            c["type"] == "Ready" and c["status"] == "True"
            for c in p["status"].get("conditions", ())
        )
    ]


@contextmanager
def names_of_the_cluster() -> Iterator[None]:
    """Let `sandbox-pool` be its ready pods, as the headless Service does inside."""
    real = socket.getaddrinfo

    def resolve(host: Any, port: Any, *rest: Any, **named: Any) -> Any:
        if host != "sandbox-pool":
            return real(host, port, *rest, **named)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in ready()]

    socket.getaddrinfo = resolve
    try:
        yield
    finally:
        socket.getaddrinfo = real


def hold(replicas: int) -> None:
    """Hold the pool at so many pods."""
    bounds = json.dumps(
        {"spec": {"minReplicas": max(1, replicas), "maxReplicas": max(1, replicas)}}
    )
    kubectl("patch", "hpa", "sandbox-pool", "--type=merge", "-p", bounds)
    kubectl("scale", "deployment/sandbox-pool", f"--replicas={replicas}")
    while len(pods()) != replicas or len(ready()) != replicas:
        time.sleep(0.25)


def cold_start_s() -> float:
    """From no pod to one that judges: image on the node, no container."""
    hold(0)
    started_s = time.monotonic()
    hold(1)
    return time.monotonic() - started_s


def pods_cpu_s() -> float:
    """CPU seconds of all pods so far, gVisor itself included; on the node of a development cluster."""
    total = 0.0
    for pod in pods():
        uid = pod["metadata"]["uid"]
        found = [
            *Path("/sys/fs/cgroup").glob(f"cpuacct/kubepods/*/pod{uid}/cpuacct.usage"),
            *Path("/sys/fs/cgroup").glob(f"kubepods*/*/*{uid.replace('-', '_')}*/cpu.stat"),
        ]
        if not found:
            return float("nan")  # a node elsewhere
        text = found[0].read_text().split()
        total += int(text[0]) / 1e9 if len(text) == 1 else int(text[1]) / 1e6
    return total


class Own:
    """This process and all it started, in a cgroup of their own."""

    def __init__(self) -> None:
        self._cgroup = Cgroup()
        self._cgroup.enter()

    def cpu_s(self) -> float:
        return self._cgroup.cpu_s()


def judge(config: SandboxConfig, programs: int, own: Own) -> tuple[float, float, float]:
    """(programs per second, CPU ms per program in this process, in this and all it started)."""
    with open_sandbox(config, num_workers=default_workers()) as sandbox:
        list(sandbox.judge(jobs(100)))
        started_s, client_s, all_s = time.monotonic(), time.process_time(), own.cpu_s()
        count = sum(1 for _ in sandbox.judge(jobs(programs)))
        rate = count / (time.monotonic() - started_s)
        return (
            rate,
            1000 * (time.process_time() - client_s) / count,
            1000 * (own.cpu_s() - all_s) / count,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=int, default=2000)
    parser.add_argument("--pods", default="1,2,4")
    options = parser.parse_args()
    print(
        f"{os.cpu_count()} cores for node and pods alike, {options.programs} programs of 6 asserts"
    )
    starts = [cold_start_s() for _ in range(3)]
    print("cold pool to ready: " + ", ".join(f"{s:.1f} s" for s in starts))
    print(
        "| where | workers | programs/s | client CPU ms/program | all CPU ms/program |\n|-|-|-|-|-|"
    )
    own = Own()
    for backend in ("namespace", "gvisor"):
        config = SandboxConfig.model_validate({"backend": backend})
        rate, client_ms, all_ms = judge(config, options.programs, own)
        _row(f"node, {backend}", default_workers(), rate, client_ms, all_ms)
    secret = json.loads(kubectl("get", "secret", "sandbox-pool-token", "-o", "json"))["data"][
        "token"
    ]
    with tempfile.TemporaryDirectory() as directory, names_of_the_cluster():
        token = Path(directory) / "token"
        token.write_bytes(base64.b64decode(secret))
        config = SandboxConfig(backend="pool", pool=PoolConfig(url=URL, token_file=str(token)))
        for replicas in (int(n) for n in options.pods.split(",")):
            hold(replicas)
            before_s = pods_cpu_s()
            rate, client_ms, all_ms = judge(config, options.programs, own)
            all_ms += 1000 * (pods_cpu_s() - before_s) / (options.programs + 100)
            _row(f"{replicas} pods", 4 * replicas, rate, client_ms, all_ms)
    kubectl(
        "patch",
        "hpa",
        "sandbox-pool",
        "--type=merge",
        "-p",
        '{"spec": {"minReplicas": 2, "maxReplicas": 4}}',
    )


def _row(where: str, workers: int, rate: float, client_ms: float, all_ms: float) -> None:
    print(f"| {where} | {workers} | {rate:.0f} | {client_ms:.2f} | {all_ms:.2f} |", flush=True)


if __name__ == "__main__":
    main()
