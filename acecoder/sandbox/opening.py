"""From a config to a sandbox: hands the judge's generators to the backend that runs their trials.

A backend is chosen, never fallen back to.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

from acecoder.sandbox.contract import Audit, Findings, Job, Judged, SandboxConfig
from acecoder.sandbox.judge.references import References
from acecoder.sandbox.judge.units import units
from acecoder.sandbox.trials import Backend


class Sandbox:
    """A place where hostile programs are judged. Use as a context manager."""

    def __init__(
        self, config: SandboxConfig, backend: Backend, references: Path | None = None
    ) -> None:
        self._config, self._backend = config, backend
        self._references = References(references, config)
        self.audit = Audit()
        """What its batches did."""
        self.findings = Findings()

    def judge(self, jobs: Iterable[Job]) -> Iterator[Judged]:
        """Yield one result per program, as they finish, in no particular order.

        Jobs are drawn lazily. Raises: SandboxUnavailable where isolation is lost or workers keep
        dying.
        """
        return self._backend.run(
            units(jobs, self._config, self.audit, self.findings, self._references)
        )

    def __enter__(self) -> Self:
        self._backend.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._backend.__exit__(*exception)


def open_sandbox(
    config: SandboxConfig, *, num_workers: int, references: Path | None = None
) -> Sandbox:
    """The sandbox of `config.backend`, to be used as a context manager.

    `num_workers` are those on this machine; a pool has as many as its replicas say. `references`: a
    folder where answers of reference programs are kept, so that they are run once.
    """
    return Sandbox(config, _backend(config, num_workers), references)


def _backend(config: SandboxConfig, num_workers: int) -> Backend:
    if config.backend == "pool":
        from acecoder.sandbox.backends.pool import PoolBackend

        return PoolBackend(config)
    if config.backend == "gvisor":
        from acecoder.sandbox.backends.gvisor import gvisor_backend

        return gvisor_backend(config, num_workers=num_workers)
    from acecoder.sandbox.backends.namespace import namespace_backend

    return namespace_backend(config, num_workers=num_workers)


def default_workers() -> int:
    """Two workers per core this process may use; the second is for beside a program that takes long
    (`turns`), as one that sleeps until a wall limit ends it.

    Limits count CPU time, so that sharing a core flips no verdict.
    """
    return 2 * len(os.sched_getaffinity(0))
