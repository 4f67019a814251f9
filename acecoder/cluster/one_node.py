"""Trains with several processes of this machine, one for each GPU: nobody types torchrun."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from acecoder.cluster.launch import Trains
from acecoder.config import Config, having
from acecoder.engine.home import Home
from acecoder.engine.parent import parent_of_steps
from acecoder.engine.runner import Order
from acecoder.errors import PlatformError
from acecoder.training.processes import visible_gpus


@dataclass(frozen=True)
class ProcessLauncher:
    """See `engine.runner.Launcher`. Its processes share the home of the one that asks."""

    home: Home

    def nodes(self, config: Config) -> int:
        """See `engine.runner.Launcher`."""
        return int(processes_of(config) > 1)

    def is_local(self, config: Config) -> bool:
        """See `engine.runner.Launcher`."""
        return bool(self.nodes(config))

    def launch(self, order: Order, config: Config, key: str, say: Callable[[str], None]) -> None:
        """See `engine.runner.Launcher`."""
        processes = processes_of(config)
        say(f"{processes} processes train together")
        acecoder = [sys.executable, "-m", "acecoder", "run-node", "--key", key]
        torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
        command = [*torchrun, f"--nproc-per-node={processes}", "--no-python", *acecoder]
        # The lock tells them when this process was killed: whoever asks again must train alone.
        with parent_of_steps(self.home.root / "locks" / f"training-{key}"):
            environment = {**os.environ, "ACECODER_HOME": str(self.home.root)}
            # Idle cores of one process are those of another.
            threads = max(1, (os.cpu_count() or 1) // processes)
            environment.setdefault("OMP_NUM_THREADS", str(threads))
            done = subprocess.run(command, env=environment, check=False)
        if done.returncode:
            raise PlatformError(
                f"a process that trained ended with status {done.returncode}",
                where=order.step,
                remedy="what it said is above; the same command resumes from the last checkpoint",
            )


def processes_of(config: Config) -> int:
    """How many processes of this machine train; 1 where a cluster's nodes do, or for what trains nothing,
    and in a process that torchrun started."""
    trains = next(iter(having(config, Trains)), None)
    if trains is None or trains.launch is not None or "RANK" in os.environ:
        return 1
    return trains.processes or max(1, visible_gpus())
