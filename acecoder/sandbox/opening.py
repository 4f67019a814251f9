"""From a config to a sandbox. A backend is chosen, never fallen back to."""

from __future__ import annotations

import os

from acecoder.sandbox.contract import Sandbox, SandboxConfig


def open_sandbox(config: SandboxConfig, *, num_workers: int) -> Sandbox:
    """The sandbox of `config.backend`, to be used as a context manager.

    `num_workers` are those on this machine; a pool has as many as its replicas say.
    """
    if config.backend == "pool":
        from acecoder.sandbox.backends.pool import PoolSandbox

        return PoolSandbox(config)
    if config.backend == "gvisor":
        from acecoder.sandbox.backends.gvisor import gvisor_sandbox

        return gvisor_sandbox(config, num_workers=num_workers)
    from acecoder.sandbox.backends.namespace import namespace_sandbox

    return namespace_sandbox(config, num_workers=num_workers)


def default_workers() -> int:
    """Two workers a core this process may use; the second is for beside a program that takes long
    (`turns`), as one that sleeps until a wall limit ends it.

    Limits count CPU time, so that sharing a core flips no verdict.
    """
    return 2 * len(os.sched_getaffinity(0))
