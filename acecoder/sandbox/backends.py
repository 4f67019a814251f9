"""From a config to a sandbox. A backend is chosen, never fallen back to."""

from __future__ import annotations

import os

from acecoder.sandbox.contract import SandboxConfig
from acecoder.sandbox.namespace import NamespaceSandbox


def open_sandbox(config: SandboxConfig, *, num_workers: int) -> NamespaceSandbox:
    """The sandbox of `config.backend`, to be used as a context manager."""
    return NamespaceSandbox(config, num_workers=num_workers)


def default_workers() -> int:
    """One worker a core this process may use."""
    return len(os.sched_getaffinity(0))
