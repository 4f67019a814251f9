"""An endpoint on this machine whose answers a test scripts."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from acecoder.engine.tables import read_table
from acecoder.schema import Program

PROBLEM = {"id": "p", "question": "Write f.", "tests": ["assert f(1) == 2"]}
CODE = "```python\ndef f(n):\n    return n + 1\n```"
Script = Callable[[dict[str, Any], int], tuple[int, object]]


class Endpoint:
    """A server whose answers a function gives: (request, how many before it) -> (status, body)."""

    def __init__(self, script: Script) -> None:
        self.asked: list[dict[str, Any]] = []
        self.headers: dict[str, str] = {}
        lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args: object) -> None:
                pass

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    number = len(outer.asked)
                    outer.asked.append(body)
                status, answer = script(body, number)
                data = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

        class Server(ThreadingHTTPServer):
            request_queue_size = 512
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def model(self, **more: object) -> dict[str, Any]:
        return {"kind": "endpoint", "base_url": self.url, "model": "m", "max_retries": 2, **more}


def body(content: object = CODE, finish: str = "stop", **message: object) -> dict[str, Any]:
    return {
        "choices": [
            {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": content, **message}}
        ],
        "usage": {"completion_tokens": 7, "prompt_tokens": 11},
    }  # fmt: skip


def error(message: str, **more: object) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", **more}}


def programs(result: Any) -> list[str]:
    return [p.program for p in read_table(result.directory / "programs", Program)]
