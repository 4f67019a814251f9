"""Each program encoded once, its question once: the losses and gradients of encoding every pair by itself."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from acecoder.engine.home import Home
from acecoder.llm.weights import resolve
from acecoder.reward.problems import PairedProblem
from acecoder.reward.scorer import ProgramScorer, new_scorer, pack_trees
from acecoder.reward.trainer import packed, pair_losses
from acecoder.reward.updates import Batch, Forward, share, updates

PAD = 2


@pytest.fixture(scope="module")
def scorer(tmp_path_factory: pytest.TempPathFactory) -> ProgramScorer:
    base = resolve("random:tiny", "", Home(tmp_path_factory.mktemp("home")))
    scorer = new_scorer(base, seed=0)
    # transformers' norm computes in float32 whatever it is given, which would hide what is compared.
    for name, module in list(scorer.named_modules()):
        if type(module).__name__.endswith("RMSNorm"):
            parent, _, child = name.rpartition(".")
            norm = torch.nn.RMSNorm(64, eps=module.variance_epsilon)
            setattr(scorer.get_submodule(parent), child, norm)
    return scorer.double()


def a_problem(name: str, question: list[int], right: int, wrong: int, seed: int) -> PairedProblem:
    """Right programs before wrong ones, a pair of every right with every wrong one."""
    generator = torch.Generator().manual_seed(seed)
    chats = tuple(
        (*question, *torch.randint(3, 200, (4 + 3 * i,), generator=generator).tolist())
        for i in range(right + wrong)
    )
    pairs = tuple((i, right + j) for i in range(right) for j in range(wrong))
    return PairedProblem(name, chats, pairs)


PROBLEMS = [
    a_problem("a", [5, 6, 7, 8, 9], 3, 2, 1),
    a_problem("b", [5, 6, 9], 1, 1, 2),
    a_problem("c", [11, 12, 13, 14], 2, 3, 3),
]


def gradient(
    scorer: ProgramScorer, forward: Forward, pairs_per_forward: int
) -> tuple[float, dict[str, torch.Tensor]]:
    """(mean loss, gradients) of one update of all problems."""
    scorer.zero_grad()
    total = 0.0
    (batches,) = share(PROBLEMS, forward=forward, pairs_per_forward=pairs_per_forward, processes=1)
    for batch in batches:
        chats, chosen, rejected = packed(batch, forward, PAD)
        loss = pair_losses(scorer.scores(chats), chosen, rejected).sum() / batch.update_pairs
        loss.backward()
        total += float(loss.detach())
    grads = {n: p.grad.clone() for n, p in scorer.named_parameters() if p.grad is not None}
    return total, grads


@pytest.mark.parametrize("pairs_per_forward", [1, 4, 100])
@pytest.mark.parametrize("forward", ["grouped", "shared_prefix"])
def test_the_loss_and_every_gradient_are_those_of_pairs_by_themselves(
    scorer: ProgramScorer, forward: Forward, pairs_per_forward: int
) -> None:
    loss, gradients = gradient(scorer, "pairwise", 4)
    other_loss, other_gradients = gradient(scorer, forward, pairs_per_forward)
    assert abs(loss - other_loss) < 1e-10
    assert gradients.keys() == other_gradients.keys() and len(gradients) > 10
    for name, own in gradients.items():
        assert torch.allclose(own, other_gradients[name], rtol=1e-10, atol=1e-10), name
    assert max(float(own.abs().max()) for own in gradients.values()) > 1e-4


def test_a_program_of_a_tree_sees_its_question_and_itself_alone() -> None:
    chats = pack_trees([[[7, 8, 1, 2], [7, 8, 3]]], PAD)
    assert chats.input_ids.tolist() == [[7, 8, 1, 2, 3]]
    assert chats.position_ids.tolist() == [[0, 1, 2, 3, 2]]
    assert chats.mask[0, 0].int().tolist() == [
        [1, 0, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [1, 1, 1, 0, 0],
        [1, 1, 1, 1, 0],
        [1, 1, 0, 0, 1],
    ]
    assert chats.read_at.tolist() == [3, 4]


def test_a_program_that_begins_another_keeps_its_own_end() -> None:
    chats = pack_trees([[[7, 8], [7, 8, 3], [7, 8]]], PAD)
    assert chats.input_ids[0][chats.read_at].tolist() == [8, 3, 8]


PAIRED = st.lists(
    st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(0, 99)), min_size=1, max_size=12
)


@given(PAIRED, st.integers(1, 20), st.sampled_from([0.5, 1.0, 2.0]), st.integers(0, 5))
def test_every_epoch_has_every_pair_once_and_updates_are_whole_problems(
    shapes: list[tuple[int, int, int]], per_update: int, epochs: float, seed: int
) -> None:
    problems = [
        a_problem(str(i), [4, 5], right, wrong, s) for i, (right, wrong, s) in enumerate(shapes)
    ]
    made = updates(problems, pairs_per_update=per_update, epochs=epochs, seed=seed)
    assert made == updates(problems, pairs_per_update=per_update, epochs=epochs, seed=seed)
    seen = [problem.problem_id for update in made for problem in update]
    if epochs >= 1:
        assert sorted(seen) == sorted([p.problem_id for p in problems] * int(epochs))
    else:
        assert len(set(seen)) == len(seen)
    for update in made:
        sizes = [len(problem.pairs) for problem in update]
        assert sum(sizes[:-1]) < per_update


@given(PAIRED, st.integers(1, 4), st.integers(1, 6))
def test_processes_share_an_update_and_make_equally_many_passes(
    shapes: list[tuple[int, int, int]], processes: int, per_forward: int
) -> None:
    problems = [
        a_problem(str(i), [4, 5], right, wrong, s) for i, (right, wrong, s) in enumerate(shapes)
    ]
    total = sum(len(problem.pairs) for problem in problems)
    for forward in ("pairwise", "grouped", "shared_prefix"):
        shares = share(
            problems, forward=forward, pairs_per_forward=per_forward, processes=processes
        )
        assert len({len(batches) for batches in shares}) == 1 and len(shares) == processes
        batches: list[Batch] = [batch for own in shares for batch in own]
        assert sum(batch.num_pairs for batch in batches) == total
        assert all(batch.update_pairs == total for batch in batches)
