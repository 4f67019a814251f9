"""The part of KFP's API that submitting uses, over HTTP, for tests: experiments and runs in memory."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

ROOT = "/apis/v2beta1"


class KfpServer:
    """Runs are PENDING until a test says otherwise."""

    def __init__(self) -> None:
        self.runs: list[dict[str, Any]] = []
        self.lock = Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or b"{}")
                with outer.lock:
                    status, found = outer.answer(self.command, self.path, body)
                text = json.dumps(found).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = _answer  # noqa: N815 (the names are http.server's)

            def log_message(self, format: str, *args: object) -> None:
                del format, args

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        parts = urlsplit(path)
        place = parts.path.removeprefix(ROOT)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        if place == "/experiments":
            one = {"experiment_id": "e", "display_name": "acecoder", "namespace": "acecoder"}
            return 200, one if method == "POST" else {"experiments": [one]}
        if place == "/runs" and method == "POST":
            made = {
                "run_id": f"run-{len(self.runs) + 1}", "display_name": body["display_name"],
                "state": "PENDING", "created_at": now,
                "runtime_config": body.get("runtime_config", {}),
            }  # fmt: skip
            self.runs.append(made)
            return 200, made
        if place == "/runs":
            asked = json.loads(parse_qs(parts.query)["filter"][0])["predicates"][0]["stringValue"]
            return 200, {"runs": [r for r in self.runs if asked in r["display_name"]]}
        name, _, verb = place.removeprefix("/runs/").partition(":")
        found = next((r for r in self.runs if r["run_id"] == name), None)
        if found is None:
            return 404, {"error": f"no {place}"}
        if verb == "terminate":
            found["state"] = "CANCELED"
        return 200, found
