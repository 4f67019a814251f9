"""Servers of the pool, for the tests of its client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.pools import Start, servers


@pytest.fixture
def start() -> Iterator[Start]:
    yield from servers()
