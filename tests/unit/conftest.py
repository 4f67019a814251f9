"""A Kubernetes API that speaks HTTP, for what no test cluster should be made to suffer."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml


class Api(ThreadingHTTPServer):
    """Answers from a table of paths; a number is a status, a function is called."""

    table: dict[str, Any]
    calls: list[str]
    """Paths asked for."""
    made: list[Any]
    """Objects posted; each is then at its own path."""


class Handler(BaseHTTPRequestHandler):
    server: Api

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.server.calls.append(path)
        found = self.server.table.get(path, 404)
        self._answer(found() if callable(found) else found)

    def do_POST(self) -> None:
        thing = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        path = f"{self.path}/{thing['metadata']['name']}"
        if path in self.server.table:
            self._answer(409)
            return
        thing["metadata"]["creationTimestamp"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.server.made.append(thing)
        self.server.table[path] = thing
        self._answer(thing)

    def do_DELETE(self) -> None:
        self.server.calls.append(f"DELETE {self.path.partition('?')[0]}")
        self.server.table.pop(self.path.partition("?")[0], None)
        self._answer({})

    def _answer(self, found: Any) -> None:
        status, body = (
            (found, {"message": f"status {found}"}) if isinstance(found, int) else (200, found)
        )
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def bare_api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    server = Api(("127.0.0.1", 0), Handler)
    server.table, server.calls, server.made = {}, [], []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    kubeconfig(tmp_path / "kubeconfig", server.server_address[1], monkeypatch)
    yield server
    server.shutdown()
    server.server_close()


def kubeconfig(path: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "c",
                "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
                "users": [{"name": "u", "user": {"token": "t"}}],
                "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            }
        )
    )
    monkeypatch.setenv("KUBECONFIG", str(path))
    # Read once when the package is imported.
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(path))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
