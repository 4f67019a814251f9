"""Records on disk: JSONL and Parquet hold the same; a bad record is named exactly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acecoder.engine.tables import read_table, write_table
from acecoder.errors import InputError
from acecoder.schema import Pair, Problem, Program, StdinTest, UnittestTest, Verdict

TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)
ASSERTS = TEXT.filter(lambda text: not text.startswith('{"kind"'))
TESTS = st.one_of(
    ASSERTS,
    st.builds(StdinTest, kind=st.just("stdin"), input=TEXT, output=TEXT),
    st.builds(UnittestTest, kind=st.just("unittest"), code=TEXT),
)
EXTRA = st.dictionaries(
    st.text("abcdef", min_size=3, max_size=5).map(lambda name: f"x_{name}"),
    st.one_of(st.integers(-9, 9), TEXT, st.lists(st.integers(-9, 9)), st.none()),
    max_size=3,
)
PROBLEMS = st.lists(
    st.builds(
        lambda name, question, tests, extra: Problem.model_validate(
            {"id": name, "question": question, "tests": tests, **extra}
        ),
        TEXT,
        TEXT,
        st.lists(TESTS, max_size=3),
        EXTRA,
    ),
    max_size=5,
)


@settings(max_examples=60, deadline=None)
@given(records=PROBLEMS)
@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_what_was_written_is_read_again_extra_fields_too(
    suffix: str, records: list[Problem], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("tables") / f"problems.{suffix}"
    assert write_table(path, Problem, records) == len(records)
    assert list(read_table(path, Problem)) == records


def test_only_fields_without_a_default_are_needed(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"problem_id": "p", "model": "m", "program_index": 3, "program": "x = 1"}\n')
    (program,) = read_table(path, Program)
    assert program.id == "p#m#3"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"id": "p", "question": "q"}', "field 'tests' of this problem: Field required"),
        ('{"id": "p", "question": "q", "tests": [', "not valid JSON"),
        ("[1, 2]", "expected an object, found list"),
        ('{"id": "p", "question": 7, "tests": []}', "field 'question'"),
        ('{"id": "p", "question": "q", "tests": [], "schema_version": 2}', "schema_version"),
        ('{"id": "p", "question": "q", "tests": [{"kind": "stdin"}]}', "field 'tests.0"),
    ],
)
def test_a_broken_line_is_refused_by_file_line_and_field(
    line: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "problems.jsonl"
    good = json.dumps({"id": "a", "question": "q", "tests": []})
    path.write_text(f"{good}\n\n{line}\n")
    read = read_table(path, Problem)
    assert next(read).id == "a"
    with pytest.raises(InputError) as caught:
        next(read)
    assert f"{path}, line 3" in str(caught.value)
    assert said in str(caught.value)


def test_a_missing_file_and_a_file_that_is_no_table_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.jsonl: no such file"):
        list(read_table(tmp_path / "nothing.jsonl", Problem))
    broken = tmp_path / "broken.parquet"
    broken.write_text("no parquet")
    with pytest.raises(InputError, match="not a readable Parquet file"):
        list(read_table(broken, Problem))


def test_a_verdict_whose_pass_rate_contradicts_its_outcomes_is_refused() -> None:
    base = {"program_id": "a", "problem_id": "p", "model": "m", "program_index": 0}
    assert Verdict(**base, outcomes=("passed", "not_run"), pass_rate=0.5).pass_rate == 0.5
    with pytest.raises(ValueError, match="disagrees"):
        Verdict(**base, outcomes=("passed", "failed"), pass_rate=1.0)


def test_a_full_disk_is_a_readable_error_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from acecoder.errors import PlatformError

    def refuse(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)
    pair = Pair(
        problem_id="p",
        prompt="q",
        chosen="a",
        rejected="b",
        chosen_pass_rate=1.0,
        rejected_pass_rate=0.5,
    )
    with pytest.raises(PlatformError, match=r"No space left on device[\s\S]*free some disk space"):
        write_table(tmp_path / "pairs.jsonl", Pair, [pair])
    assert list(tmp_path.iterdir()) == []
