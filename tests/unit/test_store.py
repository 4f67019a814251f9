"""The object store behind a home: a second home with the same store is a pod that comes after."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from acecoder.config import Config
from acecoder.engine.contract import Out, Report, StageContext
from acecoder.engine.home import CHECKPOINT_MARK, Home
from acecoder.engine.journal import Journal
from acecoder.engine.publishing import REPORT, write_manifest
from acecoder.engine.runner import run_stage
from acecoder.engine.store import MERGED_FROM, ObjectStore
from acecoder.errors import InputError, PlatformError


class CountConfig(Config):
    """A stage's config for these tests."""

    number: int = 3


CALLS: list[int] = []


def count(config: CountConfig, *, numbers: Out, context: StageContext) -> Report:
    CALLS.append(config.number)
    (numbers / "records.jsonl").write_text("1\n" * config.number)
    return Report({"numbers": float(config.number)})


def test_what_one_pod_published_the_next_one_finds(store: ObjectStore, tmp_path: Path) -> None:
    CALLS.clear()
    homes = [Home(tmp_path / name, store) for name in "ab"]
    first, second = (
        run_stage(count, step="count", table={}, inputs={}, home=home) for home in homes
    )
    assert (first.reused, second.reused, CALLS) == (False, True, [3])
    assert second.directory.is_relative_to(tmp_path / "b")
    assert (second.directory / "numbers" / "records.jsonl").read_text() == "1\n" * 3
    assert first.report == second.report


def test_without_its_last_file_an_artifact_is_not_there(store: ObjectStore, tmp_path: Path) -> None:
    home = Home(tmp_path / "a", store)
    run_stage(count, step="count", table={}, inputs={}, home=home)
    (name,) = [n for n in store.names("artifacts/") if n.endswith(REPORT)]
    store.delete([name])
    CALLS.clear()
    assert not run_stage(
        count, step="count", table={}, inputs={}, home=Home(tmp_path / "b", store)
    ).reused
    assert CALLS == [3]


def test_a_journal_outlives_its_pod_and_is_merged_when_long(
    store: ObjectStore, tmp_path: Path
) -> None:
    count = MERGED_FROM + 6
    journal = Home(tmp_path / "a", store).open_journal("answers", "k")
    for index in range(count):
        journal.put({str(index): index})
    for name in "bc":
        later = Home(tmp_path / name, store).open_journal("answers", "k")
        assert [later.get(str(index)) for index in range(count)] == list(range(count))
        assert len(store.names("journal/")) == 1
    later.put({"more": True})
    assert "more" in Home(tmp_path / "d", store).open_journal("answers", "k")


