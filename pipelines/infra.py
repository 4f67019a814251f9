"""WHICH cluster: what an `infra.toml` says of images, resources, secrets, store and pool.

It lies beside an overlay (`manifests/overlays/NAME/infra.toml`) and is given by `--infra FILE`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from acecoder.cluster.capacity import Demand, Toleration
from acecoder.cluster.launch import Launch, SecretKey, Trains
from acecoder.cluster.preflight import KnowsCluster
from acecoder.components import _images
from acecoder.config import Config, Table, digest_of, nested, validate
from acecoder.errors import InputError
from acecoder.gitops.config import GitConfig, WritesGit
from acecoder.pipelines.worlds import World, world
from acecoder.profiles import merge
from acecoder.sandbox.contract import PoolConfig, SandboxConfig

KEYS_OF_STORE = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
KEYS_OF_TRACKING = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")
HOME = "/work"
"""Where images have their home directory; a pod needs an emptyDir there and on /tmp."""


class ImagesInfra(Config):
    """Where images come from. Releases name digests."""

    cpu: str = _images.CPU
    """For steps that need no torch."""
    train: str = _images.TRAIN
    """For steps that run a model or train one."""
    rl: str = _images.RL
    """For steps that write texts with vLLM."""
    pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    """Of every pod, as Kubernetes has it."""
    pull_secrets: tuple[str, ...] = ()
    """Names of Secrets."""

    def of(self, world: World) -> str:
        """The image of a world."""
        return {"cpu": self.cpu, "train": self.train, "rl": self.rl}[world]


class StoreInfra(Config):
    """The S3-compatible store that outlives pods."""

    uri: str = "s3://acecoder/home"
    """s3://BUCKET/PREFIX; artifacts, journals and checkpoints lie under it."""
    endpoint: str = ""
    """Address of the store; empty for AWS."""
    region: str = "us-east-1"
    """Of the store."""
    secret: str = "acecoder-store"
    """Secret with the keys AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."""


class TrackingInfra(Config):
    """MLflow."""

    uri: str = "http://mlflow:5000"
    """Address of the tracking server."""
    secret: str = "acecoder-mlflow-client"
    """Secret with the keys MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD; empty for none."""
    weights: Literal["upload", "reference"] = "upload"
    """Whether MLflow keeps the files of registered models too, to be seen and had through it, or their
    address in the store alone."""


class PoolInfra(Config):
    """The sandbox pool: the only place where programs run."""

    url: str = "http://sandbox-pool:8080"
    """Address of the headless Service."""
    secret: str = "sandbox-pool-token"
    """Secret with the key `token`."""


class GitInfra(GitConfig):
    """The operations repository of this cluster."""

    secret: str = ""
    """Secret with the key `token`, for https; only the step that promotes is given it."""

    def config(self) -> Table:
        """As stages have it."""
        return self.model_dump(exclude={"secret"}, exclude_defaults=True)


class ServingInfra(Config):
    """What serves what passed the gate, and how it is checked after a rollout."""

    namespace: str = "acecoder-serving"
    """Where the servers run."""
    environment: str = "production"
    """The directory of `serving/` that this cluster applies."""
    check_image: str = ""
    """Runs `acecoder check-served`; empty for images.train."""
    check_arguments: tuple[str, ...] = ()
    """More of its arguments, e.g. `--parity=0` where the weights cannot be loaded beside the server."""
    check_memory: str = "8Gi"
    """Of the check's pod, which loads the weights."""


class RequestInfra(Config):
    """A run that is asked for in git by itself: on a schedule, or when a metric drops."""

    train: str = Field(min_length=1)
    """The directory of `train/`."""
    every_days: int = Field(0, ge=0)
    """Ask anew each so many days; 0 for no schedule."""
    step: str = "evaluate_model"
    """The step whose newest metric is watched."""
    metric: str = ""
    """E.g. `humaneval_average`."""
    below: float = 0.0
    """Ask where the metric is lower."""


class ClusterInfra(Config):
    """What check_platform asks of the cluster."""

    sandbox_namespace: str = "acecoder-sandbox"
    """Where the pods of the pool run."""
    runtime_class: str = "gvisor"
    """RuntimeClass of the pods of the pool."""
    nodes: Literal["fixed", "autoscaled"] = "fixed"
    """`autoscaled`: a node that fits may be made when a pod waits, so that none is no fault."""
    open_network_allowed: bool = False
    """The pool may run where no network policy is enforced: a machine of your own."""


