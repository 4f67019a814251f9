"""How a step's training is spread over nodes: configuration alone.

Apart from what acts on it (`trainjob`): stages that train import this, and a change of the launcher
must not train a model again.
"""

from __future__ import annotations

from pydantic import Field

from acecoder.config import Config


class SecretKey(Config):
    """One entry of a Secret."""

    secret: str
    key: str


class Launch(Config):
    """How a step's training is spread over nodes, from the infra file; decides no result."""

    runtime: str
    """The ClusterTrainingRuntime."""
    namespace: str = "acecoder"
    image: str = ""
    """Of the nodes; empty for the runtime's."""
    nodes: int = Field(1, ge=1)
    processes_per_node: int = Field(1, ge=1)
    """One a GPU."""
    requests: dict[str, str] = Field(default_factory=dict)
    """Resource -> quantity of a node; empty for the runtime's."""
    queue: str = ""
    """Kueue's LocalQueue; empty for none."""
    rollout_server: bool = False
    """The runtime has a job `vllm` beside the nodes, which serves the policy under training."""
    queue_timeout_s: float = Field(86_400.0, gt=0)
    """How long the job may wait for its nodes, in Kueue or in the scheduler."""
    run_timeout_s: float = Field(345_600.0, gt=0)
    """How long it may run once its first node has started."""
    env: dict[str, str] = Field(default_factory=dict)
    secret_env: dict[str, SecretKey] = Field(default_factory=dict)
