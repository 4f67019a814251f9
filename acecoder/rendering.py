"""The one place where records become prompts, and answers become programs.

The same rendering serves sampling, reward-model training, scoring, RL and serving; in the
original AceCoder these differ (METHOD, M15).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from acecoder.answers.names import most_called
from acecoder.answers.program import extract
from acecoder.config import Config
from acecoder.schema import Problem, StdinTest

FENCE = "```"
OPEN_FENCE = "```python\n"
Message = tuple[str, str]
EVALPLUS_ASKS = (
    "Please provide a self-contained Python script that solves the following problem in a markdown "
    "code block:"
)
"""The words of EvalPlus 0.3, so that scores can be compared; so is how it begins the answer."""
EVALPLUS_BEGINS = (
    "Below is a Python script with a self-contained function that solves the problem and passes "
    "corresponding tests:"
)
R1_SYSTEM = (
    "You think before you answer. Write your thoughts between <think> and </think>, then the answer between "
    "<answer> and </answer>. The answer holds one Python program in a markdown code block."
)
"""The form of DeepSeek-R1, in our own words."""
COMPLETION_ENDS = ("\ndef ", "\nclass ", "\nif __name__", "\nprint(", "\nassert ", "\n#", FENCE)
"""Where the completion of a function is over."""


class PromptConfig(Config):
    """How a problem is put to a model that writes a program."""

    style: Literal["plain", "acecoder", "evalplus", "completion", "r1"] = "plain"
    """`plain`: the question alone, as in RL. `r1`: the same, with a system message that asks for thoughts in
    `<think>` before the answer in `<answer>`. `acecoder`: asks for a self-contained script and
    shows tests (METHOD, M4), as in data sampling. `evalplus`: how EvalPlus and BigCodeBench put a
    task to an instructed model. `completion`: the task's code alone, for a base model to go on from."""
    num_shown_tests: int = Field(2, ge=0)
    """For `acecoder`: how many of the problem's tests the prompt shows."""
    names_function: bool = False
    """For `plain` and `r1`: say what the function is called that the tests call, where the question does
    not."""


def program_messages(problem: Problem, config: PromptConfig) -> tuple[Message, ...]:
    """The conversation that asks for a program."""
    if config.style in ("plain", "r1"):
        system = (("system", R1_SYSTEM),) if config.style == "r1" else ()
        return (*system, ("user", writable(_question(problem, config))))
    if config.style == "completion":
        return ()
    if config.style == "evalplus":
        asked = problem.prompt or problem.question
        return (("user", writable(f"{EVALPLUS_ASKS}\n{FENCE}\n{asked.strip()}\n{FENCE}")),)
    shown = [test for test in problem.tests if isinstance(test, str)][: config.num_shown_tests]
    tests = "\n\nIt must pass these tests:\n" + "\n".join(shown) if shown else ""
    text = (
        "Solve this problem with one self-contained Python script in a markdown code block.\n"
        f'{FENCE}\n"""\n{problem.question}{tests}\n"""\n{FENCE}'
    )
    return (("user", writable(text)),)


def _question(problem: Problem, config: PromptConfig) -> str:
    name = problem.entry_point or ""
    if not config.names_function or not name or name in problem.question:
        return problem.question
    return f"{problem.question}\n\nName the function `{name}`."


def program_prefill(problem: Problem, config: PromptConfig) -> str:
    """How the answer is begun for a model that can go on from there (METHOD, M4)."""
    if config.style == "plain":
        return OPEN_FENCE
    if config.style == "r1":
        return ""
    if config.style == "completion":
        return writable(problem.prompt or problem.question)
    if config.style == "evalplus":
        return f"{EVALPLUS_BEGINS}\n{OPEN_FENCE}"
    return f"Here is a self-contained function that solves the problem and passes its tests:\n{OPEN_FENCE}"


def stops(config: PromptConfig, prefill: str) -> tuple[str, ...]:
    """The texts that end an answer: a fence, where the prefill opened one."""
    if config.style == "completion":
        return COMPLETION_ENDS
    return (FENCE,) if prefill and config.style != "r1" else ()


