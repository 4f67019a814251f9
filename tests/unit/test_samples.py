"""Samples that exist: every form that evaluators keep, and everything that may be wrong with a file."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from acecoder.errors import InputError
from acecoder.evaluation import samples
from acecoder.evaluation.samples import Found
from acecoder.schema import Problem, Program

PROBLEMS = {
    name: Problem(
        id=name, question="q", prompt="def f(x):\n", entry_point="f", tests=("assert f(1) == 1",)
    )
    for name in ("HumanEval/0", "HumanEval/1", "HumanEval/2")
}


def read(file: Path, text: str, **options: bool) -> tuple[list[Program], Found]:
    if file.suffix == ".gz":
        file.write_bytes(gzip.compress(text.encode()))
    else:
        file.write_text(text)
    found = Found()
    return list(samples.programs(file, PROBLEMS, "m", found, **options)), found


def lines(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.mark.parametrize(
    ("row", "programs"),
    [
        ({"task_id": "HumanEval/0", "solution": "def f(x): return x"}, ["def f(x): return x"]),
        ({"task_id": "HumanEval/0", "completion": "    return x"}, ["def f(x):\n    return x"]),
        ({"question_id": "HumanEval/0", "code_list": ["a", "b"]}, ["a", "b"]),
        ({"problem_id": "HumanEval/0", "program": "a", "model": "other"}, ["a"]),
        ({"task_id": "0", "solution": "a"}, ["a"]),
    ],
)
def test_the_forms_of_evaluators(tmp_path: Path, row: dict, programs: list[str]) -> None:
    for name, text in (
        ("s.jsonl", lines(row)),
        ("s.jsonl.gz", lines(row)),
        ("s.json", json.dumps([row])),
    ):
        found, _ = read(tmp_path / name, text)
        assert [p.program for p in found] == programs
        assert [p.program_index for p in found] == list(range(len(programs)))
        assert {p.problem_id for p in found} == {"HumanEval/0"}
        assert {p.model for p in found} == {row.get("model", "m")}


def test_an_answer_is_extracted_where_that_is_asked_for(tmp_path: Path) -> None:
    answer = "Sure:\n```python\ndef f(x):\n    return x\n```\nDone."
    (program,), _ = read(
        tmp_path / "s.jsonl", lines({"task_id": "HumanEval/0", "solution": answer}), extract=True
    )
    assert program.program == "def f(x):\n    return x\n"


def test_what_is_wrong_with_a_file_is_counted_with_an_example(tmp_path: Path) -> None:
    good = {"task_id": "HumanEval/0", "solution": "a"}
    text = (
        lines(good, good, {"task_id": "HumanEval/1", "solution": " "})
        + '{"task_id": \n[]\n'
        + lines({"task_id": "Mbpp/2", "solution": "a"}, {"foo": 1}, {"task_id": "HumanEval/1"})
    )
    programs, found = read(tmp_path / "s.jsonl", text)
    assert len(programs) == 3
    assert found.counts == {
        samples.REPEATED: 1,
        samples.EMPTY: 1,
        samples.BROKEN: 2,
        samples.UNKNOWN: 1,
        samples.NO_TEXT: 2,
        samples.UNEVEN: 1,
        samples.MISSING: 1,
    }
    told = "\n".join(found.lines())
    for part in ("HumanEval/0 (line 2)", "line 4", "'Mbpp/2' (line 6)", "keys: foo",
                 "HumanEval/1 (m: 1 of 2)", "HumanEval/2 (m)"):  # fmt: skip
        assert part in told


def test_a_file_without_a_sample_of_the_benchmark_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no sample of any task") as error:
        read(tmp_path / "s.jsonl", lines({"task_id": "Mbpp/2", "solution": "a"}))
    assert "Mbpp/2" in error.value.remedy
    nothing = {"task_id": "HumanEval/0", "code_list": []}
    with pytest.raises(InputError, match="no sample of any task") as error:
        read(tmp_path / "s.jsonl", lines(nothing))
    assert samples.NO_TEXT in error.value.remedy
    (empty,), found = read(tmp_path / "s.jsonl", lines({**nothing, "code_list": [None]}))
    assert (empty.program, found.counts[samples.EMPTY]) == ("", 1)
    with pytest.raises(InputError, match="not valid JSON"):
        read(tmp_path / "s.json", "[")
    with pytest.raises(InputError, match="expected a list of records"):
        read(tmp_path / "s.json", "{}")
    with pytest.raises(InputError, match="cannot be read"):
        list(samples.programs(tmp_path / "none.jsonl", PROBLEMS, "m", Found()))
