"""Endpoints that tests script, and no waits between tries."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from acecoder.llm.requesting import client
from tests.stages.scripted_endpoint import Endpoint, Script


@pytest.fixture
def serve() -> Iterator[Callable[[Script], Endpoint]]:
    started: list[Endpoint] = []

    def start(script: Script) -> Endpoint:
        started.append(Endpoint(script))
        return started[-1]

    yield start
    for each in started:
        each.server.shutdown()


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_WAIT_S", 0.01)
