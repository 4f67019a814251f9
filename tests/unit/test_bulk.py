"""Bulk judging: shards in a store, judged one by one, gathered in the order of the programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acecoder.engine.home import Home
from acecoder.engine.store import ObjectStore
from acecoder.errors import InputError, PlatformError
from acecoder.judging import bulk
from acecoder.judging.table import JudgingConfig
from acecoder.pipelines.bulk_jobs import job
from acecoder.pipelines.infra import Infra
from acecoder.sandbox.contract import Job, Judged
from acecoder.sandbox.opening import Sandbox

CONFIG = JudgingConfig()


def tables(directory: Path, problems: int = 3, programs: int = 10) -> tuple[Path, Path]:
    rows: dict[str, list[dict[str, Any]]] = {
        "problems": [
            {"id": f"p{i}", "question": "q", "tests": [f"assert f({i}) == {i * i}"]}
            for i in range(problems)
        ],
        "programs": [
            {
                "problem_id": f"p{i % problems}",
                "model": "m",
                "program_index": i,
                "program": f"def f(n):  # {i}\n    return n * {'n' if i % 2 else '(n + 1)'}\n",
            }
            for i in range(programs)
        ],
    }
    for name, records in rows.items():
        (directory / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    return directory / "problems.jsonl", directory / "programs.jsonl"


def test_shards_are_judged_apart_and_gathered_in_order(store: ObjectStore, tmp_path: Path) -> None:
    problems, programs = tables(tmp_path)
    submitter = Home(tmp_path / "submitter", store)
    shards = bulk.split(submitter, problems, programs, CONFIG, 4)
    assert (shards.num_shards, shards.num_programs) == (3, 10)
    assert bulk.split(submitter, problems, programs, CONFIG, 4) == shards, "split once"
    for index in (2, 0):
        bulk.judge_shard(Home(tmp_path / f"pod{index}", store), shards.key, index)
    with pytest.raises(PlatformError, match="shard 1 has no verdicts"):
        list(bulk.gather(submitter, shards))
    bulk.judge_shard(Home(tmp_path / "pod1", store), shards.key, 1)
    made = list(bulk.gather(submitter, shards))
    assert [v.program_index for v in made] == list(range(10))
    # i % 3 names the problem: n * (n + 1) is n * n for n = 0 alone.
    assert [v.pass_rate for v in made] == [float(i % 2 == 1 or i % 3 == 0) for i in range(10)]
    assert store.names("journal/bulk/") == [], "a finished shard leaves no journal"


def test_a_pod_that_dies_in_a_shard_loses_no_verdict(
    store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    problems, programs = tables(tmp_path, programs=120)
    shards = bulk.split(Home(tmp_path / "s", store), problems, programs, CONFIG, 120)
    put = ObjectStore.put

    def dies(self: ObjectStore, name: str, data: bytes) -> None:
        if name == shards.verdicts(0):
            raise KeyboardInterrupt
        put(self, name, data)

    monkeypatch.setattr(ObjectStore, "put", dies)
    with pytest.raises(KeyboardInterrupt):
        bulk.judge_shard(Home(tmp_path / "a", store), shards.key, 0)
    monkeypatch.setattr(ObjectStore, "put", put)

    def nothing(self: Sandbox, jobs: Iterable[Job]) -> Iterator[Judged]:
        assert not list(jobs), "every verdict is in the journal"
        return iter(())

    monkeypatch.setattr(Sandbox, "judge", nothing)
    bulk.judge_shard(Home(tmp_path / "b", store), shards.key, 0)
    assert len(list(bulk.gather(Home(tmp_path / "s", store), shards))) == 120


def test_a_pool_that_has_moved_is_found_and_nothing_is_split_again(
    store: ObjectStore, tmp_path: Path
) -> None:
    problems, programs = tables(tmp_path)
    home = Home(tmp_path / "s", store)
    first, moved = (
        bulk.split(
            home,
            problems,
            programs,
            JudgingConfig.model_validate({"sandbox": {"pool": {"url": url}}}),
            4,
        )
        for url in ("http://old:8080", "http://new:8080")
    )
    assert moved.key == first.key
    assert "http://new:8080" in bulk.load(home, moved.key).config


def test_a_program_without_its_problem_is_refused_before_anything_starts(
    store: ObjectStore, tmp_path: Path
) -> None:
    problems, programs = tables(tmp_path)
    problems.write_text(problems.read_text().splitlines()[0] + "\n")
    with pytest.raises(InputError, match="p1"):
        bulk.split(Home(tmp_path / "s", store), problems, programs, CONFIG, 4)
    assert not [n for n in store.names("bulk/") if n.endswith("shards.json")]


def test_without_a_store_it_says_what_to_set(tmp_path: Path) -> None:
    problems, programs = tables(tmp_path)
    with pytest.raises(InputError, match="needs an object store") as caught:
        bulk.split(Home(tmp_path / "s"), problems, programs, CONFIG, 4)
    assert "ACECODER_STORE" in caught.value.remedy


@given(st.integers(1, 500), st.integers(1, 100))
def test_the_job_has_an_index_a_shard_and_pods_that_may_nothing(
    shards: int, parallelism: int
) -> None:
    infra = Infra.load(Path("manifests/overlays/production/infra.toml"))
    made = job(bulk.Shards("k" * 16, shards, 5, "{}"), infra, parallelism)
    spec, pod = made["spec"], made["spec"]["template"]["spec"]
    assert (spec["completions"], spec["completionMode"]) == (shards, "Indexed")
    assert 1 <= spec["parallelism"] <= min(shards, parallelism)
    assert pod["automountServiceAccountToken"] is False
    assert pod["serviceAccountName"] == "acecoder-bulk"
    (container,) = pod["containers"]
    assert "@sha256:" in container["image"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert not [e for e in container["env"] if "KEY" in e["name"] and "value" in e], (
        "keys from Secrets"
    )
    assert pod["securityContext"]["runAsNonRoot"] is True
