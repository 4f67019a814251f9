"""Prompts, answers and programs: what is read out of what a model wrote."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acecoder.chats import render_chat
from acecoder.problem_sets.humaneval import humaneval_tests
from acecoder.rendering import (
    PromptConfig,
    extract_program,
    program_messages,
    program_prefill,
    stops,
    synthesis_messages,
)
from acecoder.schema import Problem, Seed, UnittestTest
from acecoder.synthesis.decontamination import Decontaminator
from acecoder.synthesis.mutation import mutants
from acecoder.synthesis.seeds import NoSeed, make_seed, normalized, read_source, row_seed


@pytest.mark.parametrize(
    ("answer", "program"),
    [
        ("def f():\n    return 1\n", "def f():\n    return 1\n"),
        ("Sure!\n```python\ndef f():\n    return 1\n```\nDone.", "def f():\n    return 1\n"),
        ("def f():\n    return 1\n```\nThis works.", "def f():\n    return 1\n"),
        (
            "def f():\n    assert 1\n    return 1\nassert f() == 1\n",
            "def f():\n    assert 1\n    return 1\n",
        ),
        (
            "def f():\n    return 1\n\nif __name__ == '__main__':\n    f()",
            "def f():\n    return 1\n",
        ),
        ("import unittest_helper\ndef f(): pass", "import unittest_helper\ndef f(): pass\n"),
        ("def f(): pass\n```python\nf()\n```", "def f(): pass\n"),
        ("python\ndef f(): pass", "def f(): pass\n"),
        ("", ""),
        ("```python\n```", ""),
    ],
)
def test_the_program_is_taken_out_of_an_answer(answer: str, program: str) -> None:
    assert extract_program(answer) == program


@given(st.text(max_size=300))
def test_extracting_never_fails_and_is_stable(answer: str) -> None:
    once = extract_program(answer)
    assert "```" not in once
    assert once == "" or once.endswith("\n")


def test_the_question_alone_is_asked_in_the_plain_style_and_two_tests_shown_in_the_papers() -> None:
    problem = Problem(
        id="p", question="Do it.", tests=("assert f(1)", "assert f(2)", "assert f(3)")
    )
    assert program_messages(problem, PromptConfig()) == (("user", "Do it."),)
    ((_, text),) = program_messages(problem, PromptConfig(style="acecoder"))
    assert "Do it." in text and "assert f(2)" in text and "assert f(3)" not in text


def test_braces_in_a_seed_survive_the_synthesis_prompt() -> None:
    (_, (_, text)) = synthesis_messages("x = '{program} {instruction}'", "say {hello}")
    assert "x = '{program} {instruction}'" in text and "say {hello}" in text


def test_seeds_lose_their_prints_and_equal_code_is_one_seed() -> None:
    seed = make_seed("def f(x):\n    print(x)\n    return x\n", "here", "MIT")
    assert "print" not in seed.code
    one, two = 'def f(x):\n    """Doc."""\n    return x', "def f(x):  # note\n\n    return x"
    assert normalized(one) == normalized(two)


def test_seeds_of_an_installed_package_say_where_they_are_from() -> None:
    seeds = list(read_source("package:statistics", split=""))
    assert len(seeds) > 5
    assert all(seed.origin.startswith("package:statistics==3.") for seed in seeds)
    assert all(seed.license == "PSF-2.0" for seed in seeds)


def test_an_instruction_row_gives_its_first_fenced_program() -> None:
    row = {"instruction": "Do.", "response": "Here:\n```python\ndef f():\n    return 1\n```\nBye."}
    seed = row_seed(row, "hub:x")
    assert isinstance(seed, Seed) and seed.code == "def f():\n    return 1"
    assert seed.model_extra == {"instruction": "Do."}
    assert row_seed({"response": "```python\nx = 1\n```"}, "hub:x") is NoSeed.NO_PROGRAM


def test_a_shared_run_of_words_is_contamination() -> None:
    words = " ".join(f"word{i}" for i in range(30))
    guard = Decontaminator([words], size=13)
    assert guard.contaminates("before " + " ".join(f"WORD{i}" for i in range(5, 20)) + " after")
    assert not guard.contaminates(" ".join(f"word{i}" for i in range(5, 17)))


def test_mutants_differ_from_the_program_and_are_the_same_every_time() -> None:
    program = "def f(x):\n    return x + 1 if x > 2 else 0\n"
    made = mutants(program, count=5, seed="s")
    assert len(made) == len(set(made)) == 5
    assert made == mutants(program, count=5, seed="s")
    assert all(ast.dump(ast.parse(text)) != ast.dump(ast.parse(program)) for text in made)


def test_humaneval_checks_become_asserts_only_where_each_can_stand_alone() -> None:
    plain = (
        "def check(candidate):\n    assert candidate(1) == 2, 'no'\n    assert candidate(3) == 4\n"
    )
    assert humaneval_tests(plain, "g") == ("assert g(1) == 2", "assert g(3) == 4")
    loop = "def check(candidate):\n    for i in range(3):\n        assert candidate(i) == i\n"
    (whole,) = humaneval_tests(loop, "g")
    assert isinstance(whole, UnittestTest)
    assert whole.code.endswith("check(g)\n")


PROBLEM = Problem(
    id="p", question="Do it.", prompt="def f(x):\n", entry_point="f", tests=("assert f(1) == 1",)
)


def test_a_chat_model_is_asked_as_evalplus_asks() -> None:
    config = PromptConfig(style="evalplus")
    ((role, text),) = program_messages(PROBLEM, config)
    assert role == "user"
    assert text.startswith("Please provide a self-contained Python script")
    assert text.endswith("```\ndef f(x):\n```")
    assert program_prefill(PROBLEM, config).endswith("passes corresponding tests:\n```python\n")
    assert stops(config, "x") == ("```",)


def test_a_base_model_goes_on_from_the_tasks_code() -> None:
    config = PromptConfig(style="completion")
    assert program_messages(PROBLEM, config) == ()
    assert program_prefill(PROBLEM, config) == "def f(x):\n"
    assert "\ndef " in stops(config, "def f(x):\n")

    class Tokenizer:
        bos_token = "<s>"

    assert render_chat(Tokenizer(), (), "def f(x):\n") == "<s>def f(x):\n"
