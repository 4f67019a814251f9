"""Replicas that die, are down or lose their workers: it costs time, and nobody else's verdict."""

from __future__ import annotations

import contextlib
import json
import random
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from acecoder.sandbox.backends.requirements import why_unavailable
from acecoder.sandbox.conformance.programs import RIGHT
from acecoder.sandbox.contract import Job
from acecoder.sandbox.worker.outside.identity import identity
from acecoder.sandbox.worker.outside.station import Station
from acecoder.sandbox.worker.wire import to_wire
from acecoder.schema import Outcome, Test
from tests.sandbox.pools import Start, sandbox

pytestmark = pytest.mark.skipif(bool(why_unavailable()), reason=why_unavailable())
TESTS: tuple[Test, ...] = tuple(f"assert f([{i}, 2, 3]) == [3, 2, {i}]" for i in range(4, 10))


def resolve_to(monkeypatch: pytest.MonkeyPatch, port: int, *addresses: str) -> None:
    """Let `pool.test` be these addresses."""
    real = socket.getaddrinfo

    def resolve(host: object, *rest: object, **named: object) -> object:
        if host != "pool.test":
            return real(host, *rest, **named)  # type: ignore[arg-type]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


class Fragile(BaseHTTPRequestHandler):
    """A replica that speaks the protocol and loses all its connections when it runs a killer."""

    protocol_version = "HTTP/1.1"
    connections: ClassVar[set[socket.socket]] = set()

    def log_message(self, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        body = json.dumps(identity()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _lose(self, identity: int) -> None:
        """As a server says it whose workers kept dying; after a while, so that it is hedged."""
        time.sleep(0.6)
        self._line({"id": identity, "lost": "its worker kept dying"})

    def _line(self, answer: dict[str, object]) -> None:
        line = json.dumps(answer).encode() + b"\n"
        self.wfile.write(b"%x\r\n%b\r\n" % (len(line), line))
        self.wfile.flush()

    def do_POST(self) -> None:
        trials = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["trials"]
        self.connections.add(self.connection)
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        station = Station([])
        self.close_connection = True
        try:
            for trial in trials:
                if "LOSER" in trial["program"]:
                    self._lose(trial["id"])
                    continue
                if "KILLER" in trial["program"]:
                    for each in list(self.connections):
                        with contextlib.suppress(OSError):
                            each.shutdown(socket.SHUT_RDWR)
                    self.connections.clear()
                    return
                self._line({"id": trial["id"], "attempts": to_wire(station.run(trial))})
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            pass
        finally:
            self.connections.discard(self.connection)
            station.close()


@pytest.fixture
def fragile() -> Iterator[int]:
    server = ThreadingHTTPServer(("0.0.0.0", 0), Fragile)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def test_a_program_that_takes_replicas_with_it_has_crashed_and_nobody_else(
    fragile: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acecoder.sandbox.backends.replicas.REST_S", 0.1)
    programs = [(f"killer{i}", f"# KILLER {i}\ndef f(x): return 0") for i in range(3)]
    programs += [(f"right{i}", f"# {i}\ndef f(x): return x[::-1]") for i in range(20)]
    random.Random(3).shuffle(programs)
    with sandbox(fragile, chunk_programs=8) as one:
        judged = {r.key: r.outcomes for r in one.judge([Job("p", TESTS[:1], tuple(programs))])}
    assert len(judged) == 23
    assert {outcomes for key, outcomes in judged.items() if "right" in key} == {(Outcome.PASSED,)}
    assert {outcomes for key, outcomes in judged.items() if "killer" in key} == {(Outcome.CRASHED,)}


def test_a_replica_that_is_merely_down_costs_no_program_its_verdict(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acecoder.sandbox.backends.replicas.REST_S", 0.05)
    _, port = start(host="127.0.0.1")
    resolve_to(monkeypatch, port, "127.0.0.1", "127.0.0.2")
    slow = "import time\ndef f(x):\n    time.sleep(0.05)\n    return x[::-1]  # "
    programs = tuple((f"k{i}", f"{slow}{i}") for i in range(40))
    with sandbox(port, host="pool.test", chunk_programs=8) as one:
        judged = list(one.judge([Job("p", TESTS[:1], programs)]))
    assert {r.outcomes for r in judged} == {(Outcome.PASSED,)}
    assert len(judged) == 40


def test_what_is_lost_on_two_replicas_at_once_is_answered_once(
    fragile: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hedged and lost on both: it waits again when neither has it, and never twice."""
    monkeypatch.setattr("acecoder.sandbox.backends.replicas.REST_S", 0.05)
    resolve_to(monkeypatch, fragile, "127.0.0.1", "127.0.0.2")
    programs = (("loser", "# LOSER\ndef f(x): return 0"), ("right", RIGHT))
    with sandbox(fragile, host="pool.test", chunk_programs=1, hedge_after_s=0.2) as one:
        judged = [(r.key, r.outcomes) for r in one.judge([Job("p", TESTS[:1], programs)])]
    assert sorted(judged) == [("loser", (Outcome.CRASHED,)), ("right", (Outcome.PASSED,))]
