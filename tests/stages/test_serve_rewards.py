"""`acecoder serve-rewards`, as trainers of others use it: a process, a real sandbox, their requests."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from acecoder.rewards import verl

PROBLEMS = [
    {"id": "add", "question": "Add two numbers.", "entry_point": "add",
     "tests": ["assert add(1, 2) == 3", "assert add(0, 0) == 0"]},
    {"id": "double", "question": "Double it.", "entry_point": "double",
     "tests": ["assert double(2) == 4"]},
]  # fmt: skip
RIGHT, HALF = "def add(a, b):\n    return a + b\n", "def add(a, b):\n    return 0\n"
TOKEN = "not-a-secret"
START_TIMEOUT_S = 60


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address."""
    folder = tmp_path_factory.mktemp("service")
    problems, token = folder / "problems.jsonl", folder / "token"
    problems.write_text("".join(json.dumps(each) + "\n" for each in PROBLEMS))
    token.write_text(TOKEN + "\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "acecoder", "serve-rewards", "--problems", str(problems),
        "--set", "reward=tests_pass_rate", "--port", str(port), "--token-file", str(token),
        "--max-waiting", "500",
    ]  # fmt: skip
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    address = f"http://127.0.0.1:{port}"
    for _ in range(START_TIMEOUT_S * 10):
        try:
            requests.get(f"{address}/healthz", timeout=5)
            break
        except OSError:
            assert server.poll() is None, server.communicate()[1]
            time.sleep(0.1)
    yield address
    server.terminate()
    assert server.wait(30) == 0


def post(url: str, body: Any, **options: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return requests.post(url, json=body, timeout=60, **{"headers": headers, **options})


def test_open_rlhfs_client_gets_rewards_with_the_token_in_its_url(service: str) -> None:
    """As OpenRLHF's remote_rm_fn asks; a URL is all it can be given."""
    prompt = "<|im_start|>user\nAdd two numbers.<|im_end|>\n<|im_start|>assistant\n"
    fenced = f"Here it is:\n```python\n{RIGHT}```\n"
    body = {
        "query": [prompt + fenced, prompt + HALF],
        "prompts": [prompt, prompt],
        "labels": [None, "add"],
    }
    url = service.replace("http://", f"http://any:{TOKEN}@") + "/get_reward"
    answer = requests.post(url, json=body, headers={"Content-Type": "application/json"}, timeout=60)
    assert answer.status_code == 200 and answer.json()["rewards"] == [1.0, 0.5]


def test_verls_reward_function_gets_them(
    service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text(TOKEN)
    monkeypatch.setenv("ACECODER_REWARDS_URL", service)
    monkeypatch.setenv("ACECODER_REWARDS_TOKEN_FILE", str(tmp_path / "token"))
    assert verl.compute_score("acecoder", RIGHT, "add", extra_info={"index": 3}) == 1.0
    assert verl.compute_scores(["x"] * 2, [RIGHT, HALF], ["add", "add"], [None] * 2) == [1.0, 0.5]
    with pytest.raises(RuntimeError, match="no problem has the id 'nothing'"):
        verl.compute_score("acecoder", RIGHT, "nothing")


@pytest.mark.parametrize(
    ("body", "status", "run_status"),
    [
        ({"code": f"{RIGHT}assert add(2, 2) == 4"}, "Success", "Finished"),
        ({"code": f"{HALF}assert add(2, 2) == 4", "language": "python"}, "Failed", "Error"),
        ({"code": "def f():\n    while True: pass\nassert f() == 1"}, "Failed", "TimeLimitExceeded"),
        ({"code": "print(int(input()) * 2)", "stdin": "21", "expected_stdout": "42"}, "Success", "Finished"),
        ({"code": "print(1)", "stdin": "21", "expected_stdout": "42"}, "Failed", "Error"),
    ],
)  # fmt: skip
def test_code_is_run_as_sandbox_fusion_does(
    service: str, body: dict[str, str], status: str, run_status: str
) -> None:
    reply = post(f"{service}/run_code", body).json()
    assert (reply["status"], reply["run_result"]["status"]) == (status, run_status), reply


def test_what_is_wrong_is_told_and_nobody_without_the_token_is_answered(service: str) -> None:
    bad = post(f"{service}/rewards", {"problem_ids": ["add"], "completions": 3})
    assert bad.status_code == 400 and "completions" in bad.json()["error"]
    assert (
        post(f"{service}/rewards", {"problem_ids": ["x"], "completions": [""]}).status_code == 400
    )
    huge = post(f"{service}/run_code", {"code": "x" * 1_000_001})
    assert huge.status_code == 400 and "code" in huge.json()["error"]
    hostile = "assert " + "-" * 100_000 + "1"
    assert post(f"{service}/run_code", {"code": hostile}).status_code in (200, 400)
    many = {"problem_ids": ["add"] * 501, "completions": [""] * 501}
    full = post(f"{service}/rewards", many)
    assert full.status_code == 503 and int(full.headers["Retry-After"]) > 0
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic !"}):
        assert post(f"{service}/rewards", {}, headers=headers).status_code == 401
        assert requests.get(f"{service}/metrics", headers=headers, timeout=60).status_code == 401
    assert requests.get(f"{service}/healthz", timeout=60).json() == {"problems": 2}


def test_what_came_by_is_counted(service: str) -> None:
    post(f"{service}/rewards", {"problem_ids": ["double"], "completions": ["x"]})
    headers = {"Authorization": f"Bearer {TOKEN}"}
    text = requests.get(f"{service}/metrics", headers=headers, timeout=60).text
    assert 'acecoder_rewards_waiting{of="rewards"} 0' in text
    assert "# TYPE acecoder_rewards_items_total counter" in text
