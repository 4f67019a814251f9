"""Endpoints that tests script, no waits between tries, and a tiny model."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from acecoder.engine.home import Home
from acecoder.llm.requesting import client
from acecoder.llm.weights import resolve
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


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Weights of a tiny random model."""
    return resolve("random:tiny", "", Home(tmp_path_factory.mktemp("home")))


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_WAIT_S", 0.01)
