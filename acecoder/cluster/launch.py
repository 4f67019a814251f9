"""How a step's training is spread over nodes: configuration alone (`launcher` acts on it)."""

from __future__ import annotations

from pydantic import Field

from acecoder.config import Config, incidental


class SecretKey(Config):
    """One entry of a Secret."""

    secret: str
    """Name of the Secret."""
    key: str
    """Key in it."""


class Launch(Config):
    """How a step's training is spread over nodes, from the infra file; decides no result."""

    runtime: str
    """The ClusterTrainingRuntime."""
    namespace: str = "acecoder"
    """Where the TrainJob runs."""
    image: str = ""
    """Of the nodes; empty for the runtime's."""
    nodes: int = Field(1, ge=1)
    """Pods that train together."""
    processes_per_node: int = Field(1, ge=1)
    """One per GPU."""
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
    """Plain environment variables of the nodes."""
    secret_env: dict[str, SecretKey] = Field(default_factory=dict)
    """Environment variables of the nodes that Secrets hold."""


class Trains(Config):
    """A config of something that trains weights, on this machine or on several nodes."""

    launch: Launch | None = incidental(None)
    """Train on several nodes of a cluster; the infra file says how. None for this machine."""
    processes: int = incidental(0, ge=0)
    """Processes that train together on this machine; 0: one for each GPU that is visible, or this one."""
