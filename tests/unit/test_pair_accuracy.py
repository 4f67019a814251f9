"""Accuracy of judges against numbers computed by hand, and the rows of public sets."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acecoder.errors import InputError
from acecoder.evaluation.judged_programs import ACROSS, WITHIN, Candidate, pairs_of
from acecoder.evaluation.pair_accuracy import (
    BY_PROBLEM,
    OVER_PAIRS,
    REWARD_MODEL,
    JudgedPair,
    PairAccuracy,
    calibration_error,
)
from acecoder.evaluation.preferences import read_preferences
from acecoder.filtering.pairs import PairRule

RIGHT_AGAINST_WRONG = PairRule(1.0, 0.01, -1.0)


def pair(problem: str, difference: float, gap: float | None = None, ratio: float = 1.0):
    lengths = ({"shorter": -1.0}, {"shorter": -1.0})
    chosen, rejected = {REWARD_MODEL: difference}, {REWARD_MODEL: 0.0}
    return JudgedPair("g", problem, chosen | lengths[0], rejected | lengths[1], gap, ratio)


def value(found: PairAccuracy, judge: str, metric: str) -> tuple[float, int, int]:
    (score,) = (s for s in found.scores() if (s.model, s.metric) == (judge, metric))
    return score.value, score.n_problems, score.n_samples


def test_a_problem_counts_once_however_many_pairs_it_has() -> None:
    found = PairAccuracy()
    for difference in (1.0, 1.0, 1.0, -1.0):
        found.add(pair("a", difference))
    found.add(pair("b", 0.0))
    assert value(found, REWARD_MODEL, BY_PROBLEM) == ((0.75 + 0.5) / 2, 2, 5)
    assert value(found, REWARD_MODEL, OVER_PAIRS) == ((3 + 0.5) / 5, 2, 5)
    assert value(found, "random", BY_PROBLEM) == (0.5, 2, 5)
    assert value(found, "shorter", BY_PROBLEM) == (0.5, 2, 5), "ties are half right"
    by_judge = {each["other"]: each["value"] for each in found.differences()}
    assert by_judge == {"shorter": pytest.approx(0.125), "random": pytest.approx(0.125)}


def test_slices_by_gap_and_length_add_up() -> None:
    found = PairAccuracy()
    for gap, ratio in ((0.1, 0.4), (0.25, 0.8), (0.3, 1.0), (1.0, 1.5), (1.0, 9.0)):
        found.add(pair("a", 1.0 if gap == 1.0 else -1.0, gap, ratio))
    metrics = {s.metric: s for s in found.scores() if s.model == REWARD_MODEL}
    assert metrics["gap of pass rate 0 to 0.25"].n_samples == 2
    assert metrics["gap of pass rate 0.25 to 0.5"].n_samples == 1
    assert metrics["gap of pass rate 0.75 to 1"].value == 1.0
    lengths = [s.n_samples for name, s in metrics.items() if name.startswith("length: ")]
    assert lengths == [1, 1, 1, 1, 1]


def test_calibration_by_hand() -> None:
    found = PairAccuracy()
    sure = math.log(0.97 / 0.03)  # sigmoid 0.97
    for difference in (sure, sure, sure, -sure):
        found.add(pair("a", difference))
    found.add(pair("a", 0.0))
    low, high = found.calibration()["g"]
    assert (low["confidence"], low["accuracy"], low["count"]) == (0.5, 0.5, 1)
    assert high["confidence"] == pytest.approx(0.97) and high["accuracy"] == 0.75
    assert calibration_error([low, high]) == pytest.approx(4 / 5 * 0.22)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(-5, 5)), min_size=1, max_size=30))
def test_turning_every_score_round_turns_the_accuracy_round(pairs) -> None:
    one, other = PairAccuracy(), PairAccuracy()
    for problem, difference in pairs:
        one.add(pair(problem, difference))
        other.add(pair(problem, -difference))
    for metric in (BY_PROBLEM, OVER_PAIRS):
        total = value(one, REWARD_MODEL, metric)[0] + value(other, REWARD_MODEL, metric)[0]
        assert total == pytest.approx(1.0)
    for score in one.scores():
        assert 0.0 <= score.low <= score.value + 1e-12 and score.value <= score.high + 1e-12 <= 2


def test_pairs_within_a_model_and_across_models_are_told_apart() -> None:
    candidates = [
        Candidate("m", "right", 1.0, "x", 0.3),
        Candidate("m", "right", 1.0, "x", 0.3),
        Candidate("m", "wrong", 0.5, "y", 0.1),
        Candidate("n", "also wrong", 0.0, "z", 0.2),
    ]
    found = list(pairs_of("p", candidates, RIGHT_AGAINST_WRONG.prefers))
    assert [(each.group, each.rate_gap) for each in found] == [(WITHIN, 0.5), (ACROSS, 1.0)]
    assert found[0].chosen["majority"] == 2.0 and found[0].rejected["majority"] == 1.0
    assert found[0].chosen["longer"] == 5.0 and found[0].length_ratio == 1.0


def rows(path: Path, *found: dict[str, object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in found))
    return path


def test_rows_of_reward_bench_and_of_rm_bench(tmp_path: Path) -> None:
    fenced = "Here it is:\n```python\ndef f():\n    return 1\n```\nIt returns one."
    bench = {
        "prompt": "q",
        "chosen": fenced,
        "rejected": "def f(): pass",
        "subset": "hep-python",
        "id": 7,
    }
    rm_bench = {
        "id": "c1", "prompt": "q", "domain": "code",
        "chosen": ["a", "aa", "aaa"], "rejected": ["b", "bb", "bbb"],
    }  # fmt: skip
    file = rows(tmp_path / "p.jsonl", bench, rm_bench)
    first, *nine = read_preferences(file, "program")
    assert (first.group, first.problem_id) == ("hep-python", "hep-python/7")
    assert first.chosen.strip() == "def f():\n    return 1" and first.rejected == "def f(): pass"
    assert next(read_preferences(file, "text")).chosen == fenced
    levels = {(each.chosen, each.rejected): each.level for each in nine}
    assert levels["a", "bbb"] == "hard" and levels["aaa", "b"] == "easy"
    assert levels["aa", "bb"] == "normal"
    assert sorted(levels.values()) == ["easy"] * 3 + ["hard"] * 3 + ["normal"] * 3


def test_a_row_of_no_known_kind_is_named(tmp_path: Path) -> None:
    file = rows(tmp_path / "p.jsonl", {"prompt": "q", "chosen": ["a"], "rejected": ["b", "c"]})
    with pytest.raises(InputError, match="RM-Bench") as error:
        list(read_preferences(file, "program"))
    assert "row 1" in str(error.value)
