"""How a problem is put to a policy: with its function's name, and with thoughts before the answer."""

from __future__ import annotations

from acecoder.rendering import (
    R1_SYSTEM,
    PromptConfig,
    extract_program,
    program_messages,
    program_prefill,
    stops,
)
from acecoder.schema import Problem

PROBLEM = Problem(
    id="p", question="Add two numbers.", entry_point="add", tests=("assert add(1, 2) == 3",)
)


def test_the_function_is_named_where_the_question_does_not() -> None:
    config = PromptConfig(names_function=True)
    ((_, text),) = program_messages(PROBLEM, config)
    assert text == "Add two numbers.\n\nName the function `add`."
    told = PROBLEM.model_copy(update={"question": "Write add(a, b)."})
    assert program_messages(told, config) == (("user", "Write add(a, b)."),)
    assert program_messages(PROBLEM, PromptConfig()) == (("user", "Add two numbers."),)


def test_thoughts_come_before_an_answer_that_ends_by_itself() -> None:
    config = PromptConfig(style="r1")
    assert program_messages(PROBLEM, config)[0] == ("system", R1_SYSTEM)
    assert program_prefill(PROBLEM, config) == "" and stops(config, "```python\n") == ()
    answer = (
        "<think>Perhaps:\n```python\ndef add(a, b):\n    return a - b\n```\nno, plus.</think>\n"
        "<answer>\n```python\ndef add(a, b):\n    return a + b\n```\n</answer>"
    )
    assert extract_program(answer, PROBLEM).strip() == "def add(a, b):\n    return a + b"