def whole_answer(text: str, problem: Problem, config: PromptConfig) -> str:
    """What a model wrote, behind the code that it continued, if it did."""
    return problem.prompt + text if config.style == "completion" else text


def extract_program(answer: str, problem: Problem | None = None) -> str:
    """The program in an answer to a problem, which may or may not begin inside a fence.

    One rule for sampling, rewards and evaluation (METHOD, M5). The problem says what its tests
    call, and whether they write to standard input; without it the answer alone decides.
    """
    if problem is None:
        return extract(answer)
    tests = [test for test in problem.tests if isinstance(test, str)]
    return extract(
        answer,
        entry_point=problem.entry_point or most_called(tests),
        reads_input=any(isinstance(test, StdinTest) for test in problem.tests),
    )


def scored_messages(question: str, program: str) -> tuple[Message, ...]:
    """What the reward model reads: the question, and the program in a fence."""
    answer = f"{OPEN_FENCE}{program.strip()}\n{FENCE}"
    return (("user", writable(question)), ("assistant", writable(answer)))


def writable(text: str) -> str:
    """The text with a `?` for what has no UTF-8: a lone surrogate, which no tokenizer reads."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


SYNTHESIS_TASK = """\
You turn code into programming exercises. Below is a piece of Python code. Invent one new exercise \
inspired by it, in the style of a coding interview, and write tests for it.

The exercise ("question"):
- is clear and complete about its inputs and its output, and names the function to write;
- is solved by one function: no classes, no several functions, no pipelines;
- needs no files, no network, no database, no third-party service;
- may reuse ideas of the code; it says nothing about complexity and contains no tests.

The tests ("tests"): about 20 independent Python assert statements that call that function, with \
constant inputs and constant expected outputs, and nothing from outside.
"""
SYNTHESIS_ANSWER = """
Answer with one JSON object in a json code block:
{"question": "...", "tests": ["assert ...", "assert ..."]}
"""
SYNTHESIS_PREFILLS = {"json": '```json\n{"question": "', "text": "Question: Write a function `"}
SYNTHESIS_TASK_TEXT = (
    "Here is a Python function. Invent a small new exercise inspired by it: one question that names "
    "the function to write, then ten tests, one assert a line, with constant inputs and outputs."
)
# One worked example: without it a small model answers with the form and no content.
SYNTHESIS_EXAMPLE = (
    """def mean(values):
    return sum(values) / len(values)""",
    """Question: Write a function `count_above(values, limit)` that returns how many of the numbers \
in the list values are greater than limit. For an empty list it returns 0.
Tests:
assert count_above([1, 2, 3], 2) == 1
assert count_above([1, 2, 3], 0) == 3
assert count_above([], 5) == 0
assert count_above([5, 5, 5], 5) == 0
assert count_above([-1, -2, 3], -2) == 2
assert count_above([10], 9) == 1
assert count_above([10], 10) == 0
assert count_above([0.5, 1.5], 1) == 1
assert count_above([7, 8, 9, 10], 8) == 2
assert count_above([100, 200], 50) == 2
""",
)


def synthesis_messages(
    code: str, instruction: str = "", style: Literal["json", "text"] = "json"
) -> tuple[Message, ...]:
    """Ask for a question and about 20 tests (METHOD, M2), with the seed's code.

    `text` is for models too small for JSON: ten tests, plain lines, and one worked example.
    """
    if style == "text":
        seed, answer = SYNTHESIS_EXAMPLE
        asked = (
            f"{SYNTHESIS_TASK_TEXT}\n\n{OPEN_FENCE}{writable(c).strip()}\n{FENCE}"
            for c in (seed, code)
        )
        return (("user", next(asked)), ("assistant", answer), ("user", next(asked)))
    original = f"\nThe code answered this request:\n{instruction}\n" if instruction else ""
    text = f"{SYNTHESIS_TASK}{original}\nThe code:\n{OPEN_FENCE}{code.strip()}\n{FENCE}\n{SYNTHESIS_ANSWER}"
    return (("system", "You write programming exercises in Python."), ("user", writable(text)))


def as_chat(messages: Sequence[Message]) -> list[dict[str, str]]:
    """Messages in the form of chat templates and trainers."""
    return [{"role": role, "content": content} for role, content in messages]
