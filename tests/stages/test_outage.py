"""A pool that is gone while two processes train a policy: what it could not score is never a reward of 0."""

from __future__ import annotations

import re
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acecoder.engine.home import Home
from acecoder.engine.store import ObjectStore
from acecoder.entry import run_step
from acecoder.stages import load_stage
from tests.nodes import PROBLEMS, TINY_POLICY, publish, start_node, told
from tests.sandbox.pools import Start, servers

START_TIMEOUT_S = 300


@pytest.fixture
def start() -> Iterator[Start]:
    yield from servers()


def policy(port: int, outage_s: float) -> dict[str, Any]:
    """A training whose completions are judged in the pool; their length gives rewards a spread."""
    pool = {"backend": "pool", "pool": {"url": f"http://127.0.0.1:{port}"}}
    parts = {
        "tests": {"kind": "tests_pass_rate", "sandbox": pool, "outage_s": outage_s},
        "length": {"kind": "length", "free_chars": 1, "most_chars": 400, "weight": 0.1},
    }
    reward = {"kind": "weighted_sum", "parts": parts}
    return {**TINY_POLICY, "reward": reward, "steps": 12, "max_unscorable_share": 0.5}


def begun(store: ObjectStore, tmp_path: Path, table: dict[str, Any]) -> tuple[Any, list[str], Any]:
    """(the node, what it said so far, how to read its report), once the first rollout is over."""
    home = Home(tmp_path / "step", store)
    inputs = {"problems": publish(home, "problems", PROBLEMS)}
    key = told(store, "train_policy", table, inputs, home)
    node = start_node(tmp_path / "node", key, processes=2)
    said: list[str] = []
    rollout = threading.Event()

    def read() -> None:
        for line in node.stdout or ():
            said.append(line)
            if "rewards/tests/mean" in line:
                rollout.set()

        rollout.set()  # it has ended

    threading.Thread(target=read, daemon=True).start()
    assert rollout.wait(START_TIMEOUT_S), "".join(said)[-4000:]
    assert node.poll() is None, "".join(said)[-4000:]

    def report() -> Any:
        return run_step(
            load_stage("train_policy"), step="train_policy", table=table, inputs=inputs, home=home
        )

    return node, said, report


def killed(server: subprocess.Popen[bytes]) -> None:
    server.kill()
    server.wait()


def test_a_pool_that_comes_back_costs_no_reward(
    store: ObjectStore, tmp_path: Path, start: Start
) -> None:
    server, port = start()
    node, said, report = begun(store, tmp_path, policy(port, outage_s=60))
    killed(server)
    time.sleep(20)
    start(port=port)
    assert node.wait(START_TIMEOUT_S) == 0, "".join(said)[-5000:]
    waits_s = [
        float(each) for each in re.findall(r"rewards/tests/wait_s': '([^']+)'", "".join(said))
    ]
    assert max(waits_s) > 5, "a rollout waited for the pool"
    found = report()
    assert found.reused and found.report.metrics["rollouts"] == 12
    assert found.report.metrics["completions_unscorable"] == 0


def test_a_pool_that_is_gone_for_good_ends_both_processes_with_a_platform_error(
    store: ObjectStore, tmp_path: Path, start: Start
) -> None:
    server, port = start()
    node, said, _ = begun(store, tmp_path, policy(port, outage_s=5))
    killed(server)
    assert node.wait(90) != 0
    text = "".join(said)
    assert text.count("100% of a rollout's completions could not be scored") >= 2, text[-5000:]
