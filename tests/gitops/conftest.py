"""A git server over HTTP, for tests that write to an operations repository."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from tests.gitops.git_server import serve

TOKEN = "writer-5f1c"


@pytest.fixture
def git_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server whose token is in ACECODER_GIT_TOKEN."""
    (tmp_path / "repositories").mkdir()
    server = serve(tmp_path / "repositories", TOKEN)
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("ACECODER_GIT_TOKEN", TOKEN)
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
