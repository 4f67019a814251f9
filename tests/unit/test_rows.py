"""What is chosen among samples, and the tables it is shown in."""

from __future__ import annotations

import csv
import io
from itertools import combinations
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acecoder.evaluation import published, tables
from acecoder.evaluation.comparing import difference_rows
from acecoder.evaluation.rows import DEFINITIONS, Samples, agreement_of_n, rows
from acecoder.schema import Score


def test_the_largest_group_is_chosen_and_those_that_tie_share() -> None:
    correct = [1.0, 1.0, 0.0, 0.0, 0.0]
    assert agreement_of_n(correct, "aabbb", {}, 5, "s") == 0.0
    assert agreement_of_n(correct[:4], "aabb", {}, 4, "s") == 0.5
    assert agreement_of_n([1.0, 0.0, 1.0], "abc", {}, 3, "s") == pytest.approx(2 / 3)


def test_codet_weighs_a_group_by_the_tests_it_passes() -> None:
    correct, keys = [1.0, 1.0, 0.0, 0.0, 0.0], [(True, True)] * 2 + [(True, False)] * 3
    weights = {key: float(sum(key)) for key in keys}
    assert agreement_of_n(correct, keys, weights, 5, "s") == 1.0


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abc")), min_size=4, max_size=6))
def test_drawn_subsets_come_near_to_all_of_them(items: list[tuple[bool, str]]) -> None:
    correct, keys = [float(c) for c, _ in items], [k for _, k in items]
    subsets = list(combinations(range(len(items)), 3))
    exact = fmean(
        agreement_of_n([correct[i] for i in s], [keys[i] for i in s], {}, 3, "s") for s in subsets
    )
    assert agreement_of_n(correct, keys, {}, 3, "s") == pytest.approx(exact, abs=0.12)
    with pytest.raises(ValueError, match="needs at least"):
        agreement_of_n(correct, keys, {}, 9, "s")


def test_rows_need_what_they_are_made_of() -> None:
    samples = Samples(greedy=1.0)
    assert rows(samples, (2,), (1,), "p") == {"greedy": 1.0}
    samples.correct, samples.rates, samples.lengths = [1.0, 0.0], [1.0, 0.5], [9, 4]
    samples.behaviours = ["x", ""]
    found = rows(samples, (2, 4), (1, 2), "p")
    assert found == {
        "greedy": 1.0, "average": 0.5, "test_pass_rate": 0.75, "oracle": 1.0, "pass_at_2": 1.0,
        "shortest_of_2": 0.0,
    }  # fmt: skip
    samples.behaviours, samples.scores = ["x", "y"], [2.0, 1.0]
    samples.agreements = [(True,), (False,)]
    found = rows(samples, (2,), (1,), "p")
    assert (found["best_of_2"], found["majority_of_2"], found["codet_of_2"]) == (1.0, 0.5, 1.0)
    assert all(any(row.startswith(name) for name in DEFINITIONS) for row in found)


def score(benchmark: str, row: str, value: float, model: str = "m_1 & co") -> Score:
    return Score(
        model=model, benchmark=benchmark, metric=row, value=value, low=value / 2, high=1.0,
        n_problems=4, n_samples=2,
    )  # fmt: skip


SCORES = [score("mbpp_plus", "average", 0.5), score("humaneval_plus", "average", 0.25)]


def test_a_table_has_the_papers_columns_and_its_figures_on_request() -> None:
    table = tables.table_of(SCORES, with_published=True)
    text = tables.markdown(table)
    lines = text.splitlines()
    assert lines[0] == "| model | row | HumanEval+ | MBPP+ |"
    assert lines[2] == "| m_1 & co | average | 25.0 (12.5-100.0) | 50.0 (25.0-100.0) |"
    assert "| Qwen2.5-Coder-7B-Instruct (published) | AceCodeRM-32B of 16 | 86.6 | 74.9 |" in lines
    assert "average: pass@1 over the samples" in text
    assert "Problems: HumanEval+ 4, MBPP+ 4." in text
    assert "published" not in tables.markdown(tables.table_of(SCORES))


def test_other_formats_say_the_same() -> None:
    table = tables.table_of(SCORES)
    read = list(csv.DictReader(io.StringIO(tables.as_csv(table))))
    assert {(r["benchmark"], r["percent"], r["low"]) for r in read} == {
        ("mbpp_plus", "50.0", "25.0"), ("humaneval_plus", "25.0", "12.5")
    }  # fmt: skip
    assert "m\\_1 \\& co & average & 25.0 (12.5-100.0)" in tables.latex(table)
    assert "<td>m_1 &amp; co</td>" in tables.html(table)
    assert tables.table_of(SCORES, rows=["greedy"]).cells == {}


def test_published_figures_agree_with_the_papers_own_averages() -> None:
    """The last column of the paper's tables, which is not kept."""
    printed = {
        ("GPT-4o (0806)", "greedy"): 61.3,
        ("Mistral-7B-v0.3", "AceCodeRM-32B of 64"): 41.7,
        ("Llama-3.1-8B-Instruct", "oracle"): 72.3,
        ("Qwen2.5-Coder-7B-Instruct", "AceCodeRM-32B of 32"): 59.6,
        ("Llama-3.1-8B-Instruct", "InternLM2-RM-8B of 16"): 37.3,
    }
    for row, average in printed.items():
        assert fmean(published.ROWS[row]) == pytest.approx(average, abs=0.06)
    assert all(len(row) == len(published.BENCHMARKS) for row in published.ROWS.values())


def test_every_two_rows_of_a_benchmark_are_compared_over_the_problems_they_share() -> None:
    values = {
        "a": {"b": {"greedy": {"p": 1.0, "q": 0.0}, "average": {"p": 0.5, "q": 0.5}}},
        "c": {"b": {"greedy": {"p": 0.0}}, "other": {"greedy": {"z": 1.0}}},
    }
    found = {(d["row"], d["other"]): d for d in difference_rows(values)}
    assert found.keys() == {
        ("a, greedy", "a, average"), ("a, greedy", "c, greedy"), ("a, average", "c, greedy")
    }  # fmt: skip
    assert found["a, greedy", "c, greedy"]["value"] == 1.0
    assert found["a, greedy", "c, greedy"]["n_problems"] == 1
    assert found["a, greedy", "a, average"]["low"] < 0 < found["a, greedy", "a, average"]["high"]
