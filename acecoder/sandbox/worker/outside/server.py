"""The pool's server: trials over HTTP, run by a few stations, inside gVisor.

    POST /v1/trials   {"trials": [{"id": ..., ...trial}]} -> a line of JSON for each, as they end
    GET  /healthz     the process answers
    GET  /readyz      its workers isolate programs and it accepts trials
    GET  /metrics     Prometheus text
    GET  /v1/identity which worker this is; a client takes no verdict from another than its own
    GET  /v1/network  what this pod reaches although a network policy should keep it from that

It holds programs and the calls to make, never an expected value. Programs are hostile; clients
are not, but may be many: what does not fit the queue is refused with 429 and comes again.
"""

import argparse
import collections
import hmac
import http.client
import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ..isolation import kernel
from ..wire import CANARY_ANSWER, CANARY_PROGRAM, CANARY_TESTS, Data, check_trial, to_wire
from .identity import identity
from .metrics import Metrics
from .network import reached
from .station import Station, StationLost

MAX_BODY_BYTES = 64 << 20
MAX_CONNECTIONS = 256
HEAD_S, BODY_S = 20.0, 60.0
"""Seconds without a byte from the client."""
MAX_RESTARTS = 3
RETRY_AFTER_S = 1
HEARTBEAT_S = 5.0
DANGER = "--accept-a-kernel-that-is-not-gvisor"
FIRST_TRIAL: Data = {
    "kind": "calls", "program": CANARY_PROGRAM, "tests": list(CANARY_TESTS),
    "limits": {
        "setup_cpu_s": 10.0, "test_cpu_s": 10.0, "test_wall_s": 60.0, "test_idle_s": 60.0,
        "total_wall_s": 60.0,
        "memory_bytes": 1 << 30, "file_bytes": 1 << 20, "threads": 8, "answer_bytes": 1 << 16,
    },
    "max_kills": 1, "max_wall_s": 60.0, "hash_seed": 0,
}  # fmt: skip


def main(arguments: list[str]) -> int:
    """Serve until SIGTERM, then finish what is queued; the exit status."""
    options = _options(arguments)
    reason = kernel.why_not_gvisor()
    if reason and not options.accept_a_kernel_that_is_not_gvisor:
        sys.stderr.write(
            f"sandbox pool: refused: this kernel is not gVisor's: {reason}\n"
            "  try: runtimeClassName: gvisor on the pod, or for a test on a machine of your own "
            f"{DANGER}\n"
        )
        return 1
    token = ""
    if options.token_file:
        with open(options.token_file, encoding="utf-8") as handle:
            token = handle.read().strip()
    if not token and not options.no_token:
        sys.stderr.write(
            "sandbox pool: refused: --token-file is missing or empty (or --no-token)\n"
        )
        return 1
    packages = _packages(options.packages)
    pool = Pool(packages, options.workers, options.queue, options.memory_bytes)
    try:
        pool.start()
    except StationLost as error:
        sys.stderr.write(f"sandbox pool: refused: programs cannot be isolated: {error}\n")
        return 1
    # Heads of a few kilobytes: anybody who reaches the port may send one.
    http.client._MAXLINE, http.client._MAXHEADERS = 8192, 32  # type: ignore[attr-defined]
    server = _Server((options.host, options.port), _Handler)
    server.pool, server.token = pool, token
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=_stop, args=(server,)).start())
    sys.stderr.write(
        f"sandbox pool: {options.workers} workers on port {server.server_address[1]}, "
        f"{'NOT IN GVISOR: ' + reason if reason else 'kernel: gVisor'}\n"
    )
    server.serve_forever(poll_interval=0.1)
    pool.finish()
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sandbox pool", description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="0.0.0.0")  # a pod has a network namespace of its own
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--queue", type=int, default=1024, help="trials waiting before 429")
    parser.add_argument("--memory-bytes", type=int, default=4 << 30, help="most a program may ask")
    parser.add_argument("--packages", default="/packages", help="directory of importable packages")
    parser.add_argument("--token-file", default="", help="file with the bearer token")
    parser.add_argument("--no-token", action="store_true", help="let anybody in")
    parser.add_argument(DANGER, action="store_true")
    return parser.parse_args(arguments)


