"""The pool's server as a process of this machine, and its client."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

from acecoder.sandbox.backends.requirements import WORKER
from acecoder.sandbox.contract import Limits, PoolConfig, SandboxConfig
from acecoder.sandbox.opening import Sandbox, open_sandbox

COMMAND = [sys.executable, "-s", "-P", "-S", str(WORKER), "--pool"]
DANGER = "--accept-a-kernel-that-is-not-gvisor"
Start = Callable[..., tuple[subprocess.Popen[bytes], int]]


def servers() -> Iterator[Start]:
    """Start a server on a free port; all are killed at the end."""
    started: list[subprocess.Popen[bytes]] = []

    def call(
        *options: str, port: int = 0, host: str = "127.0.0.1"
    ) -> tuple[subprocess.Popen[bytes], int]:
        if not port:
            with socket.socket() as free:
                free.bind((host, 0))
                port = free.getsockname()[1]
        given = options or ("--no-token",)
        server = subprocess.Popen(
            [*COMMAND, "--port", str(port), "--host", host, "--workers", "2", DANGER, *given],
            stderr=subprocess.DEVNULL,
        )
        started.append(server)
        for _ in range(200):
            try:
                socket.create_connection((host, port), timeout=1).close()
                return server, port
            except OSError:
                time.sleep(0.05)
        raise AssertionError("the server did not start")

    yield call
    for server in started:
        server.kill()
        server.wait()


def sandbox(port: int, host: str = "127.0.0.1", **pool: object) -> Sandbox:
    table = {"url": f"http://{host}:{port}", "wait_s": 10.0, **pool}
    config = SandboxConfig(
        backend="pool", pool=PoolConfig.model_validate(table), limits=Limits(test_cpu_s=0.3)
    )
    return open_sandbox(config, num_workers=1)
