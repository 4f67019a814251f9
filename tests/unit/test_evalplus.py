"""HumanEval+ and MBPP+ as problems: from a release of EvalPlus, and in the form of Hugging Face."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from acecoder.errors import InputError
from acecoder.problem_sets import loading
from acecoder.sandbox.worker import arguments
from acecoder.schema import CallTest, Problem

ROW = {
    "task_id": "HumanEval/32",
    "prompt": "def find_zero(xs: list):\n",
    "canonical_solution": "    return 1.0\n",
    "entry_point": "find_zero",
    "base_input": [[[1, 2]]],
    "plus_input": [[[3, -4]], [[10**30, 1]]],
    "atol": 1e-4,
    "contract": "",
}
MBPP = {
    "task_id": "Mbpp/124",
    "prompt": '"""\nThe angle of a complex number.\nassert angle_complex(0,1j)==1.57\n"""\n',
    "canonical_solution": "def angle_complex(a, b):\n    return 1.57\n",
    "entry_point": "angle_complex",
    "base_input": [["0", "1j"]],
    "plus_input": [],
    "atol": 0,
}


def load(tmp_path: Path, name: str, *rows: dict[str, Any]) -> list[Problem]:
    file = tmp_path / "rows.jsonl.gz"
    with gzip.open(file, "wt") as lines:
        lines.writelines(json.dumps(row) + "\n" for row in rows)
    return list(loading.load(name, data=file))


def given(problem: Problem) -> list[list[Any]]:
    return [arguments.read(test.arguments) for test in problem.tests if isinstance(test, CallTest)]


def test_a_row_of_a_release(tmp_path: Path) -> None:
    (problem,) = load(tmp_path, "humaneval_plus", ROW)
    assert problem.id == "HumanEval/32"
    assert given(problem) == [[[1, 2]], [[3, -4]], [[10**30, 1]]]
    assert problem.num_base_tests == 1
    assert problem.limits == "evalplus"
    assert problem.reference == "def find_zero(xs: list):\n    return 1.0\n"
    assert {(t.oracle, t.tolerance) for t in problem.tests if isinstance(t, CallTest)} == {
        ("root_of_polynomial", 1e-4)
    }


@pytest.mark.parametrize(
    ("task", "row", "expected"),
    [
        (124, ["0", "1j"], [0.0, 1j]),
        (2, [[1], [2]], [(1,), (2,)]),
        (63, [[[1, 2]]], [[(1, 2)]]),
        (75, [[[1, 2]], 3], [[(1, 2)], 3]),
        (750, [[1], [2]], [[1], (2,)]),
        (115, [[[1], []]], [[{1}, {}]]),
        (250, [[1, 2], 1], [(1, 2), 1]),
        (259, [[[1], [2]]], [((1,), (2,))]),
        (278, [[1, [2]]], [(1, (2,))]),
        (307, [[1], 2, 3], [(1,), 2, 3]),
        (722, [{"a": [1]}, 2], [{"a": (1,)}, 2]),
        (252, ["1j"], [1j]),
        (580, [[1, [2, [3]]]], [(1, (2, (3,)))]),
        (9, [[1]], [[1]]),
    ],
)
def test_arguments_have_the_types_that_the_task_takes(
    tmp_path: Path, task: int, row: list[Any], expected: list[Any]
) -> None:
    (problem,) = load(
        tmp_path, "mbpp_plus", {**MBPP, "task_id": f"Mbpp/{task}", "base_input": [row]}
    )
    assert given(problem) == [expected]
    assert repr(given(problem)) == repr([expected])


def test_a_row_of_hugging_face(tmp_path: Path) -> None:
    test = (
        "import numpy as np\nfrom math import inf\ndef assertion(out, exp, atol): pass\n"
        "inputs = [[(1, 2), inf], [{3}, -1]]\nresults = [1, 2]\n"
        "for i, (inp, exp) in enumerate(zip(inputs, results)):\n"
        "    assertion(similar_elements(*inp), exp, 0)\n"
    )
    row = {"task_id": 2, "prompt": "Shared elements.", "code": "def similar_elements(a, b): ...",
           "test": test, "test_list": ["assert 1"]}  # fmt: skip
    (problem,) = load(tmp_path, "mbpp_plus", row)
    assert (problem.id, problem.entry_point, problem.num_base_tests) == (
        "Mbpp/2",
        "similar_elements",
        1,
    )
    assert given(problem) == [[(1, 2), float("inf")], [{3}, -1]]
    assert problem.tests[0].oracle == "same_items"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"task_id": "HumanEval/1", "prompt": "def f(): "}\n', "HumanEval/1"),
        ('{"task_id": ', "cannot be read"),
        ("[]\n", "row 1: cannot be read: expected an object"),
    ],
)
def test_a_row_that_is_no_task_is_named(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(text)
    with pytest.raises(InputError, match=message):
        list(loading.load("humaneval_plus", data=file))


def test_blank_lines_and_other_kinds_of_files(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(f"\n{json.dumps(ROW)}\n  \n")
    assert len(list(loading.load("humaneval_plus", data=tmp_path / "rows.jsonl"))) == 1
    (tmp_path / "rows.parquet").write_text("no parquet")
    with pytest.raises(InputError, match="cannot be read"):
        list(loading.load("humaneval_plus", data=tmp_path / "rows.parquet"))


def test_a_file_that_is_not_there_and_a_kind_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        list(loading.load("mbpp_plus", data=tmp_path / "none.jsonl"))
    (tmp_path / "rows.csv").write_text("a")
    with pytest.raises(InputError, match=r"unknown kind of file '\.csv'"):
        list(loading.load("mbpp_plus", data=tmp_path / "rows.csv"))
