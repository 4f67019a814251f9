"""REINFORCE++ advantages against numbers computed by hand."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

torch = pytest.importorskip("torch")

from acecoder.config import validate  # noqa: E402
from acecoder.errors import InputError  # noqa: E402
from acecoder.rl import completions  # noqa: E402
from acecoder.rl.advantages import (  # noqa: E402
    group_relative,
    groups_with_spread,
    has_spread,
    leave_one_out,
    masked_sum,
    squared_deviations,
    token_returns,
    whiten,
)
from acecoder.rl.refilling import Substitutes, exchanges, own_rows, put  # noqa: E402
from acecoder.rl.rollout import Rollout  # noqa: E402
from acecoder.rl.stopping import num_tokens_to_stop  # noqa: E402
from acecoder.rl.training import PolicyTraining  # noqa: E402
from acecoder.rl.vllm import refuse_what_trl_cannot, send_bfloat16  # noqa: E402
from acecoder.training.processes import own_device  # noqa: E402


def test_returns_by_hand() -> None:
    # Two completions of 3 and 2 tokens; KL terms 0.1 * (old - ref).
    old = torch.tensor([[-1.0, -2.0, -3.0], [-1.0, -1.0, 0.0]])
    ref = torch.tensor([[-2.0, -2.0, -1.0], [-1.0, -3.0, 9.0]])
    mask = torch.tensor([[1, 1, 1], [1, 1, 0]])
    returns = token_returns(torch.tensor([1.0, -10.0]), old, ref, mask, kl_coefficient=0.1)
    # Row 0: penalties -0.1, 0, +0.2; to go 0.1, 0.2, 0.2; plus 1.
    # Row 1: penalties 0, -0.2; to go -0.2, -0.2; plus -10; padding stays 0.
    wanted = torch.tensor([[1.1, 1.2, 1.2], [-10.2, -10.2, 0.0]])
    assert torch.allclose(returns, wanted)


def rollout(rewards: list[float], samples: int = 2, **tensors: torch.Tensor) -> Rollout:
    """One process' rollout of completions of two tokens, the policy being the initial model."""
    zeros = torch.zeros(len(rewards), 2)
    given = {"old_logprobs": zeros, "ref_logprobs": zeros, "mask": torch.ones_like(zeros)}
    return Rollout(torch.tensor(rewards), samples, slice(0, len(rewards)), **{**given, **tensors})


def test_group_relative_by_hand() -> None:
    # Means 2 and 5; deviations (n - 1) 1.414 and 0.
    found = group_relative(rollout([1.0, 3.0, 5.0, 5.0]))
    assert found.tolist() == pytest.approx([-0.70706, 0.70706, 0.0, 0.0], abs=1e-4)


def test_leave_one_out_by_hand() -> None:
    found = leave_one_out(rollout([1.0, 3.0, 8.0], 3), kl_coefficient=0.0)
    assert found.tolist() == pytest.approx([1 - 5.5, 3 - 4.5, 8 - 2.0])
    # A penalty of 0.5 * (2 tokens x 1) takes 1 from the first reward, padding apart.
    old = torch.tensor([[1.0, 1.0], [0.0, 9.0]])
    mask = torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    found = leave_one_out(rollout([1.0, 3.0], old_logprobs=old, mask=mask), kl_coefficient=0.5)
    assert found.tolist() == pytest.approx([0 - 3.0, 3 - 0.0])


@pytest.mark.parametrize("name", ["reinforce++", "grpo", "rloo", "dapo"])
def test_an_unscorable_completion_moves_nothing_and_is_in_no_mean(name: str) -> None:
    algorithm = validate(PolicyTraining, {"algorithm": name}, where="test").algorithm
    nan = float("nan")
    found = algorithm.advantages(rollout([1.0, nan, 3.0, 5.0, nan, nan], 3))
    wanted = algorithm.advantages(rollout([1.0, 3.0, 5.0], 3)) if name == "reinforce++" else None
    rows = found.reshape(6, -1)
    assert (rows[[1, 4, 5]] == 0).all() and torch.isfinite(rows).all()
    if wanted is not None:
        assert torch.allclose(rows[[0, 2, 3]], wanted)
    else:
        assert rows[0, 0] < 0
    assert (algorithm.advantages(rollout([nan, nan])) == 0).all()


@pytest.mark.parametrize("name", ["grpo", "rloo", "dapo"])
def test_advantages_by_group_do_not_change_with_a_shift_of_its_rewards(name: str) -> None:
    algorithm = validate(PolicyTraining, {"algorithm": name}, where="test").algorithm
    rewards = [0.25, 0.5, 1.0, 0.0]
    shifted = [each + 3.0 for each in rewards[:2]] + [each - 2.0 for each in rewards[2:]]
    first, second = (algorithm.advantages(rollout(each)) for each in (rewards, shifted))
    assert torch.allclose(first, second, atol=1e-5)


