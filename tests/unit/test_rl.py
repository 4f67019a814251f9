"""REINFORCE++ advantages against numbers computed by hand."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from acecoder.rl import completions  # noqa: E402
from acecoder.rl.advantages import has_spread, masked_sum, squared_deviations, token_returns, whiten  # noqa: E402
from acecoder.rl.stopping import num_tokens_to_stop  # noqa: E402


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


def whitened(*parts: tuple[torch.Tensor, torch.Tensor]) -> list[torch.Tensor]:
    """What processes with these (values, mask) make of them together."""
    sums = [masked_sum(values, mask) for values, mask in parts]
    count = sum(each[1] for each in sums)
    mean = sum(each[0] for each in sums) / count
    variance = sum(squared_deviations(v, m, mean=mean) for v, m in parts) / count
    return [whiten(values, mask, mean=mean, variance=variance) for values, mask in parts]


def test_whitened_tokens_have_mean_0_and_deviation_1_and_padding_stays_0() -> None:
    torch.manual_seed(0)
    values = torch.randn(5, 7) * 3 + 2
    mask = (torch.arange(7)[None] < torch.tensor([[7], [3], [1], [5], [6]])).float()
    (white,) = whitened((values, mask))
    kept = white[mask.bool()]
    assert kept.mean().abs() < 1e-5
    assert kept.std(unbiased=False) == pytest.approx(1.0, abs=1e-4)
    assert (white[~mask.bool()] == 0).all()
    # By hand: 1 and 3 have mean 2 and deviation 1. Two processes make of it what one does.
    first, second = (
        (torch.tensor([[1.0, 9.0]]), torch.tensor([[1, 0]])),
        (torch.tensor([[3.0]]), torch.tensor([[1]])),
    )
    assert [each.tolist() for each in whitened(first, second)] == [[[-1.0, 0.0]], [[1.0]]]


def test_rewards_at_the_clamp_leave_no_large_advantage() -> None:
    """In one pass the variance of many values near 10 is negative in float32, and floored."""
    torch.manual_seed(1)
    values = torch.full((256, 64), 10.0) + torch.randn(256, 64) * 1e-3
    mask = torch.ones(256, 64)
    one_pass = (values**2).mean() - values.mean() ** 2
    assert abs(float(one_pass) - 1e-6) > 5e-7, "the trap is there"
    (white,) = whitened((values, mask))
    assert white.std() < 1.1 and white.abs().max() < 6


def test_equal_rewards_have_no_spread() -> None:
    assert not has_spread(torch.tensor([0.5, 0.5, float("nan")]))
    assert not has_spread(torch.tensor([float("nan")]))
    assert has_spread(torch.tensor([0.5, 0.5, 0.25]))


def test_a_completion_ends_with_the_token_that_completes_the_fence() -> None:
    texts = ["return 1", "\n", "`", "``", "\n", "It adds.", "```"]

    def decode(ids: list[int]) -> str:
        return "".join(texts[i] for i in ids)

    assert num_tokens_to_stop(decode, range(len(texts)), ("```",)) == 4
    assert num_tokens_to_stop(decode, range(3), ("```",)) == 3
    assert num_tokens_to_stop(decode, range(len(texts)), ()) == len(texts)


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
