"""Endpoints that fail, stall or cannot be reached, and runs that are killed while they ask."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from acecoder.errors import InputError, LLMUnavailable
from tests.stages.scripted_endpoint import PROBLEM, body, error, programs


@pytest.mark.parametrize(
    ("status", "answer", "message"),
    [
        (429, error("You exceeded your quota", code="insufficient_quota"), "insufficient_quota"),
        (200, error("You exceeded your quota", code="insufficient_quota"), "insufficient_quota"),
        (401, error("Incorrect API key"), "refused the key .*Incorrect API key"),
        (404, error("no such model"), "no such model"),
        (400, error("bad model", param="model"), "bad model"),
    ],
)
def test_a_fault_that_all_requests_share_ends_them_at_once(
    run, write, serve, status: int, answer: object, message: str
) -> None:
    endpoint = serve(lambda request, number: (status, answer))
    config = {"model": endpoint.model(concurrency=1, max_retries=9), "num_samples": 5}
    with pytest.raises(InputError, match=message):
        run("sample_programs", config, problems=write("p", PROBLEM))
    assert len(endpoint.asked) == 1


def test_a_server_that_drips_is_given_up_after_timeout_s(run, write) -> None:
    """It sends headers, then white space for ever."""
    ended = threading.Event()

    class Drips(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            try:
                while not ended.wait(0.1):
                    self.wfile.write(b" ")
            except OSError:
                pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Drips)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    model = {
        "kind": "endpoint",
        "base_url": f"http://127.0.0.1:{server.server_port}/v1",
        "model": "m",
        "timeout_s": 0.5,
        "max_retries": 1,
    }
    with pytest.raises(LLMUnavailable, match=r"after 2 tries: nothing within timeout_s = 0.5"):
        run("sample_programs", {"model": model, "num_samples": 1}, problems=write("p", PROBLEM))
    ended.set()
    server.shutdown()


@pytest.mark.parametrize("host", ["127.0.0.1:1", "no-such-host.invalid:80"])
def test_a_server_that_cannot_be_reached_is_said_to_be(run, write, host: str) -> None:
    model = {"kind": "endpoint", "base_url": f"http://{host}/v1", "model": "m", "max_retries": 1}
    with pytest.raises(LLMUnavailable, match=r"after 2 tries: Cannot connect to host"):
        run("sample_programs", {"model": model, "num_samples": 1}, problems=write("p", PROBLEM))


def test_equal_questions_are_samples_of_their_own(run, write, serve) -> None:
    endpoint = serve(lambda request, number: (200, body(f"```python\nx = {request['seed']}\n```")))
    problems = write("p", *({**PROBLEM, "id": f"{i}"} for i in range(4)))
    config = {"model": endpoint.model(), "num_samples": 2}
    result = run("sample_programs", config, problems=problems)
    assert len(set(programs(result))) == 8 and len(endpoint.asked) == 8
    again = run("sample_programs", {**config, "model_name": "other"}, problems=problems)
    assert programs(again) == programs(result) and len(endpoint.asked) == 8


KILLED = """
import sys
from pathlib import Path
from acecoder.engine.home import Home
from acecoder.engine.runner import run_stage
from acecoder.stages import load_stage
model = {"kind": "endpoint", "base_url": sys.argv[1], "model": "m", "concurrency": 64}
run_stage(load_stage("sample_programs"), step="s", table={"model": model, "num_samples": 600},
          inputs={"problems": Path(sys.argv[2])}, home=Home(Path(sys.argv[3])))
"""


def test_a_killed_run_asks_again_for_little_that_was_answered(write, serve, tmp_path: Path) -> None:
    answered: Counter[int] = Counter()

    def script(request: dict[str, Any], number: int) -> tuple[int, object]:
        time.sleep(0.1)
        answered[request["seed"]] += 1
        return 200, body()

    endpoint = serve(script)
    command = [
        sys.executable,
        "-c",
        KILLED,
        endpoint.url,
        str(write("p", PROBLEM)),
        str(tmp_path / "home"),
    ]
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    first = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    while len(answered) < 200:
        time.sleep(0.01)
    first.send_signal(signal.SIGKILL)
    first.wait()
    time.sleep(0.3)  # what was under way comes to its end
    heard = Counter(answered)
    assert len(heard) < 600
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    assert len(answered) == 600
    twice = [seed for seed in heard if answered[seed] > 1]
    # Of those 64 may have been under way, and some on the way to the disk.
    assert len(twice) <= 2 * 64, len(twice)


def test_an_interrupted_run_ends_at_once_and_keeps_what_was_answered(
    write, serve, tmp_path: Path
) -> None:
    hold = threading.Event()

    def script(request: dict[str, Any], number: int) -> tuple[int, object]:
        if number >= 40:
            hold.wait(60)  # the rest is answered when the test is over
        return 200, body()

    endpoint = serve(script)
    command = [sys.executable, "-c", KILLED, endpoint.url, str(write("p", PROBLEM)), str(tmp_path / "home")]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    run = subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # A suite that a shell runs in the background inherits an ignored Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while len(endpoint.asked) < 100:
        time.sleep(0.01)
    time.sleep(0.3)
    run.send_signal(signal.SIGINT)
    run.wait(timeout=20)  # 64 requests are under way, each with two minutes
    hold.set()
    (journal,) = (tmp_path / "home").rglob("journal/answers/*.jsonl")
    assert len(journal.read_text().splitlines()) == 40