@pytest.mark.parametrize("name", ["reinforce++", "grpo", "rloo", "dapo"])
def test_two_processes_have_the_advantages_of_one(name: str) -> None:
    """With the sums that the other process contributes."""
    algorithm = validate(PolicyTraining, {"algorithm": name}, where="test").algorithm
    torch.manual_seed(2)
    rewards = [1.0, 0.0, 0.5, 0.25]
    old, ref = torch.randn(4, 2), torch.randn(4, 2)
    mask = torch.tensor([[1.0, 1.0], [1.0, 0.0], [1.0, 1.0], [1.0, 0.0]])
    whole = algorithm.advantages(rollout(rewards, old_logprobs=old, ref_logprobs=ref, mask=mask))
    gate = threading.Barrier(2)
    given: dict[int, torch.Tensor] = {}

    def exchange(process: int, value: torch.Tensor) -> list[torch.Tensor]:
        given[process] = value
        gate.wait(10)
        both = [given[0], given[1]]
        gate.wait(10)
        return both

    def advantages(process: int) -> torch.Tensor:
        own = slice(2 * process, 2 * process + 2)
        return algorithm.advantages(
            Rollout(
                torch.tensor(rewards), 2, own, old[own], ref[own], mask[own],
                added_up=lambda part: sum(exchange(process, part)),
                gathered=lambda part: torch.cat(exchange(process, part)),
            )
        )  # fmt: skip

    with ThreadPoolExecutor(2) as processes:
        found = torch.cat(list(processes.map(advantages, (0, 1))))
    assert torch.allclose(found, whole, atol=1e-6)


def test_groups_without_spread() -> None:
    nan = float("nan")
    grouped = torch.tensor([[1.0, 1.0, 1.0], [1.0, nan, 0.0], [nan, nan, 0.5], [nan, nan, nan]])
    assert groups_with_spread(grouped).tolist() == [False, True, False, False]


def test_every_process_fills_its_own_groups() -> None:
    lacking = torch.tensor([True, False, True, True, False, True])
    good = torch.tensor([False, True, True, True])
    # Two processes: the first has one group that may fill its first gap, the second two.
    assert exchanges(lacking, good, 2) == [(0, 1), (3, 2), (5, 3)]
    assert own_rows([(0, 1), (3, 2), (5, 3)], 1, 3, 2, 2) == [(0, 0), (1, 1), (4, 2), (5, 3)]


def test_rows_of_a_refill_are_put_in_place_whatever_their_widths() -> None:
    output = {
        "prompt_ids": torch.tensor([[7, 1], [7, 2]]),
        "completion_ids": torch.tensor([[3], [4]]),
        "completion_mask": torch.tensor([[1], [1]]),
        "num_items_in_batch": torch.tensor(2),
    }
    refill = {
        "prompt_ids": torch.tensor([[5, 5, 5]]),
        "completion_ids": torch.tensor([[8, 8]]),
        "completion_mask": torch.tensor([[1, 1]]),
        "num_items_in_batch": torch.tensor(2),
    }
    put(output, refill, [(1, 0)], pad_id=7)
    assert output["prompt_ids"].tolist() == [[7, 7, 1], [5, 5, 5]]
    assert output["completion_ids"].tolist() == [[3, 7], [8, 8]]
    assert output["completion_mask"].tolist() == [[1, 0], [1, 1]]


def test_substitutes_depend_on_the_rollout_alone_and_are_new_problems_while_there_are_some() -> (
    None
):
    rows = [{"problem_id": f"p{i}", "prompt": "x"} for i in range(6)]
    found = Substitutes(rows, 3).of(2, 0, {"p0", "p1"}, 5)
    assert found == Substitutes(rows, 3).of(2, 0, {"p0", "p1"}, 5)
    assert {row["problem_id"] for row in found[:4]} == {"p2", "p3", "p4", "p5"}
    assert found[4]["problem_id"] in {"p0", "p1"}
    assert found != Substitutes(rows, 3).of(3, 0, {"p0", "p1"}, 5)


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


@pytest.mark.parametrize(
    ("table", "on_server", "refused"),
    [
        ({"sharding": "fsdp2"}, False, ""),
        ({"sharding": "fsdp2"}, True, "trl#4589"),
        ({"sharding": "fsdp2", "lora": {"rank": 8}}, False, "fsdp2 has split them"),
        ({"sharding": "none", "lora": {"rank": 8}}, True, ""),
    ],
)
def test_what_trl_gets_wrong_with_sharded_weights_is_refused_by_name(
    table: dict[str, object], on_server: bool, refused: str
) -> None:
    config = validate(PolicyTraining, table, where="test")
    refuse_what_trl_cannot(config, config, use_vllm=False, on_server=False)
    if not refused:
        refuse_what_trl_cannot(config, config, use_vllm=True, on_server=on_server)
        return
    with pytest.raises(InputError, match=refused):
        refuse_what_trl_cannot(config, config, use_vllm=True, on_server=on_server)


def test_vllm_is_sent_bfloat16() -> None:
    class Generation:
        def _iter_named_params(self) -> list[tuple[str, torch.Tensor]]:
            return [("weight", torch.ones(2))]

    generation = Generation()
    send_bfloat16(generation)
    ((name, weights),) = generation._iter_named_params()
    assert (name, weights.dtype) == ("weight", torch.bfloat16)


def test_a_process_computes_on_the_gpu_that_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    assert own_device() == "cuda:0"
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert own_device() == "cuda:3"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert own_device() == "cpu"