def _packages(directory: str) -> list[str]:
    if not os.path.isdir(directory):
        return []
    return [os.path.join(directory, name) for name in sorted(os.listdir(directory))]


def _stop(server: "_Server") -> None:
    server.pool.closing = True
    server.pool.wait_until_idle()
    server.shutdown()


class Request:
    """One client's trials: results come back in `done`; `gone` when nobody listens any more."""

    def __init__(self) -> None:
        self.done: collections.deque[Data] = collections.deque()
        self.ready = threading.Semaphore(0)
        self.gone = False

    def put(self, result: Data) -> None:
        self.done.append(result)
        self.ready.release()

    def get(self, patience_s: float) -> "Data | None":
        return self.done.popleft() if self.ready.acquire(timeout=patience_s) else None


class Pool:
    """A bounded queue and the stations that empty it."""

    def __init__(self, packages: list[str], workers: int, queue: int, memory_bytes: int) -> None:
        self.packages, self.workers, self.bound = packages, workers, queue
        self.memory_bytes = memory_bytes
        self.closing = False
        self.metrics = Metrics()
        self._waiting: collections.deque[tuple[Request, Data]] = collections.deque()
        self._running = 0
        self._threads: list[threading.Thread] = []
        self._changed = threading.Condition()

    def start(self) -> None:
        """Start the workers; each judges a canary first. Raises: StationLost."""
        for _ in range(self.workers):
            station = Station(self.packages, alone=False)
            _try_canary(station)
            thread = threading.Thread(target=self._work, args=(station,), daemon=True)
            thread.start()
            self._threads.append(thread)

    def submit(self, trials: list[Data]) -> "Request | None":
        """Queue all of them, or none where they do not fit (None)."""
        request = Request()
        with self._changed:
            # A request larger than the queue may come when nobody waits, or it never could.
            if self.closing or (self._waiting and len(self._waiting) + len(trials) > self.bound):
                self.metrics.count("requests_refused_total")
                return None
            self._waiting.extend((request, trial) for trial in trials)
            self._changed.notify(len(trials))
        return request

    def is_whole(self) -> bool:
        """Is every worker's thread alive, and does it accept trials?"""
        return not self.closing and all(thread.is_alive() for thread in self._threads)

    def depth(self) -> int:
        return len(self._waiting)

    def running(self) -> int:
        return self._running

    def gauges(self) -> dict[str, int]:
        return {"queue_depth": self.depth(), "running": self.running(), "workers": self.workers}

    def wait_until_idle(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting and not self._running)

    def finish(self) -> None:
        """Let the threads end; their stations die with this process."""
        with self._changed:
            self.closing = True
            self._changed.notify_all()

    def _work(self, station: Station) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                request, trial = self._waiting.popleft()
                self._running += 1
            try:
                if not request.gone:
                    station = self._answer(station, request, trial)
            finally:
                with self._changed:
                    self._running -= 1
                    self._changed.notify_all()

    def _answer(self, station: Station, request: Request, trial: Data) -> Station:
        started_s = time.monotonic()
        result = {"id": trial.get("id"), "lost": "its worker kept dying"}
        try:
            check_trial(trial)
            asked = trial["limits"]["memory_bytes"]
            if asked > self.memory_bytes:  # less would be another verdict
                raise ValueError(f"{asked} bytes of memory, this pool gives {self.memory_bytes}")
        except Exception as error:  # whatever a stranger's JSON makes of the checks
            result = {"id": trial.get("id"), "malformed": f"{type(error).__name__}: {error}"[:300]}
            request.put(result)
            return station
        for _ in range(MAX_RESTARTS):
            try:
                attempts = station.run(trial)
                result = {"id": trial["id"], "attempts": to_wire(attempts)}
                self.metrics.count("attempts_total", len(attempts))
                break
            except Exception as error:  # a worker in an unknown state serves nobody any more
                self.metrics.count("workers_lost_total")
                reason = f"{type(error).__name__}: {error}"[:300]
                sys.stderr.write(f"sandbox pool: a worker was lost: {reason}\n")
                station.close()
                station = Station(self.packages, alone=False)
                result = {"id": trial["id"], "lost": reason}
        self.metrics.observe(time.monotonic() - started_s)
        request.put(result)
        return station


