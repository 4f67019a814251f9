"""A git server over HTTP: `git http-backend` behind Python's server, with one token that may write.

    python git_server.py DIRECTORY PORT        the token is in GIT_SERVER_TOKEN

Anybody with the token `reader` may read. Repositories are made on first use. Stands in for a forge.
"""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock

READER = "reader"
MAKING = Lock()


class Handler(BaseHTTPRequestHandler):
    """One request is one process of git's own CGI program."""

    root: Path
    token: str
    protocol_version = "HTTP/1.1"

    def _token(self) -> str:
        kind, _, given = self.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "basic":
            return ""
        return base64.b64decode(given).decode().partition(":")[2]

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _serve(self) -> None:
        if self.path == "/healthz":
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        writes = "git-receive-pack" in self.path
        token = self._token()
        if token not in (self.token, READER):
            return self._refuse(401)
        if writes and token != self.token:
            return self._refuse(403)
        name = path.strip("/").split("/")[0]
        repository = self.root / name
        with MAKING:
            self._make(name, repository)
        length = int(self.headers.get("Content-Length") or 0)
        body = self._chunks() if self.headers.get("Transfer-Encoding") else self.rfile.read(length)
        done = subprocess.run(
            ["git", "http-backend"],
            input=body,
            capture_output=True,
            check=False,
            env={
                "PATH": os.environ["PATH"],
                "GIT_PROJECT_ROOT": str(self.root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "GIT_CONFIG_COUNT": "2",
                "GIT_CONFIG_KEY_0": "http.receivepack",
                "GIT_CONFIG_VALUE_0": "true",
                "GIT_CONFIG_KEY_1": "safe.directory",
                "GIT_CONFIG_VALUE_1": "*",
                "REMOTE_USER": "acecoder",
                "REMOTE_ADDR": self.client_address[0],
                "REQUEST_METHOD": self.command,
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "HTTP_GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            },
        )
        head, _, rest = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        self.send_response(int(fields.pop("Status", "200 OK").split()[0]))
        for field, value in fields.items():
            self.send_header(field, value)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest)

    def _make(self, name: str, repository: Path) -> None:
        if name.endswith(".git") and name != "none.git" and not repository.exists():
            subprocess.run(
                ["git", "init", "-q", "--bare", "-b", "main", str(repository)], check=True
            )

    def _chunks(self) -> bytes:
        whole = b""
        while size := int(self.rfile.readline().strip(), 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return whole

    do_GET = do_POST = _serve  # noqa: N815 (the names are http.server's)

    def log_message(self, format: str, *args: object) -> None:
        del format, args


def serve(root: Path, token: str, port: int = 0, host: str = "127.0.0.1") -> ThreadingHTTPServer:
    """The server, not yet running."""
    handler = type("Bound", (Handler,), {"root": root, "token": token})
    return ThreadingHTTPServer((host, port), handler)


if __name__ == "__main__":
    serve(
        Path(sys.argv[1]), os.environ["GIT_SERVER_TOKEN"], int(sys.argv[2]), "0.0.0.0"
    ).serve_forever()
