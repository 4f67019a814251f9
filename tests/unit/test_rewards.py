"""Rewards by hand; a sum of them; a sandbox that is gone for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from acecoder.config import Config, decisive, validate
from acecoder.errors import InputError, SandboxUnavailable
from acecoder.rewards.format import format_reward
from acecoder.rewards.length import length_reward
from acecoder.rewards.outages import PatientReward
from acecoder.rewards.reward import Reward, RewardFunction
from acecoder.schema import Problem

PROBLEM = Problem(
    id="p", question="Add.", entry_point="add", tests=("assert add(1, 2) == 3", "assert add(0, 0) == 0")
)  # fmt: skip
RIGHT = "def add(a, b):\n    return a + b\n"
HALF = "def add(a, b):\n    return 0\n"


class Holder(Config):
    """A config that has a reward."""

    reward: Reward = "tests_binary"


def reward_of(table: Any) -> Any:
    return validate(Holder, {"reward": table}, where="test").reward


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (RIGHT, 1.0),
        (HALF, 1.0),
        ("def sub(a, b):\n    return a - b\n", 0.0),
        ("def add(a, b:\n", 0.0),
        ("", 0.0),
        ("(" * 5000, 0.0),
    ],
)
def test_format_by_hand(text: str, wanted: float) -> None:
    assert format_reward(text, PROBLEM) == wanted


def test_length_by_hand() -> None:
    found = [length_reward(n, free_chars=100, most_chars=200) for n in (0, 100, 150, 200, 9999)]
    assert found == [0.0, 0.0, -0.5, -1.0, -1.0]
    with pytest.raises(InputError, match="most_chars must be more than free_chars"):
        reward_of({"kind": "length", "free_chars": 10, "most_chars": 10})


@pytest.mark.parametrize(
    ("kind", "wanted"), [("tests_binary", [1.0, 0.0]), ("tests_pass_rate", [1.0, 0.5])]
)
def test_verdicts_by_hand(kind: str, wanted: list[float]) -> None:
    with reward_of(kind).open({"p": PROBLEM}, None) as reward:
        assert reward(["p", "p"], [RIGHT, HALF]) == wanted


def test_a_sum_names_its_parts_and_has_their_weights() -> None:
    table = {
        "kind": "weighted_sum",
        "weight": 2.0,
        "parts": {
            "tests": {"kind": "tests_pass_rate"},
            "short": {"kind": "length", "weight": 0.25},
        },
    }
    config = reward_of(table)
    found = {name: (part.kind, part.weight) for name, part in config.named_parts().items()}
    assert found == {"tests": ("tests_pass_rate", 2.0), "short": ("length", 0.5)}
    assert not config.needs_reward_model
    assert reward_of({"kind": "weighted_sum", "parts": {"m": "reward_model"}}).needs_reward_model
    assert {name: part.kind for name, part in reward_of("format").named_parts().items()} == {
        "format": "format"
    }


def test_what_decides_no_result_is_left_out_of_the_key_of_a_sums_parts_too() -> None:
    tables = [
        {"kind": "weighted_sum", "parts": {"t": {"kind": "tests_binary", "outage_s": seconds}}}
        for seconds in (5, 50)
    ]
    first, second = (decisive(validate(Holder, {"reward": each}, where="test")) for each in tables)
    assert first == second


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"kind": "weighted_sum", "parts": {}}, "at least one part"),
        ({"kind": "weighted_sum", "parts": {"a": {"kind": "weighted_sum", "parts": {"b": "format"}}}},
         "cannot be a sum itself"),
        ({"kind": "weighted_sum", "parts": {"a": {"kind": "format", "wieght": 1}}}, "unknown key"),
        ("rule", "no kind 'rule'"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(table: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        reward_of(table)


def test_a_shuffled_reward_deals_the_same_values_out_and_does_so_again() -> None:
    of = {"kind": "length", "free_chars": 0, "most_chars": 64}
    table = {"kind": "shuffled", "of": of}
    names, texts = ["p"] * 16, ["x" * i for i in range(16)]
    with reward_of(of).open({}, None) as plain, reward_of(table).open({}, None) as shuffled:
        given, wanted = shuffled(names, texts), plain(names, texts)
        assert sorted(given) == sorted(wanted) and given != wanted
        assert shuffled(names, texts) == given
        assert shuffled(names, ["y" * i for i in range(16)]) != given


class Breaking:
    """A reward that breaks down at some calls, and counts how often it was opened."""

    def __init__(self, *breaks: int) -> None:
        self.breaks, self.calls, self.opened = breaks, 0, 0

    @contextmanager
    def open(self) -> Iterator[RewardFunction]:
        self.opened += 1
        yield self._reward

    def _reward(self, names: list[str], completions: list[str]) -> list[float]:
        self.calls += 1
        if self.calls in self.breaks:
            raise SandboxUnavailable("gone", where="sandbox")
        return [0.25] * len(names)


def test_a_sandbox_that_comes_back_is_opened_again_and_no_reward_is_0() -> None:
    broken, said = Breaking(2, 3), list[str]()
    with PatientReward(broken.open, outage_s=20, say=said.append) as reward:
        assert reward(["p"], ["x"]) == [0.25]
        assert reward(["p", "q"], ["x", "y"]) == [0.25, 0.25]
    assert broken.opened == 3 and len(said) == 2 and "gone" in said[0]


def test_what_stays_gone_makes_completions_unscorable_and_the_next_call_tries_again() -> None:
    broken, said = Breaking(1), list[str]()
    with PatientReward(broken.open, outage_s=0, say=said.append) as reward:
        assert reward(["p", "q"], ["x", "y"]) == [None, None]
        assert reward(["p"], ["x"]) == [0.25]
    assert said == ["2 completions are unscorable: sandbox: gone"]


def test_what_cannot_be_opened_at_all_is_said_at_once() -> None:
    @contextmanager
    def closed() -> Iterator[RewardFunction]:
        raise SandboxUnavailable("no gVisor here")
        yield

    with pytest.raises(SandboxUnavailable), PatientReward(closed, outage_s=60, say=print):
        pass
