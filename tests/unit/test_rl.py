"""REINFORCE++ advantages against numbers computed by hand."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from acecoder.rl import completions  # noqa: E402
from acecoder.rl.advantages import masked_moments, token_returns, whiten  # noqa: E402


def test_returns_by_hand() -> None:
    # Two completions of 3 and 2 tokens; KL terms 0.1 * (old - ref).
    old = torch.tensor([[-1.0, -2.0, -3.0], [-1.0, -1.0, 0.0]])
    ref = torch.tensor([[-2.0, -2.0, -1.0], [-1.0, -3.0, 9.0]])
    mask = torch.tensor([[1, 1, 1], [1, 1, 0]])
    returns = token_returns(
        torch.tensor([1.0, -50.0]), old, ref, mask, kl_coefficient=0.1, reward_clamp=10.0
    )
    # Row 0: penalties -0.1, 0, +0.2; to go 0.1, 0.2, 0.2; plus 1.
    # Row 1: penalties 0, -0.2; to go -0.2, -0.2; plus -10 (clamped); padding stays 0.
    wanted = torch.tensor([[1.1, 1.2, 1.2], [-10.2, -10.2, 0.0]])
    assert torch.allclose(returns, wanted)


def test_an_unscorable_completion_counts_as_zero() -> None:
    zeros = torch.zeros(1, 2)
    returns = token_returns(
        torch.tensor([float("nan")]),
        zeros,
        zeros,
        torch.ones(1, 2),
        kl_coefficient=0.1,
        reward_clamp=10.0,
    )
    assert torch.equal(returns, zeros)


def test_whitened_tokens_have_mean_0_and_deviation_1_and_padding_stays_0() -> None:
    torch.manual_seed(0)
    values = torch.randn(5, 7) * 3 + 2
    mask = (torch.arange(7)[None] < torch.tensor([[7], [3], [1], [5], [6]])).float()
    total, squares, count = masked_moments(values, mask)
    white = whiten(
        values, mask, mean=total / count, variance=squares / count - (total / count) ** 2
    )
    kept = white[mask.bool()]
    assert kept.mean().abs() < 1e-5
    assert kept.std(unbiased=False) == pytest.approx(1.0, abs=1e-4)
    assert (white[~mask.bool()] == 0).all()


def test_equal_rewards_teach_nothing() -> None:
    values, mask = torch.full((2, 3), 4.0), torch.ones(2, 3)
    total, squares, count = masked_moments(values, mask)
    white = whiten(
        values, mask, mean=total / count, variance=squares / count - (total / count) ** 2
    )
    assert torch.equal(white, torch.zeros(2, 3))


def test_of_each_rollout_the_best_and_the_worst_completion_are_kept() -> None:
    history: list[dict[str, object]] = [{"loss": 1.0}]
    completions.keep(history, 1, ["a", "b", "c"], ["x", "y", "z" * 5000], [0.5, 0.0, 1.0])
    completions.keep(history, 2, ["a"], ["again"], [0.0])
    completions.keep(history, 2, ["a"], ["made again after a kill"], [0.0])
    completions.keep(history, 3, ["a"], ["last"], [1.0])
    rollouts = completions.kept(history)
    assert [[each.problem_id for each in rollout] for rollout in rollouts] == [
        ["c", "b"],
        ["a"],
        ["a"],
    ]
    assert len(rollouts[0][0].text) < 2100 and "3000 characters" in rollouts[0][0].text
    assert [each.text for each in rollouts[1]] == ["made again after a kill"]
    assert [each.rollout for each in completions.over_time(rollouts)] == [1, 1, 2, 3]
    assert [each.rollout for each in completions.over_time(rollouts[:1])] == [1, 1]
    assert not list(completions.over_time([]))
