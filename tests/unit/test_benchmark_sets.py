"""MBPP, LiveCodeBench and BigCodeBench as problems, from rows in the form of their own files."""

from __future__ import annotations

import base64
import gzip
import json
import os
import pickle
import zlib
from pathlib import Path
from typing import Any

import pytest

from acecoder.errors import InputError
from acecoder.problem_sets import loading
from acecoder.sandbox.worker import arguments
from acecoder.schema import CallTest, Problem, StdinTest, UnittestTest


def load(tmp_path: Path, name: str, *rows: dict[str, Any]) -> list[Problem]:
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return list(loading.load(name, data=file))


def test_mbpp_is_its_test_split(tmp_path: Path) -> None:
    row = {"text": "Add.", "code": "def add(a, b):\r\n  return a + b", "test_setup_code": "x = 1",
           "test_list": ["assert add(1, 2) == 3"], "challenge_test_list": []}  # fmt: skip
    rows = [{**row, "task_id": number} for number in (1, 11, 510, 511)]
    found = load(tmp_path, "mbpp", *rows)
    assert [problem.id for problem in found] == ["Mbpp/11", "Mbpp/510"]
    # What the setup makes may be of the program's classes: it comes after the program.
    assert found[0].tests == (UnittestTest(kind="unittest", code="x = 1\nassert add(1, 2) == 3\n"),)
    assert found[0].reference == "def add(a, b):\n  return a + b"
    assert "assert add(1, 2) == 3" in found[0].question
    assert len(load(tmp_path, "mbpp/all", *rows)) == 4


def question(**fields: Any) -> dict[str, Any]:
    row = {
        "question_id": "a", "question_content": "Do.", "starter_code": "", "metadata": "{}",
        "contest_date": "2024-03-05T00:00:00", "difficulty": "easy", "public_test_cases": "[]",
    }  # fmt: skip
    return {**row, **fields}


def test_livecodebench_asks_for_a_script_or_a_method(tmp_path: Path) -> None:
    script = question(
        public_test_cases=json.dumps([{"input": "1", "output": "2", "testtype": "stdin"}])
    )
    method = question(
        question_id="b",
        starter_code="class Solution:\n    def go(self, x: int) -> int:\n        ",
        metadata=json.dumps({"func_name": "go"}),
        public_test_cases=json.dumps(
            [{"input": '[1, 2]\n"a"', "output": "[3]", "testtype": "functional"}]
        ),
    )
    one, other = load(tmp_path, "livecodebench", script, method)
    assert one.tests == (StdinTest(kind="stdin", input="1", output="2", compare="decimals"),)
    assert one.entry_point is None
    (call,) = other.tests
    assert isinstance(call, CallTest)
    assert arguments.read(call.arguments) == [[1, 2], "a"]
    assert (call.expected, call.oracle, other.entry_point) == (
        "[[3]]",
        "equal_as_list",
        "Solution().go",
    )
    assert "def go" in other.question
    assert "from typing import *" in one.preamble


def packed(value: Any) -> str:
    return base64.b64encode(zlib.compress(pickle.dumps(value))).decode()


def test_hidden_tests_are_read_and_nothing_is_made_of_their_pickle(tmp_path: Path) -> None:
    tests = [{"input": "1", "output": "2", "testtype": "stdin"}]
    (problem,) = load(
        tmp_path, "livecodebench", question(private_test_cases=packed(json.dumps(tests)))
    )
    assert len(problem.tests) == 1

    class Evil:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "made"),)

    with pytest.raises(InputError, match=r"posix\.mkdir"):
        load(tmp_path, "livecodebench", question(private_test_cases=packed(Evil())))
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("name", ["mbpp", "livecodebench", "bigcodebench/complete", "humaneval"])
def test_a_row_that_is_no_task_is_named_in_every_set(tmp_path: Path, name: str) -> None:
    for row in ({"task_id": "T/7"}, {"task_id": "T/7", "test": "(", "entry_point": "f"}):
        with pytest.raises(InputError, match="no task") as error:
            load(tmp_path, name, row)
        assert "T/7" in error.value.where
    torn = tmp_path / "torn.jsonl.gz"
    whole = gzip.compress(os.urandom(4000).hex().encode())
    torn.write_bytes(whole[:200] + b"\0" * 50 + whole[250:])
    with pytest.raises(InputError, match="cannot be read"):
        list(loading.load(name, data=torn))


def test_hidden_tests_that_are_torn_are_named(tmp_path: Path) -> None:
    for text in ("AAAA", base64.b64encode(zlib.compress(b"no pickle")).decode()):
        with pytest.raises(InputError, match="no task"):
            load(tmp_path, "livecodebench", question(private_test_cases=text))


def test_a_window_of_dates(tmp_path: Path) -> None:
    rows = [
        question(question_id=d, contest_date=d) for d in ("2024-01-01", "2024-02-01", "2024-03-01")
    ]
    found = load(tmp_path, "livecodebench/2024-01-15..2024-03-01", *rows)
    assert [problem.id for problem in found] == ["2024-02-01"]
    with pytest.raises(InputError, match="unknown problem set 'livecodebench/v99'"):
        load(tmp_path, "livecodebench/v99", *rows)
    with pytest.raises(InputError, match=r"unknown problem set 'mbpp/2024-01-15\.\.2024-03-01'"):
        load(tmp_path, "mbpp/2024-01-15..2024-03-01", *rows)


def test_bigcodebench_completes_or_is_told_in_words(tmp_path: Path) -> None:
    row = {
        "task_id": "BigCodeBench/1", "complete_prompt": "import os\ndef task_func(x):\n    'Doc.'\n",
        "instruct_prompt": "Write it.", "canonical_solution": "    return x\n",
        "code_prompt": "import os\ndef task_func(x):\n", "entry_point": "task_func",
        "test": "import unittest\n", "libs": "['os']",
    }  # fmt: skip
    (complete,) = load(tmp_path, "bigcodebench/complete", row)
    (instruct,) = load(tmp_path, "bigcodebench/instruct", row)
    assert "Doc." in complete.question
    assert instruct.question == "Write it."
    assert complete.preamble == "import os\ndef task_func(x):\n    pass\n"
    assert complete.source == "bigcodebench/complete"
    assert complete.tests == (UnittestTest(kind="unittest", code="import unittest\n"),)
    hard = tmp_path / "hard.json"
    hard.write_text(json.dumps({"BigCodeBench/1": row}))
    (found,) = loading.load("bigcodebench/instruct_hard", data=hard)
    assert found.id == "BigCodeBench/1"
