"""The pool's client and server on this machine (in pods: `make test-cluster`)."""

from __future__ import annotations

import base64
import http.client
import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from acecoder.errors import InputError, SandboxUnavailable
from acecoder.sandbox.backends.requirements import why_unavailable
from acecoder.sandbox.conformance.programs import RIGHT
from acecoder.sandbox.contract import Job, Limits, PoolConfig, SandboxConfig
from acecoder.sandbox.opening import open_sandbox
from acecoder.sandbox.worker.isolation.kernel import why_not_gvisor
from acecoder.schema import Outcome, Test
from tests.sandbox.pools import COMMAND, DANGER, Start, sandbox

pytestmark = pytest.mark.skipif(bool(why_unavailable()), reason=why_unavailable())
TESTS: tuple[Test, ...] = tuple(f"assert f([{i}, 2, 3]) == [3, 2, {i}]" for i in range(4, 10))


def get(
    port: int, path: str, method: str = "GET", body: str = "", **headers: str
) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body or None, headers)
    response = connection.getresponse()
    return response.status, response.read().decode()


def jobs(count: int, program: str = RIGHT) -> list[Job]:
    return [
        Job(f"p{i}", TESTS, (("a", program), ("b", "def f(x): return 0"))) for i in range(count)
    ]


def right(results: list[object]) -> bool:
    return all(
        (set(r.outcomes) == {Outcome.PASSED}) == (r.key == "a")  # type: ignore[attr-defined]
        for r in results
    )


