"""Tables as others make them: structs with nulls, numbers for ids, bytes, surrogates, bad rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from acecoder.engine.distinct import OnDisk, OwnIds, distinct
from acecoder.engine.index import Index, Place
from acecoder.engine.rejects import Rejects
from acecoder.engine.tables import read_table, write_table
from acecoder.errors import InputError, PlatformError
from acecoder.schema import CallTest, Problem, Program, Seed, StdinTest
from acecoder.synthesis.seeds import NoSeed, read_source, row_seed, without_prints

Write = Callable[..., Path]
F = "```"
CODE = "def add(a, b):\n    return a + b"


def program(text: str, index: int = 0) -> dict[str, Any]:
    return {"problem_id": "p", "model": "m", "program_index": index, "program": text}


def test_a_struct_of_parquet_has_a_place_for_what_a_row_leaves_out(tmp_path: Path) -> None:
    tests = [
        {"kind": "stdin", "input": "1", "output": "2", "code": None},
        {"kind": "unittest", "input": None, "output": None, "code": "assert f(1)"},
    ]
    rows = [{"id": 7, "question": "q", "tests": tests, "picture": b"\xff\xd8", "note": b"n"}]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "p.parquet")
    (problem,) = read_table(tmp_path / "p.parquet", Problem)
    assert problem.id == "7"
    assert isinstance(problem.tests[0], StdinTest)
    assert problem.model_extra == {"note": "n"}


def test_calls_and_what_a_benchmark_prescribes_come_through_both_formats(
    write: Write, tmp_path: Path
) -> None:
    call = {"kind": "call", "arguments": "[1]", "oracle": "equal_or_close", "tolerance": 1e-6}
    row = {"id": "p", "question": "q", "tests": [call, "assert f(1)"], "reference": None}
    (problem,) = read_table(write("p", {**row, "limits": "evalplus", "num_base_tests": 1}), Problem)
    assert (problem.reference, problem.limits, problem.num_base_tests) == ("", "evalplus", 1)
    assert problem.tests[0] == CallTest.model_validate(call)
    write_table(tmp_path / "p.parquet", Problem, [problem])
    assert list(read_table(tmp_path / "p.parquet", Problem)) == [problem]


def test_integer_ids_are_taken_as_texts(write: Write) -> None:
    path = write("s", {**program("x"), "problem_id": 3})
    (read,) = read_table(path, Program)
    assert read.problem_id == "3" and read.id == "3#m#0"


def test_a_lone_surrogate_comes_through_both_formats(write: Write, tmp_path: Path) -> None:
    lines = write("s", program("x = '\ud83d'\n"), program("y = 'ä'\n", 1))
    records = list(read_table(lines, Program))
    assert records[0].program == "x = '\ud83d'\n"
    write_table(tmp_path / "s.parquet", Program, records)
    assert list(read_table(tmp_path / "s.parquet", Program)) == records
    assert list(distinct(lines, Program)) == records


def test_what_is_there_twice_is_one_and_two_of_one_id_are_told(write: Write) -> None:
    one = {"id": "a", "question": "q", "tests": ["assert f(1)"]}
    assert [p.id for p in distinct(write("p", one, one), Problem)] == ["a"]
    with pytest.raises(InputError, match="two different problems have the id a") as fault:
        list(distinct(write("p", one, {**one, "id": "b"}, {**one, "question": "r"}), Problem))
    assert "lines 1 and 3" in fault.value.where


def test_programs_of_one_id_are_samples_of_their_own(write: Write) -> None:
    rows = [program("x"), program("y"), program("z", 1), program("x")]
    read = [Program.model_validate(row) for row in rows]
    wanted = ["p#m#0", "p#m#0~2", "p#m#1", "p#m#0~3"]
    for taken in (set(), OnDisk()):
        own = OwnIds(taken)
        assert [p.id for p in own.of(read)] == wanted
        assert own.doubled == 2


def test_an_id_that_is_given_is_given_to_nobody_else(write: Write) -> None:
    rows = [program("x"), program("y"), {**program("z"), "id": "p#m#0~2"}, program("w")]
    own = OwnIds(set())
    named = [p.id for p in own.of(Program.model_validate(row) for row in rows)]
    assert named == ["p#m#0", "p#m#0~2", "p#m#0~2~2", "p#m#0~3"]


def test_a_doubled_id_costs_no_verdict_and_no_pair(run, write: Write) -> None:
    problems = write(
        "p", {"id": "p", "question": "q", "tests": ["assert f(1) == 2", "assert f(5) == 6"]}
    )
    programs = write(
        "s", program("def f(n):\n    return n + 1\n"), program("def f(n):\n    return 2\n")
    )
    judged = run("judge_programs", {}, problems=problems, programs=programs)
    assert judged.report.metrics["doubled_ids"] == 1
    inputs = {"programs": programs, "verdicts": judged.directory / "verdicts"}
    measured = run("evaluate_model", {}, benchmark=problems, **inputs)
    scores = {row["metric"]: row["value"] for row in measured.report.details["scores"]}
    assert scores["average"] == 0.5
    assert run("build_pairs", {}, problems=problems, **inputs).report.metrics["pairs"] == 1


def test_bad_rows_of_a_users_file_are_left_out_and_told(run, write: Write, tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    good = json.dumps({"id": "a", "question": "q", "tests": ["assert f(1) == 2"]})
    deep = '{"id": "d", "question": "q", "tests": [' + "[" * 100_000 + "]}"
    path.write_text("\n".join([good, "{not json", deep, '{"id": "b"}', "[]", good]) + "\n")
    result = run("load_problems", {"sets": [str(path)]})
    assert result.report.metrics["problems"] == 1
    assert result.report.metrics["rejected_rows"] == 4
    assert result.report.metrics["doubled"] == 1
    told = result.report.details["rejected"]
    assert [str(each).split(": ")[0].rpartition(" ")[2] for each in told] == ["2", "3", "4", "5"]
    path.write_text("{not json\n")
    with pytest.raises(InputError, match="no row is a problem"):
        run("load_problems", {"sets": [str(path)]})


def test_a_test_nested_beyond_all_measure_is_a_broken_test(run, write: Write) -> None:
    deep = "assert f(" + "(" * 50_000 + ")" * 50_000 + ") == 1"
    problems = write("p", {"id": "p", "question": "q", "tests": [deep, "assert f(1) == 2"]})
    programs = write("s", program("def f(n):\n    return n + 1\n"))
    judged = run("judge_programs", {}, problems=problems, programs=programs)
    assert judged.report.metrics["tests_passed"] == 1


def test_tests_that_assert_nothing_are_said_to_be_the_problems_fault(
    run, write: Write, capsys
) -> None:
    problems = write(
        "p", {"id": "p", "question": "q", "tests": ["print(3)", "f(1) == 1", "assert f(1) == 2"]}
    )
    programs = write("s", program("def f(n):\n    return n + 1\n"))
    judged = run("judge_programs", {}, problems=problems, programs=programs)
    assert judged.report.metrics["broken_tests"] == 2
    assert "problem p, test 0: without an assertion" in capsys.readouterr().out


ROWS: dict[str, dict[str, Any]] = {
    "content": {"content": CODE},
    "solution": {"solution": CODE},
    "text that is code": {"text": CODE},
    "text with code in it": {"text": f"Here:\n{F}python\n{CODE}\n{F}\n"},
    "output": {"instruction": "i", "output": f"{F}python\n{CODE}\n{F}"},
    "messages": {"messages": [{"role": "user", "content": "i"}, {"role": "assistant", "content": f"{F}python\n{CODE}\n{F}"}]},
    "conversations": {"conversations": [{"from": "human", "value": "i"}, {"from": "gpt", "value": f"{F}python\n{CODE}\n{F}"}]},
    "a tag in capitals": {"response": f"{F}Python\n{CODE}\n{F}"},
    "a short tag": {"response": f"{F}py\n{CODE}\n{F}"},
    "a second fence": {"response": f"{F}python\nadd(1, 2)\n{F}\n{F}python\n{CODE}\n{F}"},
    "a fence that is not closed": {"response": f"{F}python\n{CODE}"},
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_rows_of_code_data_sets_give_a_seed_whatever_their_columns_are_called(name: str) -> None:
    seed = row_seed(ROWS[name], "hub:x")
    assert isinstance(seed, Seed) and seed.code == CODE


def test_rows_without_a_seed_say_why_and_a_map_names_other_columns(write: Write) -> None:
    assert row_seed({"foo": CODE}, "hub:x") is NoSeed.NO_CODE
    assert row_seed({"response": "Nothing."}, "hub:x") is NoSeed.NO_PROGRAM
    assert row_seed({"code": "print(1)"}, "hub:x") is NoSeed.EMPTY
    assert isinstance(row_seed({"foo": CODE}, "hub:x", {"code": "foo"}), Seed)
    path = write("rows", {"foo": CODE}, {"foo": 3}, {"foo": f"{CODE}\n# b"})
    rejects = Rejects()
    seeds = list(read_source(f"jsonl:{path}", split="", fields={"code": "foo"}, rejects=rejects))
    assert len(seeds) == 2 and rejects.count == 1
    assert "columns: foo" in rejects.examples[0] and "line 2" in rejects.examples[0]


@pytest.mark.parametrize(
    ("code", "kept"),
    [
        ("def f(x):\n    print(x)\n    return x\n", "def f(x):\n    return x\n"),
        ("if x:\n    print(x)\nelse:\n    y = 1\n", "if x:\n    pass\nelse:\n    y = 1\n"),
        ("for x in y:\n    print(\n        x,\n    )\n", "for x in y:\n    pass\n"),
        ("if x: print(x)\n", "if x: pass\n"),
        ("x = 1; print(x)\n", "x = 1; pass\n"),
        ("printed = 1\nprinter(printed)\n", "printed = 1\nprinter(printed)\n"),
        ("x = '''\nprint(1)\n'''\n", "x = '''\nprint(1)\n'''\n"),
        ("try:\n    print(1)\nfinally:\n    print(2)\n", "try:\n    pass\nfinally:\n    pass\n"),
        ("ä = 1; print('ä')  # ö\n", "ä = 1; pass  # ö\n"),
        ("not python at all\nprint 3\n", "not python at all\n"),
    ],
)  # fmt: skip
def test_what_is_left_without_prints_is_python(code: str, kept: str) -> None:
    assert without_prints(code).rstrip("\n") == kept.rstrip("\n")


def test_programs_of_two_models_are_measured_apart(run, write: Write) -> None:
    problems = write("p", {"id": "p", "question": "q", "tests": ["assert f(1) == 2"]})
    right, wrong = "def f(n):\n    return n + 1\n", "def f(n):\n    return n\n"
    rows = [
        {"problem_id": "p", "model": model, "program_index": index, "program": text}
        for model, texts in {"a": [right, right], "b": [wrong, right]}.items()
        for index, text in enumerate(texts)
    ]
    measured = run("evaluate_model", {}, benchmark=problems, programs=write("s", *rows))
    scores = measured.report.details["scores"]
    averages = {row["model"]: row["value"] for row in scores if row["metric"] == "average"}
    assert averages == {"a": 1.0, "b": 0.5}
    shortest = {row["model"]: row["value"] for row in scores if row["metric"] == "shortest_of_2"}
    assert shortest == {"a": 1.0, "b": 0.0}  # the wrong one is shorter


def test_a_full_disk_under_an_index_is_said_with_its_place() -> None:
    index = Index()
    index._database.execute("PRAGMA max_page_count = 20")  # as full as a disk can be
    with pytest.raises(PlatformError, match="database or disk is full") as fault:
        index.add((str(number), Place(number, 0, 0)) for number in range(100_000))
    assert "TMPDIR" in str(fault.value.remedy)
