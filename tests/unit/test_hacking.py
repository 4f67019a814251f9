"""Tests held back from the reward: which they are, and what a policy that learns the others shows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acecoder.rl.held_out import has_collapsed, split
from acecoder.rl.watches.held_back import HeldBack
from acecoder.rl.watches.watch import held_back, rewarded
from acecoder.schema import Problem

TESTS = tuple(f"assert double({i}) == {2 * i}" for i in range(8))
PROBLEM = Problem(id="p", question="Double it.", entry_point="double", tests=TESTS)


@given(st.lists(st.text(min_size=1), unique=True, max_size=30), st.floats(0.01, 0.99))
def test_every_test_is_on_one_side_in_its_order(tests: list[str], share: float) -> None:
    seen, hidden = held_back(tests, share)
    assert sorted(seen + hidden) == sorted(tests)
    assert [t for t in tests if t in seen] == list(seen)
    assert not tests or seen, "a reward needs a test"
    assert bool(hidden) == (len(tests) > 1)
    assert held_back(tests, share) == (seen, hidden)


@given(st.integers(0, 20), st.integers(0, 5))
def test_held_out_problems_are_so_many_and_the_same_each_time(count: int, seed: int) -> None:
    items = list(range(20))
    kept, out = split(items, count, seed)
    assert len(out) == count and sorted(kept + out) == items
    assert split(items, count, seed) == (kept, out)


@pytest.mark.parametrize(
    ("reward", "best", "wanted"), [(0.4, 1.0, True), (0.5, 1.0, False), (-3.0, -1.0, False), (0.0, 0.0, False)]
)  # fmt: skip
def test_a_collapse_is_a_fall_below_a_share_of_the_best(
    reward: float, best: float, wanted: bool
) -> None:
    assert has_collapsed(reward, best, 0.5) == wanted


def test_a_program_that_knows_the_rewarded_tests_shows_a_gap_and_a_right_one_none() -> None:
    config = HeldBack(held_back_share=0.25)
    seen, hidden = held_back(TESTS, 0.25)
    assert len(hidden) == 2 and rewarded({"p": PROBLEM}, config)["p"].tests == seen
    assert rewarded({"p": PROBLEM}, None) == {"p": PROBLEM}
    known = {int(test.split("(")[1].split(")")[0]) for test in seen if isinstance(test, str)}
    learnt = f"def double(x):\n    return 2 * x if x in {known} else None\n"
    right = "def double(x):\n    return 2 * x\n"
    problems = {"p": PROBLEM}
    assert config.gaps(problems, ["p"], [right]) == {"held_back": 0.0, "repeat": 0.0, "gap": 0.0}
    found = config.gaps(problems, ["p", "p"], [learnt, right])
    assert found == {"held_back": 0.5, "repeat": 0.0, "gap": 0.5}
    alone = PROBLEM.model_copy(update={"tests": TESTS[:1]})
    assert config.gaps({"p": alone}, ["p"], [right]) == {}, "no test to hold back"


def test_programs_that_live_by_the_hash_seed_show_a_gap() -> None:
    """Half of them are right under the reward's seed, and half of those under another too."""
    programs = [
        f"def double(x):\n    return 2 * x if hash('{i}') % 2 else None\n" for i in range(24)
    ]
    found = HeldBack(held_back_share=0.25).gaps({"p": PROBLEM}, ["p"] * 24, programs)
    assert found["repeat"] > 0.05 and found["gap"] >= found["repeat"]
