"""Requests of other trainers, as problems and completions; code as a program and its tests; the queue."""

from __future__ import annotations

import asyncio
import threading

import pytest

from acecoder.errors import InputError
from acecoder.schema import Outcome, Problem, StdinTest
from acecoder.serving.rewards.protocols import (
    Known,
    OpenRlhfAsked,
    RewardsAsked,
    RunCodeAsked,
    open_rlhf_batch,
    own_batch,
    run_of,
    run_reply,
)
from acecoder.serving.rewards.queue import Batching, Full

KNOWN = Known.of(
    [
        Problem(id="a", question="Add two\nnumbers.", tests=("assert add(1, 2) == 3",)),
        Problem(id="b", question="Double it.", tests=("assert double(2) == 4",)),
    ]
)
CHAT = (
    "<|im_start|>system\nHelp.<|im_end|>\n<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"
)


def test_a_response_is_what_stands_behind_its_prompt_and_a_label_names_the_problem() -> None:
    prompts = [CHAT.format("Add two numbers."), CHAT.format("Something else.")]
    asked = OpenRlhfAsked(
        query=[prompts[0] + "one", prompts[1] + "two"], prompts=prompts, labels=[None, "b"]
    )
    assert open_rlhf_batch(asked, KNOWN) == (["a", "b"], ["one", "two"])


def test_without_prompts_the_last_turns_of_the_query_are_read() -> None:
    query = CHAT.format("Double it.") + "def double(x): ..."
    assert open_rlhf_batch(OpenRlhfAsked(query=[query]), KNOWN) == (["b"], ["def double(x): ..."])


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (OpenRlhfAsked(query=[CHAT.format("Who knows?") + "x"]), "no problem has the question"),
        (OpenRlhfAsked(query=["x"], labels=["a", "b"]), "1 queries with 2 labels"),
    ],
)
def test_what_fits_no_problem_is_refused(asked: OpenRlhfAsked, message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_rlhf_batch(asked, KNOWN)


def test_our_own_request_names_its_problems() -> None:
    batch = own_batch(RewardsAsked(problem_ids=["b"], completions=["x"]), KNOWN)
    assert batch == (["b"], ["x"])
    with pytest.raises(InputError, match="no problem has the id 'c'"):
        own_batch(RewardsAsked(problem_ids=["c"], completions=["x"]), KNOWN)
    with pytest.raises(InputError, match="2 completions with 1 problem_ids"):
        own_batch(RewardsAsked(problem_ids=["a"], completions=["x", "y"]), KNOWN)


def test_the_asserts_that_end_the_code_are_its_tests() -> None:
    code = "assert True\ndef f(x):\n    return x\n# now the tests\nassert f(1) == 1; assert f(2) == 2\n"
    run = run_of(RunCodeAsked(code=code))
    assert run.program == "assert True\ndef f(x):\n    return x\n# now the tests"
    assert run.tests == ("assert f(1) == 1", "assert f(2) == 2")
    broken = run_of(RunCodeAsked(code="def f(:\nassert f(1) == 1\n"))
    assert broken.tests == ("assert f(1) == 1",)


def test_input_needs_what_must_be_printed() -> None:
    run = run_of(RunCodeAsked(code="print(input())", stdin="7", expected_stdout="7\n"))
    assert run.tests == (StdinTest(kind="stdin", input="7", output="7\n"),)
    for asked, message in (
        (RunCodeAsked(code="print(1)", stdin="1"), "what a program prints is not told"),
        (RunCodeAsked(code="print(1)"), "ends with no assert"),
        (RunCodeAsked(code="echo 1", language="bash"), "Python alone"),
        (RunCodeAsked(code="assert f()", files={"a.txt": "eA=="}), "no files"),
    ):
        with pytest.raises(InputError, match=message):
            run_of(asked)


@pytest.mark.parametrize(
    ("outcomes", "status", "run_status", "code"),
    [
        ((Outcome.PASSED, Outcome.PASSED), "Success", "Finished", 0),
        ((Outcome.PASSED, Outcome.FAILED), "Failed", "Error", 1),
        ((Outcome.TIMEOUT, Outcome.NOT_RUN), "Failed", "TimeLimitExceeded", None),
    ],
)
def test_replies_are_sandbox_fusions(
    outcomes: tuple[Outcome, ...], status: str, run_status: str, code: int | None
) -> None:
    reply = run_reply(outcomes, 0.5, "")
    result = reply["run_result"]
    assert isinstance(result, dict)
    assert (reply["status"], result["status"], result["return_code"]) == (status, run_status, code)
    assert result["stdout"] == "" and bool(result["stderr"]) == (status == "Failed")


def test_what_waits_is_judged_together_and_what_is_too_much_is_refused() -> None:
    calls: list[list[int]] = []
    first, gate = threading.Event(), threading.Event()

    def answer(items: list[int]) -> list[int]:
        calls.append(items)
        first.set()
        gate.wait(10)
        return [item * 2 for item in items]

    async def ask() -> list[list[int]]:
        queue: Batching[int, int] = Batching(answer, max_waiting=6, max_together=4)
        begun = asyncio.create_task(queue.answers([1]))
        await asyncio.to_thread(first.wait, 10)
        others = [asyncio.create_task(queue.answers(each)) for each in ([2, 3], [4], [5, 6])]
        await asyncio.sleep(0)
        with pytest.raises(Full, match="6 completions wait, and at most 6 may"):
            await queue.answers([7])
        gate.set()
        found = await asyncio.gather(begun, *others)
        assert queue.counts.waiting == 0 and queue.counts.refused == 1
        queue.close()
        return found

    assert asyncio.run(ask()) == [[2], [4, 6], [8], [10, 12]]
    assert calls == [[1], [2, 3, 4], [5, 6]]


def test_a_call_that_breaks_down_is_told_to_those_who_wait_and_the_next_goes_on() -> None:
    def answer(items: list[int]) -> list[int]:
        if 0 in items:
            raise InputError("broken")
        return items

    async def ask() -> None:
        queue: Batching[int, int] = Batching(answer, max_waiting=9, max_together=1)
        with pytest.raises(InputError, match="broken"):
            await queue.answers([0])
        assert await queue.answers([1]) == [1]
        assert (queue.counts.failed, queue.counts.waiting) == (1, 0)
        queue.close()

    asyncio.run(ask())