def test_a_merge_by_another_pod_in_between_loses_no_answer(
    store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = MERGED_FROM + 6
    journal = Home(tmp_path / "a", store).open_journal("answers", "k")
    for index in range(count):
        journal.put({str(index): index})
    real = ObjectStore.names
    merged = []

    def names(self: ObjectStore, prefix: str) -> list[str]:
        found = real(self, prefix)
        if not merged:  # after this pod's listing, before its reading
            merged.append(True)
            Home(tmp_path / "b", store).open_journal("answers", "k")
        return found

    monkeypatch.setattr(ObjectStore, "names", names)
    late = Home(tmp_path / "c", store).open_journal("answers", "k")
    assert [late.get(str(index)) for index in range(count)] == list(range(count))


def test_a_copy_that_is_not_what_was_published_is_not_believed(
    store: ObjectStore, tmp_path: Path
) -> None:
    run_stage(count, step="count", table={}, inputs={}, home=Home(tmp_path / "a", store))
    (name,) = [n for n in store.names("artifacts/") if n.endswith("records.jsonl")]
    store.put(name, b"1\n1\n")
    with pytest.raises(PlatformError, match="not what was published"):
        run_stage(count, step="count", table={}, inputs={}, home=Home(tmp_path / "b", store))
    assert not list((tmp_path / "b" / "artifacts").rglob("records.jsonl"))


def test_the_store_writes_nowhere_else(store: ObjectStore, tmp_path: Path) -> None:
    store.put("artifacts/x/../../../../escaped", b"")
    with pytest.raises(PlatformError, match=r"\.\."):
        store.get_tree("artifacts/x", tmp_path / "home" / "x")
    assert not (tmp_path / "escaped").exists()


def test_the_newest_whole_checkpoint_is_what_a_later_pod_gets(
    store: ObjectStore, tmp_path: Path
) -> None:
    home, later = (Home(tmp_path / name, store) for name in "ab")
    scratch = home.root / "journal" / "checkpoints" / "k"
    for step in (1, 2):
        checkpoint = scratch / f"checkpoint-{step}"
        checkpoint.mkdir(parents=True)
        (checkpoint / "model").write_text(str(step))
        (checkpoint / CHECKPOINT_MARK).touch()
        home.send_checkpoint(checkpoint)
        home.mark_checkpoint(checkpoint)
    there = later.root / "journal" / "checkpoints" / "k"
    later.bring_checkpoints(there)
    assert [p.name for p in there.iterdir()] == ["checkpoint-2"]
    assert (there / "checkpoint-2" / "model").read_text() == "2"
    later.forget(there)
    assert store.names("journal/") == []


def test_a_checkpoint_that_two_machines_write_is_whole_when_both_have_sent_it(
    store: ObjectStore, tmp_path: Path
) -> None:
    name = Path("journal/checkpoints/k/checkpoint-2")
    nodes = [Home(tmp_path / node, store) for node in "ab"]
    for node, home in zip("ab", nodes, strict=True):
        (home.root / name).mkdir(parents=True)
        (home.root / name / f"part-{node}").write_text(node)
    nodes[0].send_checkpoint(nodes[0].root / name)
    later = Home(tmp_path / "later", store)
    later.bring_checkpoints(later.root / name.parent)
    assert not (later.root / name).exists(), "half of it is no checkpoint"
    nodes[1].send_checkpoint(nodes[1].root / name)
    nodes[0].mark_checkpoint(nodes[0].root / name)
    for home in (later, nodes[1]):  # a machine that has its part fetches the other's
        home.bring_checkpoints(home.root / name.parent)
        assert {p.name for p in (home.root / name).iterdir()} == {"part-a", "part-b", "whole"}


def test_an_address_is_found_from_a_copy_and_opened_elsewhere(
    store: ObjectStore, tmp_path: Path
) -> None:
    home = Home(tmp_path / "a", store)
    result = run_stage(count, step="count", table={}, inputs={}, home=home)
    copy = tmp_path / "kfp" / "numbers"
    copy.parent.mkdir()
    (result.directory / "numbers").rename(copy)
    address = home.permanent(copy)
    assert address == f"s3://lake/team/a/artifacts/count/{result.stage_key}/numbers"
    opened = Home(tmp_path / "b", store).open(address)
    assert (opened / "records.jsonl").read_text() == "1\n" * 3
    with pytest.raises(InputError, match="no such artifact"):
        home.open("s3://lake/team/a/artifacts/count/none/numbers")
    with pytest.raises(InputError, match="no such artifact"):
        home.open("s3://elsewhere/artifacts/count/none/numbers")


def test_without_a_store_addresses_are_files(tmp_path: Path) -> None:
    home = Home(tmp_path)
    out = home.artifact("s", "k") / "numbers"
    out.mkdir(parents=True)
    write_manifest(out, stage_key="k", artifact="s/k/numbers", counts={})
    assert home.permanent(out) == out.as_uri()
    assert home.open(home.permanent(out)) == out
    assert json.loads((out / "manifest.json").read_text())["artifact"] == "s/k/numbers"
    home.send_checkpoint(tmp_path / "none")
    home.mark_checkpoint(tmp_path / "none")
    assert Journal(tmp_path / "j.jsonl").get("x") is None


@pytest.mark.parametrize("uri", ["lake", "gs://lake/x", "s3:///x"])
def test_a_wrong_address_says_what_is_right(uri: str) -> None:
    with pytest.raises(InputError, match="s3://BUCKET/PREFIX"):
        ObjectStore(uri)


def test_what_the_store_refuses_is_one_error_with_a_remedy(store: ObjectStore) -> None:
    with pytest.raises(PlatformError, match="NoSuchBucket") as caught:
        ObjectStore("s3://none/x").put("a", b"")
    assert "make the bucket" in caught.value.remedy
    assert caught.value.where == "s3://none/x/a"


class Full(BaseHTTPRequestHandler):
    """A store without room, as MinIO says it."""

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b"<Error><Code>XMinioStorageFull</Code><Message>reached its minimum free drive threshold</Message></Error>"
        self.send_response(507)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


def test_a_full_store_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Full)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_address[1]}",
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    try:
        with pytest.raises(PlatformError, match="XMinioStorageFull") as caught:
            ObjectStore("s3://lake/a").put("x", b"data")
    finally:
        server.shutdown()
        server.server_close()
    assert caught.value.remedy.startswith("make room in the store")