def _try_canary(station: Station) -> None:
    (attempt,) = station.run(FIRST_TRIAL)
    if attempt["why"] != "finished" or CANARY_ANSWER not in attempt["answers"]:
        raise StationLost(f"a right program was not judged right: {attempt}")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    pool: Pool
    token: str

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._free = threading.BoundedSemaphore(MAX_CONNECTIONS)

    def process_request(self, request: Any, client: Any) -> None:
        """One thread a connection, and no more connections than threads can be had."""
        if not self._free.acquire(blocking=False):
            self.pool.metrics.count("connections_refused_total")
            self.shutdown_request(request)
            return
        super().process_request(request, client)

    def process_request_thread(self, request: Any, client: Any) -> None:
        try:
            super().process_request_thread(request, client)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client: Any) -> None:
        """A connection that broke is no news; a fault of ours is."""
        error = sys.exc_info()[1]
        if not isinstance(error, (OSError, TimeoutError)):
            sys.stderr.write(f"sandbox pool: a request failed: {type(error).__name__}\n")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "sandbox-pool", ""
    timeout = HEAD_S
    server: _Server

    def do_GET(self) -> None:
        pool = self.server.pool
        if self.path == "/healthz":
            self._reply(200, "ok\n")
        elif self.path == "/readyz":
            whole = pool.is_whole()
            self._reply(
                200 if whole else 503, "ok\n" if whole else "closing, or a worker is gone\n"
            )
        elif self.path == "/metrics":
            self._reply(200, pool.metrics.text(pool.gauges()))
        elif self.path == "/v1/identity":
            self._reply(200, json.dumps(identity()) + "\n")
        elif self.path == "/v1/network":
            self._reply(200, json.dumps({"reached": reached()}) + "\n")
        else:
            self._reply(404, "no such page\n")

    def do_POST(self) -> None:
        pool = self.server.pool
        given = self.headers.get("Authorization", "")
        if self.server.token and not hmac.compare_digest(
            given.encode(), f"Bearer {self.server.token}".encode()
        ):
            pool.metrics.count("unauthorized_total")
            self.close_connection = True  # the body is not read
            self._reply(401, "the bearer token is missing or wrong\n")
            return
        size = self.headers.get("Content-Length", "")
        number = int(size) if size.isascii() and size.isdigit() and len(size) < 12 else -1
        if not 0 <= number <= MAX_BODY_BYTES:
            self.close_connection = True
            self._reply(413 if number > 0 else 411, f"a body of at most {MAX_BODY_BYTES} bytes\n")
            return
        self.connection.settimeout(BODY_S)
        body = self.rfile.read(number)
        self.connection.settimeout(HEAD_S)
        if self.path != "/v1/trials":
            self._reply(404, "no such page\n")
            return
        try:
            trials = json.loads(body)["trials"]
            if not all(isinstance(trial, dict) for trial in trials):
                raise TypeError("a trial is an object")
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            self._reply(400, f"not trials: {str(error)[:300]}\n")
            return
        pool.metrics.count("requests_total")
        request = pool.submit(trials)
        if request is None:
            self._reply(503 if pool.closing else 429, "full\n", {"Retry-After": str(RETRY_AFTER_S)})
            return
        self._stream(request, len(trials))

    def _stream(self, request: Request, count: int) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            while count:
                result = request.get(HEARTBEAT_S)
                line = json.dumps(result or {"alive": True}).encode() + b"\n"
                self.wfile.write(b"%x\r\n%b\r\n" % (len(line), line))
                count -= result is not None
            self.wfile.write(b"0\r\n\r\n")
        except OSError:  # the client has gone; what it asked for need not be run
            request.gone = True
            self.close_connection = True

    def _reply(self, status: int, text: str, headers: "dict[str, str] | None" = None) -> None:
        body = text.encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Silent: metrics count; a program's text never reaches a log."""