def test_the_server_refuses_a_kernel_that_is_not_gvisors() -> None:
    if not why_not_gvisor():
        pytest.skip("this machine runs in gVisor")
    done = subprocess.run([*COMMAND, "--no-token"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "this kernel is not gVisor's" in done.stderr
    assert DANGER in done.stderr


def test_the_server_refuses_to_start_without_a_token() -> None:
    done = subprocess.run([*COMMAND, DANGER], capture_output=True, text=True, check=False)
    assert (done.returncode, "--token-file" in done.stderr) == (1, True)


def test_only_the_token_lets_in(start: Start, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("s3cret\n")
    _, port = start("--token-file", str(token))
    assert get(port, "/v1/trials", "POST", '{"trials": []}')[0] == 401
    assert get(port, "/v1/trials", "POST", '{"trials": []}', Authorization="Bearer no")[0] == 401
    with (
        pytest.raises(SandboxUnavailable, match="token is missing or wrong"),
        sandbox(port) as pool,
    ):
        list(pool.judge(jobs(1)))
    with sandbox(port, token_file=str(token)) as pool:
        assert right(list(pool.judge(jobs(3))))
    with (
        pytest.raises(SandboxUnavailable, match="cannot read the token"),
        sandbox(port, token_file=str(tmp_path / "none")) as pool,
    ):
        list(pool.judge(jobs(1)))


def test_health_readiness_and_metrics(start: Start) -> None:
    _, port = start()
    with sandbox(port) as pool:
        list(pool.judge(jobs(5)))
    assert get(port, "/healthz") == (200, "ok\n")
    assert get(port, "/readyz") == (200, "ok\n")
    text = get(port, "/metrics")[1]
    assert "sandbox_pool_queue_depth 0" in text
    assert "sandbox_pool_trial_seconds_count 10" in text


def test_malformed_requests_are_refused(start: Start) -> None:
    _, port = start()
    assert get(port, "/v1/trials", "POST", "{")[0] == 400
    assert get(port, "/v1/trials", "POST", '{"trials": [1]}')[0] == 400
    status, text = get(port, "/v1/trials", "POST", '{"trials": [{"id": 1, "kind": "calls"}]}')
    assert (status, "malformed" in text) == (200, True)
    assert get(port, "/nothing")[0] == 404


def test_a_full_queue_is_waited_for(start: Start) -> None:
    _, port = start("--no-token", "--queue", "4")
    with sandbox(port, chunk_programs=4, requests_per_replica=8) as pool:
        assert right(results := list(pool.judge(jobs(30))))
    assert len(results) == 60


def test_replicas_lost_in_the_middle_change_no_verdict(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, port = start()
    two, _ = start("--no-token", port=port, host="127.0.0.2")
    real = socket.getaddrinfo

    def resolve(host: str, *arguments: object) -> object:
        if host != "sandbox-pool":
            return real(host, *arguments)  # type: ignore[arg-type]
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))
            for ip in ("127.0.0.1", "127.0.0.2")
        ]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    slow = "import time\ndef f(x):\n    time.sleep(0.01)\n    return x[::-1]\n"
    results = []
    with sandbox(port, host="sandbox-pool", chunk_programs=4) as pool:
        for number, result in enumerate(pool.judge(jobs(40, slow))):
            results.append(result)
            if number == 10:
                one.kill()
                one.wait()
            if number == 30:
                start("--no-token", port=port)
                two.send_signal(signal.SIGTERM)
    assert sorted((r.problem_id, r.key) for r in results) == sorted(
        (f"p{i}", key) for i in range(40) for key in "ab"
    )
    assert right(list(results))


def test_workers_killed_in_the_pod_change_no_verdict(start: Start) -> None:
    server, port = start()
    slow = "import time\ndef f(x):\n    time.sleep(0.01)\n    return x[::-1]\n"
    results = []
    with sandbox(port, chunk_programs=8) as pool:
        for number, result in enumerate(pool.judge(jobs(30, slow))):
            results.append(result)
            if number in (5, 20):
                subprocess.run(["pkill", "-9", "-P", str(server.pid)], check=False)
    assert len(results) == 60
    assert right(list(results))


def test_nobody_there_is_said_in_one_message() -> None:
    with (
        pytest.raises(SandboxUnavailable, match=r"no replica answers at http://127.0.0.1:9"),
        sandbox(9, wait_s=0.5),
    ):
        pass
    with pytest.raises(InputError, match="not the address of a pool"):
        open_sandbox(
            SandboxConfig(backend="pool", pool=PoolConfig(url="sandbox-pool")), num_workers=1
        )


def test_a_client_that_hangs_up_leaves_nothing_running(start: Start) -> None:
    _, port = start()
    loop = "def f(x):\n    while True: pass\n"
    with sandbox(port) as pool:
        for _ in pool.judge(jobs(50, loop)):
            break
    for _ in range(100):
        if (
            "sandbox_pool_queue_depth 0\n" in (text := get(port, "/metrics")[1])
            and "_running 0\n" in text
        ):
            return
        time.sleep(0.2)
    raise AssertionError(text)


def test_this_process_reads_no_environment(start: Start) -> None:
    """What the server's environment holds does not reach a program."""
    os.environ["ACECODER_TEST_SECRET"] = "hunter2"
    _, port = start()
    program = "import os\ndef f(x): return [k for k in os.environ if 'SECRET' in k]"
    with sandbox(port) as pool:
        (result,) = pool.judge([Job("p", ("assert f(1) == []",), (("k", program),))])
    assert result.outcomes == (Outcome.PASSED,)


def test_more_memory_than_the_pool_gives_is_refused_not_cut(start: Start) -> None:
    _, port = start("--no-token", "--memory-bytes", "1000000")
    with pytest.raises(SandboxUnavailable, match="this pool gives 1000000"), sandbox(port) as pool:
        list(pool.judge(jobs(1)))


LIMIT_TABLE = Limits().model_dump()
TRIAL = {
    "kind": "calls",
    "program": "def f(x): return x + 1",
    "tests": [{"calls": ["f(41)"], "lazy": False}],
    "limits": LIMIT_TABLE,
    "max_kills": 1,
    "max_wall_s": 60.0,
    "hash_seed": 0,
}


def post(port: int, *trials: dict[str, object]) -> list[dict[str, object]]:
    status, text = get(port, "/v1/trials", "POST", json.dumps({"trials": trials}))
    assert status == 200, text
    return [line for line in map(json.loads, text.splitlines()) if "id" in line]


@pytest.mark.parametrize(
    "change",
    [
        {"limits": {k: v for k, v in LIMIT_TABLE.items() if k != "answer_bytes"}},
        {"limits": {**LIMIT_TABLE, "total_wall_s": 10**400}},
        {"limits": {**LIMIT_TABLE, "memory_bytes": float("nan")}},
        {"limits": {**LIMIT_TABLE, "threads": True}},
        {"limits": None},
        {"hash_seed": 7},
        {"hash_seed": [1]},
        {"kind": "other"},
        {"tests": []},
        {"tests": [{"calls": [1], "lazy": False}]},
        {"tests": [{"calls": ["f(1)"]}]},
        {"program": 3},
        {"max_kills": 0},
        {"tests": "abc"},
        {"max_wall_s": "x"},
    ],
)
def test_a_malformed_trial_is_named_and_the_next_one_judged_right(
    start: Start, change: dict[str, object]
) -> None:
    _, port = start()
    (bad,) = post(port, {**TRIAL, "id": 1, **change})
    assert "malformed" in bad, bad
    for number in (2, 3):
        (good,) = post(port, {**TRIAL, "id": number})
        (attempt,) = good["attempts"]  # type: ignore[misc]
        assert attempt["why"] == "finished"
        assert b"[42]" in base64.b64decode(attempt["answers"])
    assert get(port, "/readyz")[0] == 200


def test_more_connections_than_there_may_be_are_closed_and_the_pool_answers_again(
    start: Start,
) -> None:
    _, port = start()
    held = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(300)]
    closed = 0
    for each in held:
        each.settimeout(0.05)
        try:
            closed += each.recv(1) == b""
        except TimeoutError:
            pass
        except ConnectionResetError:
            closed += 1
    assert closed >= 40, "those beyond the bound"
    for each in held:
        each.close()
    for _ in range(100):
        try:
            if get(port, "/healthz")[0] == 200:
                break
        except OSError:
            time.sleep(0.05)
    assert get(port, "/readyz")[0] == 200
    assert "connections_refused_total" in get(port, "/metrics")[1]


@pytest.mark.parametrize("length", ["\u00b2", "-1", "1e3", "9" * 30, ""])
def test_a_length_that_is_none_is_refused(start: Start, length: str) -> None:
    _, port = start()
    with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
        raw.sendall(
            f"POST /v1/trials HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode(
                "latin-1"
            )
        )
        assert raw.recv(200).split(b" ")[1] in (b"411", b"413")
    assert get(port, "/readyz")[0] == 200


def test_a_body_nested_without_end_is_refused(start: Start) -> None:
    _, port = start()
    assert get(port, "/v1/trials", "POST", "[" * 200_000)[0] == 400
    assert get(port, "/readyz")[0] == 200