class Resources(Config):
    """What a step's pod asks for."""

    cpu: str = "1"
    """Cores requested."""
    cpu_limit: str = ""
    """Empty for the request."""
    memory: str = "2Gi"
    """Requested and limit: a pod's memory is not overcommitted."""
    gpu: int = Field(0, ge=0)
    """Number of GPUs."""
    gpu_type: str = "nvidia.com/gpu"
    """The extended resource's name."""
    gpu_memory_gb: float = Field(0.0, ge=0)
    """Memory of one of them, against which `acecoder plan --infra` holds the step; 0: it is not known."""
    tokens_per_gpu_s: float = Field(0.0, ge=0)
    """Tokens that one of them writes and learns from in a second, as measured, for a plan's GPU-hours; 0: it
    is not known."""
    shared_memory: str = ""
    """Size of /dev/shm in memory, counted in the pod's memory; empty for the runtime's 64 MiB."""
    disk: str = "10Gi"
    """Size limit of the home's emptyDir."""
    node_selector: dict[str, str] = {}
    """Labels that the node must have."""
    tolerations: tuple[Toleration, ...] = ()
    """Taints of nodes that the pod may run on."""
    labels: dict[str, str] = {}
    """Of the pod; a Kueue queue is `kueue.x-k8s.io/queue-name`."""
    timeout_s: int = Field(0, ge=0)
    """Run time after which the pod is ended; 0 for none."""
    retries: int = Field(2, ge=0)
    """KFP's; a stage resumes where it was."""
    cache: bool = False
    """KFP's cache; acecoder has its own, by stage key, so this saves a pod's start at most."""

    def demand(self, step: str) -> Demand:
        """In the terms of check_platform."""
        requests = {"cpu": self.cpu, "memory": self.memory}
        limits = {"cpu": self.cpu_limit or self.cpu, "memory": self.memory}
        if self.gpu:
            requests[self.gpu_type] = str(self.gpu)
        return Demand(
            step=step,
            requests=requests,
            limits=limits,
            node_selector=self.node_selector,
            tolerations=self.tolerations,
        )


class TrainJobInfra(Config):
    """A step on several nodes, by Kubeflow Trainer."""

    runtime: str
    """The ClusterTrainingRuntime (manifests/components/trainer)."""
    nodes: int = Field(1, ge=1)
    """Pods that train together."""
    processes_per_node: int = Field(1, ge=1)
    """One per GPU."""
    gpu_memory_gb: float = Field(0.0, ge=0)
    """Memory of one of them, against which `acecoder plan --infra` holds the step; 0: it is not known."""
    tokens_per_gpu_s: float = Field(0.0, ge=0)
    """Tokens that one of them writes and learns from in a second, as measured, for a plan's GPU-hours; 0: it
    is not known."""
    requests: dict[str, str] = {}
    """Resource -> quantity of a node; empty for the runtime's."""
    queue: str = ""
    """Kueue's LocalQueue; empty for none."""
    rollout_server: bool = False
    """The runtime has a job `vllm` beside the nodes, which serves the policy under training."""
    queue_timeout_s: float = Field(86_400.0, gt=0)
    """How long the job may wait for its nodes."""
    run_timeout_s: float = Field(345_600.0, gt=0)
    """How long it may run once its first node has started."""


