"""check_platform: does what the run needs work here? Fails before time or money is spent."""

from __future__ import annotations

import json
import os
import shutil

from pydantic import Field

from acecoder.config import Config, JsonValue, ModelConfig, incidental
from acecoder.contract import Out, Report, StageContext
from acecoder.errors import InputError, PlatformError
from acecoder.sandbox.backends import open_sandbox
from acecoder.sandbox.contract import Job, SandboxConfig
from acecoder.sandbox.identity import sandbox_digest
from acecoder.schema import Outcome


class CheckPlatformConfig(Config):
    """What the run will need."""

    model: ModelConfig | None = None
    """The model whose weights or endpoint must answer."""
    sandbox: SandboxConfig = SandboxConfig()
    """The sandbox that must prove its isolation."""
    min_free_disk_bytes: int = incidental(3_000_000_000, ge=0)
    """Free space the home must have."""
    check_again: str = Field("", max_length=200)
    """Any text; a new one makes the check run again where an old result would be reused."""

    def external_inputs(self) -> dict[str, str]:
        return {"sandbox": sandbox_digest(self.sandbox)}


PROBES = {
    "network": "import socket\ndef f(): s = socket.socket(); s.settimeout(2); s.connect(('127.0.0.1', 22)); return 'out'",
    "host files": "def f(): return open('/etc/passwd').read()",
    "processes": "import os\ndef f(): return os.fork()",
    "environment": "import os\ndef f(): return [k for k in os.environ if 'KEY' in k or 'HOME' == k and os.environ[k] != '/tmp'][0]",
    "root": "def f(): open('/packages/x', 'w'); return 'wrote'",
}  # fmt: skip


def check_platform(config: CheckPlatformConfig, *, report: Out, context: StageContext) -> Report:
    """Probe disk, model and sandbox; write what was found to `report`.

    Raises: InputError or PlatformError naming the first thing missing and its remedy.
    """
    free = shutil.disk_usage(context.home.root).free
    if free < config.min_free_disk_bytes:
        raise PlatformError(
            f"{free / 1e9:.1f} GB free, the run needs {config.min_free_disk_bytes / 1e9:.1f} GB",
            where=str(context.home.root), remedy="free some disk space, or set ACECODER_HOME",
        )  # fmt: skip
    checks: dict[str, JsonValue] = {
        "free_disk_bytes": free,
        "sandbox": _prove_isolation(config.sandbox),
    }
    if config.model is not None:
        checks["model"] = _check_model(config.model)
    for name, found in checks.items():
        context.progress.say(f"{name}: {found}")
    (report / "checks.json").write_text(json.dumps(checks, indent=1) + "\n")
    return Report({"free_disk_bytes": float(free)}, details=checks)


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


def _check_model(config: ModelConfig) -> str:
    if config.kind == "local":
        from acecoder.llm import weights

        return weights.identity(config)
    if config.api_key_env and not os.environ.get(config.api_key_env):
        raise InputError(
            f"the environment variable {config.api_key_env} is not set",
            where=f"the key for {config.base_url}", remedy=f"export {config.api_key_env}=...",
        )  # fmt: skip
    from acecoder.llm.endpoint import EndpointGenerator
    from acecoder.llm.interface import Request

    request = Request(messages=(("user", "Say hello."),), max_tokens=4)
    list(EndpointGenerator(config).generate([request]))
    return f"{config.model} answers at {config.base_url}"
