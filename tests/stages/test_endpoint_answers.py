"""Endpoints as they are: what they refuse, what they send instead of an answer, how they stall."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from acecoder.engine.tables import read_table
from acecoder.errors import InputError, LLMUnavailable
from acecoder.llm.requesting import client
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


@pytest.fixture
def serve() -> Iterator[Callable[[Script], Endpoint]]:
    started: list[Endpoint] = []

    def start(script: Script) -> Endpoint:
        started.append(Endpoint(script))
        return started[-1]

    yield start
    for each in started:
        each.server.shutdown()


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_WAIT_S", 0.01)


def body(content: object = CODE, finish: str = "stop", **message: object) -> dict[str, Any]:
    return {
        "choices": [
            {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": content, **message}}
        ],
        "usage": {"completion_tokens": 7},
    }  # fmt: skip


def error(message: str, **more: object) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", **more}}


def programs(result: Any) -> list[str]:
    return [p.program for p in read_table(result.directory / "programs", Program)]


READ = {
    "usage that is null": {**body(), "usage": None},
    "no usage": {"choices": body()["choices"]},
    "content in parts": body([{"type": "text", "text": CODE[:20]}, {"type": "text", "text": CODE[20:]}]),
    "a null among its tool calls": body(tool_calls=None),
}  # fmt: skip
ASKED_AGAIN = {
    "a body that is cut off": '{"id": "x", "choices": [',
    "an empty body": "",
    "a body that is no object": "[]",
    "HTML": "<html>busy</html>",
    "an error object": {"error": {"message": "overloaded", "code": 529}},
    "an error that is a text": {"error": "overloaded"},
    "no choices": {**body(), "choices": []},
    "choices that are null": {**body(), "choices": None},
    "no message": {"choices": [{"finish_reason": "stop"}]},
    "null content": body(None),
    "an empty text": body("  \n"),
}
SET_ASIDE = {
    "refusal": body(None, refusal="I will not."),
    "content_filter": body("def f", "content_filter"),
    "tool_calls": body(None, "tool_calls", tool_calls=[{"id": "1", "type": "function"}]),
    "reasoning_only": body("", "length", reasoning_content="Let me think"),
    "empty": body(""),
}


@pytest.mark.parametrize("name", READ)
def test_a_whole_answer_is_read_in_whatever_form(run, write, serve, name: str) -> None:
    endpoint = serve(lambda request, number: (200, READ[name]))
    result = run(
        "sample_programs",
        {"model": endpoint.model(), "num_samples": 1},
        problems=write("p", PROBLEM),
    )
    assert programs(result) == ["def f(n):\n    return n + 1\n"]
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize("name", ASKED_AGAIN)
def test_what_is_no_answer_is_asked_again(run, write, serve, name: str) -> None:
    endpoint = serve(lambda request, number: (200, body() if number else ASKED_AGAIN[name]))
    result = run(
        "sample_programs",
        {"model": endpoint.model(), "num_samples": 1},
        problems=write("p", PROBLEM),
    )
    assert programs(result) == ["def f(n):\n    return n + 1\n"]
    assert len(endpoint.asked) == 2


@pytest.mark.parametrize("name", SET_ASIDE)
def test_what_will_never_be_an_answer_is_counted_and_not_paid_for_again(
    run, write, serve, name: str
) -> None:
    endpoint = serve(
        lambda request, number: (200, SET_ASIDE[name] if "one" in str(request) else body())
    )
    problems = write("p", {**PROBLEM, "id": "one", "question": "one"}, {**PROBLEM, "id": "two"})
    config = {"model": endpoint.model(), "num_samples": 1}
    result = run("sample_programs", config, problems=problems)
    assert result.report.metrics[f"set_aside_{name}"] == 1
    assert result.report.metrics["programs"] == 1 and result.report.metrics["asked"] == 2
    asked = len(endpoint.asked)
    # Another step that asks the same is given the same, without a request.
    again = run("sample_programs", {**config, "model_name": "other"}, problems=problems)
    assert again.report.metrics[f"set_aside_{name}"] == 1
    assert len(endpoint.asked) == asked


def test_what_the_server_sends_again_and_again_is_told_with_how_often(run, write, serve) -> None:
    endpoint = serve(
        lambda request, number: (200, {"error": {"message": "the cluster is on fire"}})
    )
    with pytest.raises(LLMUnavailable, match=r"after 3 tries: .*the cluster is on fire"):
        run(
            "sample_programs",
            {"model": endpoint.model(), "num_samples": 1},
            problems=write("p", PROBLEM),
        )
    assert len(endpoint.asked) == 3


def refusing(name: str, code: str = "unsupported_parameter") -> Script:
    def script(request: dict[str, Any], number: int) -> tuple[int, object]:
        if name in request:
            return 400, error(
                f"Unsupported parameter: '{name}' is not known.", param=name, code=code
            )
        return 200, body()

    return script


@pytest.mark.parametrize("name", ["max_tokens", "temperature", "top_p", "seed"])
def test_a_parameter_that_is_refused_by_name_is_left_out_and_said(
    run, write, serve, capsys, name: str
) -> None:
    endpoint = serve(refusing(name))
    config = {"model": endpoint.model(), "num_samples": 3, "top_p": 0.9}
    assert len(programs(run("sample_programs", config, problems=write("p", PROBLEM)))) == 3
    assert capsys.readouterr().out.count(f"refused the parameter {name}") == 1
    if name == "max_tokens":
        assert endpoint.asked[-1]["max_completion_tokens"] == 1024


def test_a_server_that_refuses_what_is_not_sent_any_more_is_not_asked_for_ever(
    run, write, serve
) -> None:
    endpoint = serve(
        lambda request, number: (400, error("Unsupported parameter: 'seed'", param="seed"))
    )
    config = {"model": endpoint.model(concurrency=1), "num_samples": 1}
    with pytest.raises(InputError, match=r"refused 1 of 1 prompts"):
        run("sample_programs", config, problems=write("p", PROBLEM))
    assert len(endpoint.asked) == 2


def test_the_profile_names_the_parameters(run, write, serve) -> None:
    endpoint = serve(lambda request, number: (200, body()))
    parameters = {"max_tokens": "max_completion_tokens", "temperature": "", "seed": "random_seed",
                  "extra_body": {"chat_template_kwargs": {"enable_thinking": False}}}  # fmt: skip
    config = {"model": endpoint.model(parameters=parameters), "num_samples": 1}
    run("sample_programs", config, problems=write("p", PROBLEM))
    (request,) = endpoint.asked
    assert request.keys() == {
        "model",
        "messages",
        "max_completion_tokens",
        "random_seed",
        "chat_template_kwargs",
    }
    with pytest.raises(InputError, match=r"temprature"):
        run(
            "sample_programs",
            {"model": endpoint.model(parameters={"temprature": ""})},
            problems=write("p", PROBLEM),
        )


def test_a_parameter_is_not_left_out_where_that_is_not_wished(run, write, serve) -> None:
    endpoint = serve(refusing("temperature"))
    config = {"model": endpoint.model(parameters={"adapt": False}), "num_samples": 1}
    with pytest.raises(InputError) as fault:
        run("sample_programs", config, problems=write("p", PROBLEM))
    assert "Unsupported parameter: 'temperature'" in str(fault.value)
    assert "parameters.temperature" in str(fault.value.remedy)


def test_seeds_stay_within_31_bits(run, write, serve) -> None:
    endpoint = serve(lambda request, number: (200, body()))
    config = {"model": endpoint.model(), "num_samples": 8, "seed": 12345678901}
    run("sample_programs", config, problems=write("p", PROBLEM))
    seeds = [request["seed"] for request in endpoint.asked]
    assert len(set(seeds)) == 8 and all(0 <= seed < 2**31 for seed in seeds)


def test_a_prompt_that_is_refused_for_good_is_set_aside_and_the_step_goes_on(
    run, write, serve
) -> None:
    def script(request: dict[str, Any], number: int) -> tuple[int, object]:
        if "long 7" in str(request):
            return 400, error(
                "maximum context length is 4096 tokens", code="context_length_exceeded"
            )
        return 200, body()

    endpoint = serve(script)
    problems = write(
        "p", *({**PROBLEM, "id": f"{i}", "question": f"long {i} {i}"} for i in range(30))
    )
    config = {"model": endpoint.model(), "num_samples": 1}
    result = run("sample_programs", config, problems=problems)
    assert result.report.metrics["set_aside_refused_prompt"] == 1
    assert len(programs(result)) == 29
    # What was refused is asked again, and alone is not too much.
    again = run("sample_programs", {**config, "model_name": "other"}, problems=problems)
    assert again.report.metrics["set_aside_refused_prompt"] == 1
    assert len(endpoint.asked) == 31
    with pytest.raises(InputError, match=r"refused 2 of 30 prompts: .*on the way out"):
        endpoint = serve(lambda request, number: (422, error("on the way out")))
        run(
            "sample_programs",
            {**config, "model": endpoint.model(max_refused_share=0.0, concurrency=1, model="n")},
            problems=problems,
        )


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
