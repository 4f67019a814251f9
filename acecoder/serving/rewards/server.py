"""The service: HTTP over a sandbox or a pool, with a token, a bounded queue and metrics."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from aiohttp import web
from aiohttp.typedefs import Middleware
from pydantic import BaseModel, ValidationError

from acecoder.errors import AceCoderError, InputError, PlatformError
from acecoder.rewards.outages import PatientReward
from acecoder.sandbox.contract import Job, Judged
from acecoder.sandbox.opening import Sandbox
from acecoder.serving.rewards.protocols import (
    Batch,
    Known,
    OpenRlhfAsked,
    RewardsAsked,
    Run,
    RunCodeAsked,
    open_rlhf_batch,
    own_batch,
    run_of,
    run_reply,
)
from acecoder.serving.rewards.queue import Batching, Full

MAX_BODY_BYTES = 512 * 1024 * 1024
RETRY_AFTER_S = 5
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Model = TypeVar("Model", bound=BaseModel)
OPEN = ("/healthz",)
"""Paths that need no token."""


@dataclass(frozen=True)
class Limits:
    """How much is taken on."""

    max_waiting: int = 65_536
    """Completions that wait or are judged; beyond them requests are answered 503."""
    max_together: int = 4_096
    """Completions of waiting requests that are judged in one call."""


def application(
    known: Known, reward: PatientReward, sandbox: Sandbox | None, *, token: str, limits: Limits
) -> web.Application:
    """The service. `token`: empty for none. Without a sandbox, `/run_code` is refused."""
    rewards: Batching[tuple[str, str], float | None] = Batching(
        lambda items: reward([name for name, _ in items], [text for _, text in items]),
        max_waiting=limits.max_waiting,
        max_together=limits.max_together,
    )
    runs: Batching[Run, Judged] = Batching(
        lambda items: _judged(sandbox, items),
        max_waiting=limits.max_waiting,
        max_together=limits.max_together,
    )

    async def rewarded(batch: Batch) -> list[float | None]:
        return await rewards.answers(list(zip(*batch, strict=True)))

    async def own(request: web.Request) -> web.Response:
        asked = await _read(request, RewardsAsked)
        return web.json_response({"rewards": await rewarded(own_batch(asked, known))})

    async def open_rlhf(request: web.Request) -> web.Response:
        asked = await _read(request, OpenRlhfAsked)
        found = await rewarded(open_rlhf_batch(asked, known))
        if None in found:
            # The client has no word for it, and tries again.
            raise PlatformError(f"{found.count(None)} of {len(found)} could not be scored")
        return web.json_response({"rewards": found, "scores": found, "extra_logs": {}})

    async def run_code(request: web.Request) -> web.Response:
        if sandbox is None:
            raise InputError("this service gives no verdicts: its reward runs no program")
        run = run_of(await _read(request, RunCodeAsked))
        (found,) = await runs.answers([run])
        return web.json_response(run_reply(found.outcomes, found.wall_s, found.reason))

    async def metrics(request: web.Request) -> web.Response:
        return web.Response(text=_metrics(rewards, runs))

    async def healthy(request: web.Request) -> web.Response:
        return web.json_response({"problems": len(known.problems)})

    made = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_faults, _guard(token)])
    made.router.add_post("/rewards", own)
    made.router.add_post("/get_reward", open_rlhf)
    made.router.add_post("/run_code", run_code)
    made.router.add_get("/metrics", metrics)
    made.router.add_get("/healthz", healthy)

    async def close(_: web.Application) -> None:
        rewards.close()
        runs.close()

    made.on_cleanup.append(close)
    return made


def _judged(sandbox: Sandbox | None, items: list[Run]) -> list[Judged]:
    assert sandbox is not None
    jobs = [Job(str(i), run.tests, ((str(i), run.program),)) for i, run in enumerate(items)]
    found = {int(each.key): each for each in sandbox.judge(jobs)}
    return [found[index] for index in range(len(items))]


async def _read(request: web.Request, kind: type[Model]) -> Model:
    """Raises InputError."""
    try:
        return kind.model_validate_json(await request.read())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "body"
        raise InputError(f"{place}: {first['msg']}", where=request.path) from None


@web.middleware
async def _faults(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whose move is next, by the status: 4xx the caller's, 503 nobody's but time's."""
    try:
        return await handler(request)
    except InputError as fault:
        return _refusal(400, fault)
    except Full as fault:
        return _refusal(503, PlatformError(str(fault), where="queue"))
    except PlatformError as fault:
        return _refusal(503, fault)


def _refusal(status: int, fault: AceCoderError) -> web.Response:
    headers = {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else {}
    body = json.dumps({"error": fault.what, "try": fault.remedy})
    return web.Response(status=status, text=body, content_type="application/json", headers=headers)


def _guard(token: str) -> Middleware:
    """Who has the token: as a bearer's, or as the password of a URL (`http://any:TOKEN@host`), since some
    clients take nothing but a URL."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if token and request.path not in OPEN:
            given = _given(request.headers.get("Authorization", ""))
            if not hmac.compare_digest(given.encode(), token.encode()):
                return web.json_response({"error": "a token is needed"}, status=401)
        return await handler(request)

    return guard


def _given(header: str) -> str:
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value).decode().partition(":")[2]
        except ValueError:
            return ""
    return value if scheme.lower() == "bearer" else ""


def _metrics(rewards: Batching[tuple[str, str], float | None], runs: Batching[Run, Judged]) -> str:
    """Prometheus' text."""
    lines = []
    for name, kind, text in (
        ("requests", "counter", "Requests that were read."),
        ("refused", "counter", "Requests that the queue had no room for."),
        ("items", "counter", "Completions taken on."),
        ("failed", "counter", "Completions whose call broke down."),
        ("calls", "counter", "Calls of the sandbox, each for all that waited."),
        ("waiting", "gauge", "Completions without an answer yet."),
    ):
        full = f"acecoder_rewards_{name}" + ("_total" if kind == "counter" else "")
        lines += [f"# HELP {full} {text}", f"# TYPE {full} {kind}"]
        for what, queue in (("rewards", rewards), ("run_code", runs)):
            lines.append(f'{full}{{of="{what}"}} {getattr(queue.counts, name)}')
    return "\n".join(lines) + "\n"
