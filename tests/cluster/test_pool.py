"""The pool as real pods: one suite of attacks, pods and clients lost in the middle."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from acecoder.errors import SandboxUnavailable
from acecoder.sandbox.conformance.programs import ATTACKS, HOSTILE_TESTS, ODDITIES, RIGHT
from acecoder.sandbox.contract import Job, Limits, PoolConfig, SandboxConfig
from acecoder.sandbox.opening import Sandbox, open_sandbox
from acecoder.schema import Outcome, Test
from tests.cluster.conftest import SANDBOX as NAMESPACE
from tests.cluster.conftest import pool_pods as pods
from tests.cluster.kube import apply, kubectl
from tests.sandbox import test_conformance as suite

pytestmark = pytest.mark.cluster
# Wall limits are generous: eight workers share what may be two cores.
LIMITS = Limits(test_cpu_s=0.3, test_wall_s=8.0, setup_cpu_s=2.0, max_timeouts=1)
TESTS: tuple[Test, ...] = tuple(f"assert f([{i}, 2, 3]) == [3, 2, {i}]" for i in range(4, 10))


def sandbox(pool: PoolConfig, **more: Any) -> Sandbox:
    return open_sandbox(
        SandboxConfig(backend="pool", limits=LIMITS, pool=pool, **more), num_workers=1
    )


def test_the_pods_kernel_is_gvisors_and_the_pods_are_restricted(pool: PoolConfig) -> None:
    for pod in pods():
        assert pod["spec"]["runtimeClassName"] == "gvisor"
        assert pod["spec"]["automountServiceAccountToken"] is False
        name = pod["metadata"]["name"]
        log = kubectl("-n", NAMESPACE, "logs", name)
        assert "kernel: gVisor" in log
        code = "from worker.isolation.kernel import *; print(repr(why_not_gvisor()))"
        command = f"import sys; sys.path.insert(0, '/opt/sandbox'); {code}"
        said = kubectl("-n", NAMESPACE, "exec", name, "--", "python3", "-I", "-S", "-c", command)
        assert said.strip() == "''"


def test_the_image_refuses_a_kernel_that_is_not_gvisors(pool: PoolConfig) -> None:
    """In the stages' namespace: in the pool's the API server would not even take it."""
    image = pods()[0]["spec"]["containers"][0]["image"]
    security = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "not-gvisor"},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "containers": [
                {
                    "name": "c",
                    "image": image,
                    "imagePullPolicy": "IfNotPresent",
                    "args": ["--no-token"],
                    "securityContext": security,
                }
            ],
        },
    }
    kubectl("-n", "acecoder", "delete", "pod", "not-gvisor", "--ignore-not-found")
    apply("acecoder", pod)
    kubectl(
        "-n",
        "acecoder",
        "wait",
        "pod/not-gvisor",
        "--for=jsonpath={.status.phase}=Failed",
        "--timeout=60s",
    )
    assert "this kernel is not gVisor's" in kubectl("-n", "acecoder", "logs", "not-gvisor")
    kubectl("-n", "acecoder", "delete", "pod", "not-gvisor")


def test_the_conformance_suite_holds_in_the_pods(pool: PoolConfig) -> None:
    programs = {**ATTACKS, **ODDITIES, **{f"canary {i}": RIGHT for i in range(100)}}
    before = {p["metadata"]["uid"] for p in pods()}
    with sandbox(pool) as one:
        judged = {r.key: r for r in one.judge([Job("p", TESTS, tuple(programs.items()))])}
        hostile = [Job(test, (test, TESTS[0]), (("k", RIGHT),)) for test in HOSTILE_TESTS]
        tests = {r.problem_id: r for r in one.judge(hostile)}
        suite.test_scripts_are_judged_by_their_output(one)
        suite.test_a_unittest_file_is_run_beside_the_program_and_marked_weak(one)
        suite.test_values_count_as_the_design_says(one)
    assert [n for n in ATTACKS if Outcome.PASSED in judged[n].outcomes] == []
    honest = [n for n in programs if n not in ATTACKS]
    assert [n for n in honest if set(judged[n].outcomes) != {Outcome.PASSED}] == []
    assert [t for t in HOSTILE_TESTS if tests[t].outcomes[0] is Outcome.PASSED] == []
    # Programs that ate memory were killed alone: no pod was replaced, none restarted.
    assert {p["metadata"]["uid"] for p in pods()} == before
    assert [p["status"]["containerStatuses"][0]["restartCount"] for p in pods()] == [0] * len(
        before
    )


def test_deleting_pods_in_the_middle_changes_no_verdict(pool: PoolConfig) -> None:
    slow = "import time\ndef f(x):\n    time.sleep(0.02)\n    return x[::-1]\n"
    jobs = [Job(f"p{i}", TESTS, (("a", slow), ("b", "def f(x): return 0"))) for i in range(150)]
    results = []
    more = pool.model_copy(update={"chunk_programs": 8})
    with sandbox(more) as one:
        for number, result in enumerate(one.judge(jobs)):
            results.append(result)
            if number in (20, 150):
                name = pods()[0]["metadata"]["name"]
                force = ("--grace-period=0", "--force") if number == 20 else ()
                kubectl("-n", NAMESPACE, "delete", "pod", name, "--wait=false", *force)
    assert sorted((r.problem_id, r.key) for r in results) == sorted(
        (f"p{i}", key) for i in range(150) for key in "ab"
    )
    assert all((set(r.outcomes) == {Outcome.PASSED}) == (r.key == "a") for r in results)
    kubectl("-n", NAMESPACE, "rollout", "status", "deployment/sandbox-pool", "--timeout=120s")


def test_a_wrong_token_is_refused(pool: PoolConfig, tmp_path: Path) -> None:
    wrong = tmp_path / "token"
    wrong.write_text("no")
    bad = pool.model_copy(update={"token_file": str(wrong)})
    with pytest.raises(SandboxUnavailable, match="token"), sandbox(bad) as one:
        list(one.judge([Job("p", TESTS, (("k", RIGHT),))]))


def test_killing_the_client_again_and_again_changes_no_verdict(
    pool: PoolConfig, tmp_path: Path
) -> None:
    """`kill -9` of a judge and all it started, at random moments; then to the end."""
    tests = [f"assert f({i}) == {i * i}" for i in range(8)]
    problems = [{"id": f"p{i}", "question": "square", "tests": tests} for i in range(20)]
    bodies = (
        "return n * n",
        "return n + n",
        "while n > 2: pass\n    return n * n",
        "import os; os._exit(0)",
    )
    programs = [
        {
            "problem_id": f"p{i}",
            "model": "m",
            "program_index": k,
            "program": f"def f(n):  # {i}\n    {body}\n",
        }
        for i in range(20)
        for k, body in enumerate(bodies * 4)
    ]
    for name, rows in (("problems", problems), ("programs", programs)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    address = pods()[0]["status"]["podIP"]

    def command(verdicts: str) -> list[str]:
        prefix = "judge_programs.sandbox"
        return [
            sys.executable,
            "-m",
            "acecoder",
            "judge-programs",
            "--sandbox",
            "pool",
            "--problems",
            str(tmp_path / "problems.jsonl"),
            "--programs",
            str(tmp_path / "programs.jsonl"),
            "--verdicts",
            str(tmp_path / verdicts),
            "--set",
            f"{prefix}.pool.url=http://{address}:8080",
            "--set",
            f"{prefix}.pool.token_file={pool.token_file}",
            "--set",
            f"{prefix}.limits.max_timeouts=1",
        ]

    def environment(home: str) -> dict[str, str]:
        return {**os.environ, "ACECODER_HOME": str(tmp_path / home)}

    rng, kills = random.Random(7), 0
    for _ in range(6):
        with subprocess.Popen(
            command("broken.jsonl"),
            env=environment("broken"),
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as victim:
            time.sleep(rng.uniform(1.0, 3.0))
            if victim.poll() is None:
                os.killpg(victim.pid, signal.SIGKILL)
                kills += 1
    assert kills >= 2
    for home in ("broken", "whole"):
        subprocess.run(
            command(f"{home}.jsonl"), env=environment(home), check=True, capture_output=True
        )
    broken, whole = (
        {
            row["program_id"]: row["outcomes"]
            for line in (tmp_path / f"{name}.jsonl").read_text().splitlines()
            for row in [json.loads(line)]
        }
        for name in ("broken", "whole")
    )
    assert broken == whole
    assert len(whole) == len(programs)
    journal = list((tmp_path / "broken" / "journal" / "verdicts").glob("*.jsonl"))
    keys = [json.loads(line)[0] for path in journal for line in path.read_text().splitlines()]
    assert len(keys) == len(set(keys)), "nothing is judged into the journal twice"
