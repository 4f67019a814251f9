"""Gives each task of a pipeline its image, resources, volumes and secrets from the infra file."""

from __future__ import annotations

from typing import Any

from kfp import kubernetes
from kfp.dsl import pipeline_context

from acecoder.config import having
from acecoder.gitops.config import WritesGit
from acecoder.pipelines.infra import HOME, TOKEN_DIRECTORY, Infra, Resources
from acecoder.pipelines.worlds import judges, world
from acecoder.profiles import Profile


def place(profile: Profile) -> None:
    """Place every task of the pipeline under construction; without an infra file, none."""
    infra = profile.overlay
    if not isinstance(infra, Infra):
        return
    for task in pipeline_context.Pipeline.get_default_pipeline().tasks.values():
        step = str(task.inputs["step"])
        _place(task, step, profile, infra)


def _place(task: Any, step: str, profile: Profile, infra: Infra) -> None:
    resources = infra.resources(step)
    task.set_display_name(step)
    image = infra.images.of(world(profile.configs[step]))
    task.set_container_image(image)
    task.set_env_variable("ACECODER_IMAGE", image)  # MLflow's runs name it
    kubernetes.set_image_pull_policy(task, infra.images.pull_policy)
    if infra.images.pull_secrets:
        kubernetes.set_image_pull_secrets(task, list(infra.images.pull_secrets))
    kubernetes.set_security_context(
        task, run_as_user=infra.run_as_user, run_as_group=infra.run_as_user, run_as_non_root=True
    )
    _ask(task, resources)
    _mount(task, resources, infra, judges(profile.configs[step]))
    _connect(task, infra)
    if infra.git.secret and any(having(profile.configs[step], WritesGit)):
        kubernetes.use_secret_as_env(task, infra.git.secret, {"token": infra.git.token_env})
    for name, value in labels(step, profile, resources).items():
        kubernetes.add_pod_label(task, name, value)


def labels(step: str, profile: Profile, resources: Resources) -> dict[str, str]:
    """Of a step's pod; network policies go by them."""
    found = {
        "app.kubernetes.io/name": "stages",
        "app.kubernetes.io/part-of": "acecoder",
        "acecoder.dev/step": step,
        "acecoder.dev/stage-pod": "true",
    }
    if judges(profile.configs[step]):
        found["acecoder.dev/uses-sandbox-pool"] = "true"
    return found | resources.labels


def _ask(task: Any, resources: Resources) -> None:
    task.set_cpu_request(resources.cpu).set_cpu_limit(resources.cpu_limit or resources.cpu)
    task.set_memory_request(resources.memory).set_memory_limit(resources.memory)
    if resources.gpu:
        task.set_accelerator_type(resources.gpu_type).set_accelerator_limit(resources.gpu)
    for name, value in resources.node_selector.items():
        kubernetes.add_node_selector(task, name, value)
    for toleration in resources.tolerations:
        kubernetes.add_toleration(
            task,
            key=toleration.key,
            operator=toleration.operator,
            value=toleration.value or None,
            effect=toleration.effect or None,
        )
    if resources.timeout_s:
        kubernetes.set_timeout(task, resources.timeout_s)
    if resources.retries:
        # Without a cap on the whole loop: KFP counts the attempts' own time in it.
        task.set_retry(
            resources.retries,
            backoff_duration="30s",
            backoff_factor=2.0,
            backoff_max_duration="86400s",
        )
    task.set_caching_options(resources.cache)


def _mount(task: Any, resources: Resources, infra: Infra, asks_pool: bool) -> None:
    """A read-only root needs its writable places named."""
    kubernetes.empty_dir_mount(task, "work", HOME, size_limit=resources.disk)
    kubernetes.empty_dir_mount(task, "tmp", "/tmp", size_limit="2Gi")
    if resources.shared_memory:
        kubernetes.empty_dir_mount(
            task, "shm", "/dev/shm", medium="Memory", size_limit=resources.shared_memory
        )
    if asks_pool and infra.pool.secret:
        kubernetes.use_secret_as_volume(task, infra.pool.secret, TOKEN_DIRECTORY)


def _connect(task: Any, infra: Infra) -> None:
    """Addresses are plain variables, keys come from Secrets; the compiled pipeline holds no key."""
    for name, value in infra.plain_environment().items():
        task.set_env_variable(name, value)
    for variable, entry in infra.secret_environment().items():
        kubernetes.use_secret_as_env(task, entry.secret, {entry.key: variable})
    for name, keys in infra.config_maps.items():
        kubernetes.use_config_map_as_env(task, name, keys)
