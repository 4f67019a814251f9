"""check_platform: does what the run needs work here? Fails before time or money is spent."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

from pydantic import Field

from acecoder.cluster import preflight
from acecoder.cluster.api import Cluster
from acecoder.cluster.preflight import ClusterNeeds, KnowsCluster
from acecoder.config import JsonValue, incidental
from acecoder.engine.contract import Out, Report, StageContext
from acecoder.engine.home import Home
from acecoder.errors import AceCoderError, InputError, PlatformError, SandboxUnavailable
from acecoder.llm.model import MayUseModel, Model
from acecoder.sandbox.backends.pool import PoolBackend
from acecoder.sandbox.contract import Job, Judges, SandboxConfig
from acecoder.sandbox.opening import open_sandbox
from acecoder.schema import Outcome

POOL_WAIT_S = 45.0
"""A pool that scales from nothing is there by then; a check ends within a minute."""


class CheckPlatformConfig(Judges, MayUseModel, KnowsCluster):
    """What the run will need."""

    model: Model | None = None
    """The model whose weights or endpoint must answer."""
    sandbox: SandboxConfig = SandboxConfig()
    """The sandbox that must prove its isolation."""
    min_free_disk_bytes: int = incidental(3_000_000_000, ge=0)
    """Free space the home must have."""
    check_again: str = Field("", max_length=200)
    """Any text; a new one makes the check run again where an old result would be reused."""

    def reusable(self) -> bool:
        return self.cluster is None  # what a cluster had yesterday it may lack today


PROBES = {
    "network": "import socket\ndef f(): s = socket.socket(); s.settimeout(2); s.connect(('127.0.0.1', 22)); return 'out'",
    "host files": "def f(): return open('/etc/passwd').read()",
    "processes": "import os\ndef f(): return os.fork()",
    "environment": "import os\ndef f(): return [k for k in os.environ if 'KEY' in k or 'HOME' == k and os.environ[k] != '/tmp'][0]",
    "root": "def f(): open('/packages/x', 'w'); return 'wrote'",
}


def check_platform(config: CheckPlatformConfig, *, report: Out, context: StageContext) -> Report:
    """Probe all that the run needs; write what was found to `report`.

    That MLflow takes records is seen by the run of this very step. Everything is looked at before
    anything is complained of.

    Raises: InputError or PlatformError naming what is missing, each with its remedy.
    """
    probes: dict[str, Callable[[], JsonValue]] = {
        "free_disk_bytes": lambda: _check_disk(context.home.root, config.min_free_disk_bytes),
        "store": lambda: _check_store(context.home),
        **_cluster_probes(config),
        "sandbox": lambda: _check_sandbox(config),
        "model": lambda: config.model.check(context.home) if config.model else "none needed",
    }
    checks: dict[str, JsonValue] = {}
    faults: list[AceCoderError] = []
    for name, probe in probes.items():
        try:
            checks[name] = probe()
            context.progress.say(f"{name}: {checks[name]}")
        except AceCoderError as fault:
            faults.append(fault)
            context.progress.say(f"{name}: FAILED")
    if faults:
        raise _all_of(faults)
    (report / "checks.json").write_text(json.dumps(checks, indent=1) + "\n")
    return Report({"checks": float(len(checks))}, details=checks)


def _all_of(faults: list[AceCoderError]) -> AceCoderError:
    """One error that says them all; the caller's to fix if all of them are."""
    if len(faults) == 1:
        return faults[0]
    kind = InputError if all(isinstance(f, InputError) for f in faults) else PlatformError
    return kind("\n".join([f"{len(faults)} things are missing", *map(str, faults)]))


def _check_disk(root: Path, needed_bytes: int) -> int:
    free = shutil.disk_usage(root).free
    if free < needed_bytes:
        raise PlatformError(
            f"{free / 1e9:.1f} GB free, the run needs {needed_bytes / 1e9:.1f} GB",
            where=str(root),
            remedy="free some disk space, or set ACECODER_HOME",
        )
    return free


def _check_store(home: Home) -> str:
    """Write, list, read back and remove one object."""
    if home.store is None:
        return "none: everything is kept in the home"
    name, data = f"probes/{secrets.token_hex(8)}", b"check_platform"
    home.store.put(name, data)
    whole = home.store.get(name) == data and home.store.names(name) == [name]
    home.store.delete([name])
    if not whole:
        raise PlatformError("the store does not give back what it took", where=home.store.uri(name))
    return f"{home.store.uri('')} takes, lists, gives back and removes"


def _cluster_probes(config: CheckPlatformConfig) -> dict[str, Callable[[], JsonValue]]:
    """What only a cluster can lack; none where the run is for this machine."""
    needs = config.cluster
    if needs is None:
        return {}
    cluster = Cluster.connect()
    return {
        "gvisor": lambda: preflight.check_runtime_class(cluster, needs),
        "admission": lambda: preflight.check_admission(cluster, needs),
        "quota": lambda: preflight.check_quotas(cluster, needs),
        "nodes": lambda: preflight.check_nodes(cluster, needs),
    }


def _check_sandbox(config: CheckPlatformConfig) -> str:
    """It isolates, and where it is a pool, no replica has a way out of it."""
    sandbox = config.sandbox
    if config.cluster is None or sandbox.backend != "pool":
        return _prove_isolation(sandbox)
    patient = sandbox.pool.model_copy(update={"wait_s": min(POOL_WAIT_S, sandbox.pool.wait_s)})
    sandbox = sandbox.model_copy(update={"pool": patient})
    try:
        proof = _prove_isolation(sandbox)
    except SandboxUnavailable as fault:
        raise preflight.explained(Cluster.connect(), config.cluster, fault) from fault
    return f"{proof}; {_check_network(sandbox, config.cluster)}"


def _check_network(config: SandboxConfig, needs: ClusterNeeds) -> str:
    with PoolBackend(config) as pool:
        exposed = pool.exposed()
    if not exposed:
        return "no replica has a way out"
    found = ", ".join(f"{replica} reaches {address}" for replica, address in exposed.items())
    if not needs.open_network_allowed:
        raise PlatformError(
            f"the network does not isolate sandbox pods: {found}",
            where=config.pool.url,
            remedy="a network plugin that enforces NetworkPolicy; on a machine of your own, "
            "open_network_allowed = true in [cluster] of the infra file",
        )
    return f"its NETWORK IS OPEN, as the infra file allows ({found})"


def _prove_isolation(config: SandboxConfig) -> str:
    """Programs that reach out must fail, and a right program must pass."""
    test = "assert f() != None"
    programs = tuple(PROBES.items())
    with open_sandbox(config, num_workers=1) as sandbox:
        jobs = [
            Job("probe", (test,), programs),
            Job("canary", ("assert f() == 4",), (("ok", "def f(): return 4"),)),
        ]
        judged = {result.key: result for result in sandbox.judge(jobs)}
    for name in PROBES:
        if judged[name].outcomes[0] is Outcome.PASSED:
            raise PlatformError(
                f"the sandbox does not keep programs from: {name}", where=config.backend
            )
    if judged["ok"].outcomes != (Outcome.PASSED,):
        raise PlatformError(f"a right program failed: {judged['ok'].reason}", where=config.backend)
    return f"{config.backend}: isolated from {', '.join(PROBES)}"
