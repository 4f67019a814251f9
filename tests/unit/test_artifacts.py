"""Artifacts appear whole or not at all; journals survive a kill in the middle of a write."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acecoder.engine.journal import Journal
from acecoder.engine.publishing import content_digest, publishing, write_manifest


def test_a_failed_stage_leaves_no_output(tmp_path: Path) -> None:
    destination = tmp_path / "out"
    with pytest.raises(RuntimeError), publishing(destination) as scratch:
        (scratch / "half").write_text("half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_what_is_left_of_a_killed_writer_is_thrown_away(tmp_path: Path) -> None:
    leftover = tmp_path / ".out.partial"
    leftover.mkdir()
    (leftover / "torn").write_text("torn")
    with publishing(tmp_path / "out") as scratch:
        (scratch / "whole").write_text("whole")
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["whole"]


@given(cut=st.integers(0, 200))
def test_a_journal_cut_anywhere_keeps_every_whole_entry(
    cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("journal") / "j.jsonl"
    entries = {f"key{i}": {"n": i, "text": "x" * i} for i in range(6)}
    journal = Journal(path)
    for key, value in entries.items():
        journal.put({key: value})
    journal.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:cut])
    lines = whole[:cut].count(b"\n")
    again = Journal(path)
    kept = [key for key in entries if key in again]
    # A cut just before a line's end leaves the entry whole: then it counts too.
    assert kept in (list(entries)[:lines], list(entries)[: lines + 1])
    again.put({"new": 1})
    again.close()
    reopened = Journal(path)
    assert reopened.get("new") == 1
    assert all(reopened.get(key) == entries[key] for key in kept)


def test_the_digest_is_of_the_files_and_not_of_who_made_them(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "records.jsonl").write_text("same\n")
    write_manifest(tmp_path / "a", stage_key="one", artifact="s/one/a", counts={})
    assert content_digest(tmp_path / "a") == content_digest(tmp_path / "b")
    (tmp_path / "b" / "records.jsonl").write_text("other\n")
    assert content_digest(tmp_path / "a") != content_digest(tmp_path / "b")


def test_a_line_torn_in_the_middle_costs_itself_alone(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    journal = Journal(path)
    journal.put({"a": 1})
    with path.open("ab") as other:
        other.write(b'["torn", {"n"')  # another process was killed here
    journal.put({"b": 2})
    journal.put({"c": 3})
    journal.close()
    again = Journal(path)
    assert [again.get(key) for key in "abc"] == [1, 2, 3]
