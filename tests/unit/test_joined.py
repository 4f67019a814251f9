"""The one join: any order of the tables, either format, and one problem's rows at a time."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from acecoder.engine.index import Index, Place
from acecoder.engine.lookup import Lookup
from acecoder.engine.tables import arrow_schema, read_table, write_table
from acecoder.errors import InputError
from acecoder.judging.joined import joined
from acecoder.schema import TABLES, Outcome, Problem, Program, Record, Verdict


def records(seed: int) -> tuple[list[Problem], list[Program], list[Verdict]]:
    """Some problems, programs of some of them, and verdicts on some of these, in any order."""
    rng = random.Random(seed)
    problems = [Problem(id=f"p{i}", question="q", tests=("assert f()",)) for i in range(12)]
    programs = [
        Program(problem_id=f"p{rng.randrange(14)}", model="m", program_index=i, program=f"# {i}")
        for i in range(40)
    ]
    verdicts = [
        Verdict(
            program_id=p.id, problem_id=p.problem_id, model="m", program_index=p.program_index,
            outcomes=(Outcome.PASSED,), pass_rate=1.0,
        )
        for p in programs if rng.random() < 0.8
    ]  # fmt: skip
    for table in (problems, programs, verdicts):
        rng.shuffle(table)
    return problems, programs, verdicts


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
@pytest.mark.parametrize("seed", range(4))
def test_a_join_is_what_it_is_in_memory(seed: int, suffix: str, tmp_path: Path) -> None:
    problems, programs, verdicts = records(seed)
    tables: dict[str, tuple[type[Record], Sequence[Record]]] = {
        "problems": (Problem, problems), "programs": (Program, programs),
        "verdicts": (Verdict, verdicts),
    }  # fmt: skip
    files = {name: tmp_path / f"{name}.{suffix}" for name in tables}
    for name, (kind, rows) in tables.items():
        write_table(files[name], kind, rows)
    found = list(joined(files["problems"], programs=files["programs"], verdicts=files["verdicts"]))
    assert [each.problem for each in found] == problems
    for each in found:
        own = [p for p in programs if p.problem_id == each.problem.id]
        assert each.programs == own
        assert list(each.verdicts.values()) == [
            v for v in verdicts if v.problem_id == each.problem.id
        ]


def test_a_malformed_row_is_named_when_it_is_looked_up(tmp_path: Path) -> None:
    path = tmp_path / "programs.jsonl"
    path.write_text(
        '{"problem_id": "a", "model": "m", "program_index": 0, "program": "x"}\n\n'
        '{"problem_id": "b", "program_index": 0, "program": "x"}\n'
    )
    with Lookup(path, Program, "problem_id") as table:
        assert [p.program for p in table.of("a")] == ["x"]
        assert table.of("none") == []
        with pytest.raises(InputError, match=r"programs\.jsonl, line 3: field 'model'"):
            table.of("b")


def test_an_index_keeps_what_is_added_after_the_first_question() -> None:
    index = Index()
    index.add([("a", Place(0, 1, 2))])
    assert index.find("a") == [Place(0, 1, 2)]
    index.add([("a", Place(0, 3, 4)), ("b", Place(1, 0, 1))])
    assert index.find("a") == [Place(0, 1, 2), Place(0, 3, 4)]
    assert index.find("c") == []


@pytest.mark.parametrize("name", TABLES)
def test_columns_have_the_types_of_the_record_whatever_the_rows_hold(
    name: str, tmp_path: Path
) -> None:
    path = tmp_path / f"{name}.parquet"
    assert write_table(path, TABLES[name], []) == 0
    schema = pyarrow.parquet.read_schema(path)
    assert schema.equals(arrow_schema(TABLES[name]))
    assert not any(pyarrow.types.is_null(field.type) for field in schema)
    assert list(read_table(path, TABLES[name])) == []
