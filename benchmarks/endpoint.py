"""CPU per request with many under way: our client beside the openai package's and plain aiohttp.

    python -m benchmarks.endpoint [IN_FLIGHT] [REQUESTS]

The server runs in a process of its own and answers after half a second. CPU is that of this process.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

import aiohttp
import openai
from aiohttp import web

from acecoder.llm.interface import Request
from acecoder.llm.requesting.client import Client, Endpoint
from acecoder.llm.requesting.parameters import Parameters

LATENCY_S = 0.5
ANSWER = {
    "id": "x", "object": "chat.completion", "created": 0, "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "x" * 600}}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 200, "total_tokens": 201},
}  # fmt: skip
BODY = {
    "model": "m",
    "messages": [{"role": "user", "content": "y" * 600}],
    "max_tokens": 256,
    "seed": 1,
}


def serve(port: Connection) -> None:
    """Run the server until its process is ended; tell its port first."""

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(LATENCY_S)
        return web.json_response(ANSWER)

    async def main() -> None:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=4096)
        await site.start()
        port.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(main())


def ours(url: str, in_flight: int, count: int) -> None:
    endpoint = Endpoint(url, "m", "none", "", Parameters(), 60.0, 0, in_flight)
    requests = [Request((("user", "y" * 600),), seed=i) for i in range(count)]
    assert sum(map(len, Client(endpoint, print).answers(requests))) == count


def _pooled(count: int, in_flight: int, one: Callable[[], object]) -> object:
    async def work(left: list[int]) -> None:
        while left:
            left.pop()
            await one()  # type: ignore[misc]

    left = list(range(count))
    return asyncio.gather(*(work(left) for _ in range(in_flight)))


def package(url: str, in_flight: int, count: int, http: Callable[[], object]) -> None:
    async def main() -> None:
        async with openai.AsyncOpenAI(
            base_url=url,
            api_key="none",
            max_retries=0,
            http_client=http(),  # type: ignore[arg-type]
        ) as api:
            await _pooled(count, in_flight, lambda: api.chat.completions.create(**BODY))  # type: ignore[misc,call-overload]

    asyncio.run(main())


def plain(url: str, in_flight: int, count: int) -> None:
    async def main() -> None:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

            async def one() -> None:
                async with session.post(f"{url}/chat/completions", json=BODY) as response:
                    await response.json()

            await _pooled(count, in_flight, one)  # type: ignore[misc]

    asyncio.run(main())


def main(in_flight: int, count: int) -> None:
    """Print a table."""
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{here.recv()}/v1"
    ways: dict[str, Callable[[], None]] = {
        "ours": lambda: ours(url, in_flight, count),
        "openai over aiohttp": lambda: package(url, in_flight, count, openai.DefaultAioHttpClient),
        "openai over httpx": lambda: package(url, in_flight, count, openai.DefaultAsyncHttpxClient),
        "aiohttp alone": lambda: plain(url, in_flight, count),
    }
    ideal_s = LATENCY_S * count / in_flight
    print(
        f"{count} requests, {in_flight} under way, answered after {LATENCY_S} s; ideal {ideal_s:.1f} s"
    )
    base = 0.0
    for name, way in ways.items():
        cpu_s, wall_s = time.process_time(), time.monotonic()
        way()
        cpu_ms = (time.process_time() - cpu_s) * 1000 / count
        wall_s = time.monotonic() - wall_s
        base = base or cpu_ms
        print(
            f"{name:22} {cpu_ms:6.2f} ms of CPU a request ({cpu_ms / base:5.2f}), {ideal_s / wall_s:5.1%} of the ideal rate"
        )
    server.kill()


if __name__ == "__main__":
    main(*(int(argument) for argument in [*sys.argv[1:], *("512", "4096")[len(sys.argv) - 1 :]]))