class Infra(Config):
    """A whole `infra.toml`."""

    namespace: str = "acecoder"
    """Where KFP runs the pods of steps."""
    kfp_host: str = ""
    """Address of the KFP API (`--host` and KFP_HOST come before it)."""
    service_account: str = "acecoder-stage"
    """Of the pods of steps; empty for KFP's own."""
    run_as_user: int = Field(65532, ge=1)
    """The uid of the images."""
    images: ImagesInfra = ImagesInfra()
    """The images of steps."""
    store: StoreInfra = StoreInfra()
    """The object store behind the home."""
    tracking: TrackingInfra = TrackingInfra()
    """The MLflow server."""
    pool: PoolInfra = PoolInfra()
    """The sandbox pool."""
    git: GitInfra = GitInfra()
    """The operations repository."""
    serving: ServingInfra = ServingInfra()
    """What serves."""
    requests: tuple[RequestInfra, ...] = ()
    """Runs that `acecoder reconcile` asks for by pull requests."""
    cluster: ClusterInfra = ClusterInfra()
    """What check_platform asks of the cluster."""
    secrets: dict[str, SecretKey] = {}
    """Environment variable -> Secret, for keys of endpoints (`api_key_env`)."""
    config_maps: dict[str, dict[str, str]] = {}
    """ConfigMap -> {its key: environment variable}."""
    env: dict[str, str] = {}
    """Plain environment variables of every step (a proxy, HF_ENDPOINT)."""
    steps: dict[str, Resources] = {}
    """By step or stage; `default` for all others."""
    trainjobs: dict[str, TrainJobInfra] = {}
    """By stage: trained by a TrainJob that the step's pod starts and follows."""
    set: Table = {}
    """Tables of stages, over the profile's (`[set.sample_programs] num_workers = 8`)."""

    @classmethod
    def load(cls, path: Path) -> Infra:
        """Read a file. Raises InputError naming table and key."""
        try:
            table = tomllib.loads(path.read_text())
        except FileNotFoundError:
            raise InputError("no such infra file", where=str(path)) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InputError(f"not TOML: {error}", where=str(path)) from error
        steps = table.get("steps", {})
        default = steps.get("default", {})
        table["steps"] = {name: merge(default, own) for name, own in steps.items()}
        return validate(cls, table, where=str(path))

    def resources(self, step: str) -> Resources:
        """Of a step: its own table, else its stage's, else `default`."""
        stage = step.partition(".")[0]
        for name in (step, stage, "default"):
            if name in self.steps:
                return self.steps[name]
        return Resources()

    def over(self, stage: str, config: Config, steps: Sequence[str]) -> Table:
        """What this cluster says over a profile's table of a stage (`profiles.Overlay`).

        Programs run in the pool, whatever the profile says, wherever in the config a sandbox is;
        check_platform is told what the pipeline's `steps` ask for.
        """
        table: Table = dict(self.set.get(stage, {}))
        for path, part in nested(config):
            if isinstance(part, SandboxConfig):
                table = merge(table, _at(path, self._sandbox()))
            if isinstance(part, Trains) and stage in self.trainjobs:
                table = merge(table, _at(path, {"launch": self._launch(stage, config)}))
            if isinstance(part, WritesGit):
                table = merge(table, _at(path, {"git": self._git(part)}))
            if isinstance(part, KnowsCluster):
                table = merge(_at(path, {"cluster": self._needs(steps)}), table)
        return table

    def _git(self, part: WritesGit) -> Table:
        """Raises InputError where nothing says where releases go: a pod's disk does not outlive it."""
        if not (self.git.url or part.git.url) and "nothing" not in (self.git.write, part.git.write):
            raise InputError(
                "no operations repository is configured, so a model that passes the gate could not be released",
                where="[git] of the infra file",
                remedy='url = "https://..." and secret = "...", or write = "nothing" to decide alone',
            )
        return self.git.config()

    def _sandbox(self) -> Table:
        pool = PoolConfig().model_dump(include={"url", "token_file"}) | {"url": self.pool.url}
        if self.pool.secret:
            pool |= {"token_file": f"{TOKEN_DIRECTORY}/token"}
        return {"backend": "pool", "pool": pool}

    def _launch(self, stage: str, config: Config) -> Table:
        return Launch(
            **self.trainjobs[stage].model_dump(exclude={"gpu_memory_gb", "tokens_per_gpu_s"}),
            namespace=self.namespace,
            image=self.images.of(world(config)),
            env=self.plain_environment(),
            secret_env=self.secret_environment(),
        ).model_dump(mode="json")

    def plain_environment(self) -> dict[str, str]:
        """Variables of every pod of ours, none of them secret."""
        plain = {
            "HOME": HOME,
            "ACECODER_HOME": f"{HOME}/acecoder",
            "ACECODER_STORE": self.store.uri,
            "AWS_REGION": self.store.region,
            "MLFLOW_TRACKING_URI": self.tracking.uri,
            "OMP_WAIT_POLICY": "passive",
            **self.env,
        }
        if self.store.endpoint:
            plain["AWS_ENDPOINT_URL"] = self.store.endpoint
        if self.tracking.weights != "upload":
            plain["ACECODER_MLFLOW_WEIGHTS"] = self.tracking.weights
        return plain

    def secret_environment(self) -> dict[str, SecretKey]:
        """Variables of every pod of ours that Secrets hold."""
        found: dict[str, SecretKey] = {}
        for secret, keys in (
            (self.store.secret, KEYS_OF_STORE),
            (self.tracking.secret, KEYS_OF_TRACKING),
        ):
            if secret:
                found |= {key: SecretKey(secret=secret, key=key) for key in keys}
        return found | self.secrets

    def _needs(self, steps: Sequence[str]) -> Table:
        """Steps that ask for the same are one demand, named by the first of them."""
        demands: dict[str, Demand] = {}
        for step in steps:
            demand = self.resources(step).demand(step)
            demands.setdefault(digest_of(demand.model_dump(exclude={"step"})), demand)
        return {
            "namespace": self.namespace,
            **self.cluster.model_dump(),
            "demands": [each.model_dump(mode="json") for each in demands.values()],
        }


TOKEN_DIRECTORY = "/var/run/sandbox-pool"
"""Where the pool's Secret is mounted."""


def _at(path: tuple[str, ...], table: Table) -> Table:
    """A table at the end of a path of keys."""
    for key in reversed(path):
        table = {key: table}
    return table
