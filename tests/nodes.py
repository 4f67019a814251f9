"""Processes that train one model together, as TrainJobs' pods have them, without pods."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from acecoder.config import validate
from acecoder.engine.contract import signature_of
from acecoder.engine.home import Home
from acecoder.engine.identity import stage_key
from acecoder.engine.publishing import REPORT, content_digest, write_manifest
from acecoder.engine.runner import Order
from acecoder.engine.store import ObjectStore
from acecoder.stages import load_stage

ACECODER = (sys.executable, "-m", "acecoder")
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
PORT = 29511 + WORKER
"""Of the first process; a port for each of pytest's workers, which run files of tests at the same time."""
TINY_POLICY = {
    "model": {"kind": "local", "source": "random:tiny", "batch_size": 4},
    "algorithm": "reinforce++",
    "reward": "reward_model",
    "learning_rate": 1e-2,
    "steps": 2,
    "prompts_per_step": 4,
    "samples_per_prompt": 2,
    "updates_per_rollout": 2,
    "minibatch_size": 2,
    "max_new_tokens": 16,
    "dtype": "float32",
}
"""A training of the random model by a reward model's scores."""
PROBLEMS = [
    {"id": f"p{i}", "question": f"Return {i}.", "entry_point": "f", "tests": [f"assert f() == {i}"]}
    for i in range(4)
]


def publish(home: Home, name: str, rows: list[dict[str, Any]]) -> Path:
    """A table as another step left it."""
    step = home.artifact(f"made.{name}", "k")
    directory = step / name
    directory.mkdir(parents=True)
    (directory / "records.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    write_manifest(directory, stage_key="k", artifact=f"made.{name}/k/{name}", counts={})
    (step / REPORT).write_text("{}")
    home.send(step, REPORT)
    return directory


def start_node(
    home: Path,
    key: str,
    *,
    processes: int,
    nodes: int = 1,
    number: int = 0,
    program: Sequence[str] = ACECODER,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[str]:
    """What the TrainJob's command does, on one of its nodes."""
    command = [
        str(Path(sys.executable).with_name("torchrun")),
        f"--nproc-per-node={processes}",
        f"--nnodes={nodes}",
        f"--node-rank={number}",
        "--master-addr=127.0.0.1",
        f"--master-port={PORT}",
        "--no-python",
        *program,
        "run-node",
        "--key",
        key,
    ]
    given = {
        **os.environ,
        "ACECODER_HOME": str(home),
        "ACECODER_STORE": "s3://lake/team/a",
        "OMP_NUM_THREADS": "1",
        **(environment or {}),
    }
    return subprocess.Popen(
        command, env=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def run_nodes(home: Path, key: str, processes: int) -> str:
    """One node, to its end; what it said."""
    with start_node(home, key, processes=processes) as node:
        said, _ = node.communicate(timeout=400)
    assert node.returncode == 0, said[-5000:]
    return said


def told(
    store: ObjectStore, stage: str, table: dict[str, Any], inputs: dict[str, Path], home: Home
) -> str:
    """Put the step where nodes find it, as the runner does; its stage key."""
    function = load_stage(stage)
    config = validate(signature_of(function).config, table, where="test")
    key = stage_key(function, config, {name: content_digest(path) for name, path in inputs.items()})
    order = Order(stage, stage, table, {n: home.permanent(p) for n, p in inputs.items()}, "")
    store.put(f"tasks/{key}.json", json.dumps(asdict(order)).encode())
    return key
