"""Has the nodes of a TrainJob run a step: what the engine's runner is handed for training."""

from __future__ import annotations

from collections.abc import Callable

from acecoder.cluster import trainjob
from acecoder.cluster.api import Cluster
from acecoder.cluster.launch import Launch, Trains
from acecoder.config import Config, having
from acecoder.engine.runner import Order
from acecoder.llm.local import LocalModel


class TrainJobLauncher:
    """See `engine.runner.Launcher`."""

    def nodes(self, config: Config) -> int:
        """See `engine.runner.Launcher`."""
        launch = _launch_of(config)
        return launch.nodes if launch else 0

    def is_local(self, config: Config) -> bool:
        """See `engine.runner.Launcher`."""
        del config
        return False

    def launch(self, order: Order, config: Config, key: str, say: Callable[[str], None]) -> None:
        """See `engine.runner.Launcher`."""
        launch = _launch_of(config)
        assert launch is not None
        command = ["torchrun", "--no-python", "acecoder", "run-node", "--key", key]
        name = f"{order.stage.replace('_', '-')}-{key[:12]}"
        labels = {trainjob.RUN_KEY_LABEL: order.run_key} if order.run_key else {}
        model = next((m.source.removeprefix("hub:") for m in having(config, LocalModel)), "")
        thing = trainjob.trainjob(launch, name, command, labels, model)
        trainjob.run(Cluster.connect(), launch, thing, say)


def _launch_of(config: Config) -> Launch | None:
    return next((part.launch for part in having(config, Trains) if part.launch), None)
