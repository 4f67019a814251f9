"""sample_programs through an OpenAI-compatible endpoint: counted, refused, cut off."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from acecoder.engine.home import Home
from acecoder.engine.tables import read_table
from acecoder.errors import InputError, LLMUnavailable
from acecoder.schema import Program

PROBLEM = {
    "id": "p",
    "question": "Write a function f(x).",
    "tests": ["assert f(1) == 2", "assert f(2) == 3"],
}


def program(text: str, index: int = 0, problem: str = "p") -> dict[str, Any]:
    return {"problem_id": problem, "model": "m", "program_index": index, "program": text}


class _Endpoint(BaseHTTPRequestHandler):
    """A scripted OpenAI-compatible server: counts requests, fails some, checks the key."""

    asked: Counter[str]
    status: dict[str, list[int]]
    keys: set[str]

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = json.loads(self.rfile.read(length))
        question = body["messages"][0]["content"]
        identity = f"{question}#{body['seed']}"
        self.asked[identity] += 1
        self.keys.add(str(self.headers["Authorization"]))
        script = self.status.get(question, self.status.get("*", []))
        status = script.pop(0) if script else 200
        content = f"```python\ndef f(x):\n    return x + {body['seed'] % 7}\n```"
        answer: dict[str, Any] = {"error": {"message": "scripted"}}
        if status == 200:
            answer = {
                "id": "x",
                "object": "chat.completion",
                "created": 0,
                "model": body["model"],
                "choices": [
                    {
                        "index": 0,
                        "finish_reason": "stop",
                        "message": {"role": "assistant", "content": content},
                    }
                ],
                "usage": {"prompt_tokens": 1, "completion_tokens": 5, "total_tokens": 6},
            }
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[tuple[str, type[_Endpoint]]]:
    handler = type("Handler", (_Endpoint,), {"asked": Counter(), "status": {}, "keys": set()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1", handler
    server.shutdown()


def model(url: str, **more: object) -> dict[str, Any]:
    return {
        "kind": "endpoint",
        "base_url": url,
        "model": "big",
        "api_key_env": "TEST_KEY",
        "max_retries": 0,
        **more,
    }


def test_an_endpoint_is_asked_once_for_each_program_and_not_again_after_a_failure(
    run, write, endpoint, monkeypatch, home: Home, capsys
) -> None:
    url, handler = endpoint
    monkeypatch.setenv("TEST_KEY", "sk-very-secret")
    problems = write(
        "problems", *({**PROBLEM, "id": f"p{i}", "question": f"Question {i}"} for i in range(6))
    )
    handler.status["Question 4"] = [500, 500]
    config = {"model": model(url, concurrency=4), "num_samples": 2}
    with pytest.raises(LLMUnavailable, match="no answer after 1 tries"):
        run("sample_programs", config, problems=problems)
    assert sum(handler.asked.values()) >= 8
    before = Counter(handler.asked)
    handler.status.clear()
    result = run("sample_programs", config, problems=problems)
    programs = list(read_table(result.directory / "programs", Program))
    assert [p.id for p in programs] == [f"p{i}#big#{j}" for i in range(6) for j in range(2)]
    answered_twice = [key for key in before if handler.asked[key] > 1 and "Question 4" not in key]
    assert answered_twice == []
    assert handler.keys == {"Bearer sk-very-secret"}
    written = [p for p in home.root.rglob("*") if p.is_file()]
    assert written and not [p for p in written if b"sk-very-secret" in p.read_bytes()]
    assert "sk-very-secret" not in capsys.readouterr().out


def test_after_a_failure_nothing_new_is_asked(run, write, endpoint, monkeypatch) -> None:
    url, handler = endpoint
    monkeypatch.setenv("TEST_KEY", "k")
    handler.status["*"] = [500] * 100
    config = {"model": model(url, concurrency=1), "num_samples": 4}
    with pytest.raises(LLMUnavailable):
        run("sample_programs", config, problems=write("p", PROBLEM))
    assert sum(handler.asked.values()) <= 2


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        ([401], InputError, r"refused the key \(401\)[\s\S]*set TEST_KEY"),
        ([404], InputError, r"refused the request \(404\)"),
        ([503], LLMUnavailable, "no answer after 1 tries"),
    ],
)
def test_an_endpoint_that_refuses_is_a_readable_error(
    run, write, endpoint, monkeypatch, status, kind, said
) -> None:
    url, handler = endpoint
    monkeypatch.setenv("TEST_KEY", "k")
    handler.status["*"] = status
    with pytest.raises(kind, match=said):
        run(
            "sample_programs", {"model": model(url), "num_samples": 1}, problems=write("p", PROBLEM)
        )


def test_a_missing_key_and_a_closed_port_are_named(run, write, monkeypatch) -> None:
    problems = write("problems", PROBLEM)
    monkeypatch.delenv("TEST_KEY", raising=False)
    config = {"model": model("http://127.0.0.1:9/v1"), "num_samples": 1}
    with pytest.raises(InputError, match="environment variable TEST_KEY is not set"):
        run("sample_programs", config, problems=problems)
    monkeypatch.setenv("TEST_KEY", "k")
    with pytest.raises(LLMUnavailable, match=r"127\.0\.0\.1:9[\s\S]*is the server up"):
        run("sample_programs", config, problems=problems)
