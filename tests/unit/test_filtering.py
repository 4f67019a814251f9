"""Filtering, pairs and the hard quarter: the paper's rules, and rules with algebra."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acecoder.errors import InputError
from acecoder.filtering.difficulty import Difficulty, hard_problems
from acecoder.filtering.noise import FilterQuality, filtered, keep_tests, quality
from acecoder.filtering.pairs import PairRule, Rated, preference_pairs
from acecoder.schema import Outcome, Problem, Verdict, pass_rate

RATES = st.lists(st.integers(0, 10).map(lambda tenth: tenth / 10), min_size=0, max_size=12)


def verdict(*outcomes: str, index: int = 0) -> Verdict:
    kinds = tuple(Outcome(outcome) for outcome in outcomes)
    return Verdict(
        program_id=f"o{index}",
        problem_id="p",
        model="o",
        program_index=index,
        outcomes=kinds,
        pass_rate=pass_rate(kinds),
    )


def test_a_test_is_kept_if_any_oracle_passes_it() -> None:
    oracles = [
        verdict("passed", "failed", "timeout"),
        verdict("failed", "passed", "error", index=1),
    ]
    kept = keep_tests(3, oracles)
    assert kept.indexes == (0, 1)
    assert kept.dropped == ((2, Outcome.TIMEOUT),)


def test_without_an_oracle_no_test_is_believed() -> None:
    assert keep_tests(2, []).indexes == ()


def test_verdicts_over_other_tests_are_refused() -> None:
    with pytest.raises(InputError, match="has 2 outcomes, its problem 3 tests"):
        keep_tests(3, [verdict("passed", "failed")])


def test_the_filter_is_measured_against_tests_known_to_be_wrong() -> None:
    problem = Problem.model_validate(
        {"id": "p", "question": "q", "tests": ["a", "b", "c", "d"], "wrong_tests": [1, 3]}
    )
    kept = keep_tests(4, [verdict("passed", "failed", "failed", "passed")])
    assert quality(problem, kept) == FilterQuality(
        wrong_dropped=1, wrong_kept=1, right_dropped=1, right_kept=1
    )
    after = filtered(problem, kept)
    assert after.tests == ("a", "d")
    assert after.model_extra == {"wrong_tests": [1], "num_original_tests": 4}


def test_the_pair_rule_at_its_edges() -> None:
    rule = PairRule()
    assert rule.prefers(1.0, 0.6)  # a difference of exactly 0.4, which floats make less
    assert rule.prefers(0.8, 0.4)
    assert not rule.prefers(0.79, 0.3)
    assert not rule.prefers(1.0, 0.0)  # what passes nothing teaches nothing
    assert not rule.prefers(0.9, 0.6)


@given(rates=RATES)
def test_every_pair_obeys_the_rule_and_none_that_does_is_missing(rates: list[float]) -> None:
    rule = PairRule()
    programs = [Rated(f"program {i}", rate) for i, rate in enumerate(rates)]
    made = {(a.program, b.program) for a, b in preference_pairs(programs, rule)}
    wanted = {
        (a.program, b.program)
        for a in programs
        for b in programs
        if rule.prefers(a.pass_rate, b.pass_rate)
    }
    assert made == wanted


@given(rates=RATES, limit=st.integers(1, 6))
def test_a_cap_keeps_a_part_of_the_pairs(rates: list[float], limit: int) -> None:
    programs = [Rated(f"program {i}", rate) for i, rate in enumerate(rates)]
    every = preference_pairs(programs, PairRule())
    capped = preference_pairs(programs, PairRule(), max_pairs=limit)
    assert len(capped) == min(limit, len(every))
    assert set(capped) <= set(every)
    assert len(set(capped)) == len(capped)


def test_the_same_text_is_one_program() -> None:
    programs = [Rated("a", 1.0), Rated("a", 1.0), Rated("b", 0.5)]
    assert len(preference_pairs(programs, PairRule())) == 1


def test_the_hard_quarter_by_hand() -> None:
    # Means 1, .5, .5, 0; the median mean is .5, so easy is out. Deviations 0.5, 0, 0: median 0.
    rates = {"easy": [1, 1], "split": [0, 1], "flat": [0.5, 0.5], "dead": [0, 0]}
    assert hard_problems({name: Difficulty.of(each) for name, each in rates.items()}) == [
        "split",
        "flat",
        "dead",
    ]
    rates |= {"split2": [0.1, 0.9], "dead2": [0, 0.1]}
    # Medians: mean .5 keeps all but easy; deviations .5 .4 0 0 .05 -> median .05.
    assert hard_problems({name: Difficulty.of(each) for name, each in rates.items()}) == [
        "split",
        "split2",
        "dead2",
    ]


@given(
    rates=st.dictionaries(
        st.text("abcdefgh", min_size=1, max_size=3),
        st.lists(st.floats(0, 1), min_size=1, max_size=4),
        max_size=12,
    )
)
def test_some_but_never_foreign_problems_are_hard(rates: dict[str, list[float]]) -> None:
    hard = hard_problems({name: Difficulty.of(each) for name, each in rates.items()})
    assert set(hard) <= set(rates)
    assert bool(hard) == bool(rates)


def test_defaults_are_the_papers() -> None:
    from acecoder.stages.build_pairs import BuildPairsConfig
    from acecoder.stages.filter_tests import FilterTestsConfig

    config = BuildPairsConfig()
    assert (config.min_chosen, config.min_difference, config.rejected_above) == (0.8, 0.4, 0.0)
    assert config.max_pairs_per_problem is None
    assert FilterTestsConfig().min_tests == 5


@pytest.mark.parametrize(("denominator", "pairs"), [("kept", 1), ("original", 0)])
def test_the_legacy_denominator_silences_problems_that_lost_tests(
    denominator: str, pairs: int, run, write
) -> None:
    """14 of 20 tests kept: dividing by 20, no program can reach 0.8 (METHOD, M9)."""
    from acecoder.engine.tables import read_table
    from acecoder.schema import Pair

    problems = write(
        "problems",
        {"id": "p", "question": "q", "tests": ["assert f()"] * 14, "num_original_tests": 20},
    )
    programs = write(
        "programs",
        *({"problem_id": "p", "model": "m", "program_index": i, "program": f"{i}"} for i in (0, 1)),
    )
    outcomes = [["passed"] * 14, ["passed"] * 7 + ["failed"] * 7]
    verdicts = write(
        "verdicts",
        *(
            {
                "program_id": f"p#m#{i}",
                "problem_id": "p",
                "model": "m",
                "program_index": i,
                "outcomes": o,
                "pass_rate": o.count("passed") / 14,
            }
            for i, o in enumerate(outcomes)
        ),
    )
    result = run(
        "build_pairs",
        {"denominator": denominator},
        problems=problems,
        programs=programs,
        verdicts=verdicts,
    )
    assert len(list(read_table(result.directory / "pairs", Pair))) == pairs
