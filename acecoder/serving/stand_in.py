"""A small server with vLLM's command line and paths: it stands in for vLLM in the demo and in tests.

    python stand_in.py MODEL_DIR --served-model-name NAME NAME/VERSION [...vLLM's options]

Serves /health, /v1/models, /v1/chat/completions, /classify and /metrics. It answers with the content of
`answer.txt` of the model, starts slowly (SLOW_START_S), and on SIGTERM ends what is under way first.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

ANSWER_S = 0.05


def names_of(arguments: list[str]) -> list[str]:
    """The names after --served-model-name."""
    start = arguments.index("--served-model-name") + 1
    names = []
    for argument in arguments[start:]:
        if argument.startswith("--"):
            break
        names.append(argument)
    return names


class Handler(BaseHTTPRequestHandler):
    """One request."""

    names: list[str]
    answer: str
    classifies: bool
    protocol_version = "HTTP/1.1"
    timeout = 2.0
    """Seconds after which an idle connection is closed, so that none keeps the server from ending."""

    def _say(self, data: Any, status: int = 200) -> None:
        body = data.encode() if isinstance(data, str) else json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        if self.path == "/health":
            self._say("")
        elif self.path == "/v1/models":
            self._say(
                {"object": "list", "data": [{"id": n, "object": "model"} for n in self.names]}
            )
        elif self.path == "/metrics":
            self._say(f'vllm:num_requests_waiting{{model_name="{self.names[0]}"}} 0.0\n')
        else:
            self._say({"error": "no such path"}, 404)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(ANSWER_S)
        if body.get("model") not in self.names:
            self._say({"error": {"message": f"no model {body.get('model')}"}}, 404)
        elif self.path == "/v1/chat/completions" and not self.classifies:
            message = {"role": "assistant", "content": self.answer}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            usage = {"completion_tokens": 3, "prompt_tokens": 5, "total_tokens": 8}
            self._say({"id": "x", "model": self.names[0], "choices": [choice], "usage": usage})
        elif self.path == "/classify" and self.classifies:
            texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
            data = [{"index": i, "probs": [float(len(t) % 7)]} for i, t in enumerate(texts)]
            self._say({"data": data})
        else:
            self._say({"error": "no such path"}, 404)

    def log_message(self, format: str, *args: object) -> None:
        del format, args


def main() -> None:
    """Serve until SIGTERM."""
    arguments = [each for each in sys.argv[1:] if each != "serve"]
    time.sleep(float(os.environ.get("SLOW_START_S", "0")))
    file = Path(arguments[0]) / "answer.txt"
    bound = {
        "names": names_of(arguments),
        "answer": file.read_text() if file.is_file() else "a program",
        "classifies": "classify" in arguments,
    }
    server = ThreadingHTTPServer(
        ("0.0.0.0", int(os.environ.get("PORT", "8000"))),  # noqa: S104 (a pod serves its network)
        type("Bound", (Handler,), bound),
    )
    server.daemon_threads = False  # what is under way is waited for
    signal.signal(signal.SIGTERM, lambda *_: Thread(target=server.shutdown).start())
    server.serve_forever()
    server.server_close()


if __name__ == "__main__":
    main()
