"""What trainers of others ask, as problems and completions, and how they are answered. Pure.

`/rewards`     ours: {"problem_ids": [...], "completions": [...]} -> {"rewards": [...]}
`/get_reward`  OpenRLHF's remote reward: {"query": [...], "prompts": [...], "labels": [...]} -> {"rewards": [...]}
`/run_code`    SandboxFusion's: {"code": ..., "language": "python"} -> {"status": ..., "run_result": {...}}
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from acecoder.errors import InputError
from acecoder.schema import Outcome, Problem, StdinTest, Test

TURN = re.compile(r"<\|im_start\|>user\n(.*?)<\|im_end\|>", re.DOTALL)
"""A user's turn in ChatML, in which the question is looked for."""
MAX_COMPLETIONS = 65_536
MAX_CODE_CHARS = 1_000_000
"""Of `/run_code`, which parses it in the service's own process."""
PYTHON = ("python", "python3", "pytest")


class Asked(BaseModel):
    """A request; unknown keys are ignored, because clients of others add their own."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)


class RewardsAsked(Asked):
    """Of `/rewards`."""

    problem_ids: list[str] = Field(max_length=MAX_COMPLETIONS)
    """The problem of each completion."""
    completions: list[str]
    """What a policy wrote."""


class OpenRlhfAsked(Asked):
    """Of `/get_reward`."""

    query: list[str] = Field(max_length=MAX_COMPLETIONS)
    """Prompt and response together, as the template writes them."""
    prompts: list[str] | None = None
    """The prompts alone."""
    labels: list[str | None] | None = None
    """The problem's id, where the trainer was given a `label_key`."""


class RunCodeAsked(Asked):
    """Of `/run_code`."""

    code: str = Field(max_length=MAX_CODE_CHARS)
    """A program, and the asserts that it is held to as its last statements."""
    language: str = "python"
    """Nothing but Python is run."""
    stdin: str | None = None
    """What the program reads; then `expected_stdout` says what it must print."""
    expected_stdout: str | None = None
    """Ours: SandboxFusion tells what was printed, we tell whether it was this."""
    files: dict[str, str | None] = Field(default_factory=dict)
    """Of SandboxFusion; refused unless empty."""
    fetch_files: list[str] = Field(default_factory=list)
    """The same."""


Batch = tuple[list[str], list[str]]
"""(problem ids, completions)."""


@dataclass(frozen=True)
class Known:
    """The problems that are rewarded."""

    problems: Mapping[str, Problem]
    by_question: Mapping[str, str]
    """Digest of the question's words -> id."""

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> Known:
        """Of two problems with the same question, the first is found by it."""
        by_question: dict[str, str] = {}
        for problem in problems:
            by_question.setdefault(_digest(problem.question), problem.id)
        return cls({problem.id: problem for problem in problems}, by_question)


def own_batch(asked: RewardsAsked, known: Known) -> Batch:
    """Raises InputError."""
    if len(asked.problem_ids) != len(asked.completions):
        raise InputError(
            f"{len(asked.completions)} completions with {len(asked.problem_ids)} problem_ids"
        )
    for name in asked.problem_ids:
        _require(name, known)
    return asked.problem_ids, asked.completions


def open_rlhf_batch(asked: OpenRlhfAsked, known: Known) -> Batch:
    """A response is what stands behind its prompt. Its problem is its label, else the one whose question is
    the last user's turn of its prompt. Raises InputError."""
    for name, values in (("prompts", asked.prompts), ("labels", asked.labels)):
        if values is not None and len(values) != len(asked.query):
            raise InputError(f"{len(asked.query)} queries with {len(values)} {name}")
    names, completions = [], []
    for index, query in enumerate(asked.query):
        prompt = asked.prompts[index] if asked.prompts else ""
        label = (asked.labels[index] if asked.labels else None) or ""
        names.append(label if label in known.problems else _by_question(prompt or query, known))
        completions.append(_response(query, prompt))
    return names, completions


def _response(query: str, prompt: str) -> str:
    if prompt and query.startswith(prompt):
        return query[len(prompt) :]
    return query.rpartition("<|im_start|>assistant\n")[2]


def _by_question(prompt: str, known: Known) -> str:
    turns = TURN.findall(prompt) or [prompt]
    found = known.by_question.get(_digest(turns[-1]))
    if found is None:
        raise InputError(
            f"no problem has the question {turns[-1][:80]!r}",
            remedy="give each row's problem id as its label (OpenRLHF: --input_key prompt --label_key id)",
        )
    return found


def _require(name: str, known: Known) -> None:
    if name not in known.problems:
        some = ", ".join(list(known.problems)[:3])
        raise InputError(f"no problem has the id {name!r} (there are {some}, ...)")


def _digest(question: str) -> str:
    return hashlib.sha256(" ".join(question.split()).encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True)
class Run:
    """A program and the tests that it is held to."""

    program: str
    tests: tuple[Test, ...]


def run_of(asked: RunCodeAsked) -> Run:
    """Raises InputError on what our sandbox has no sound answer to."""
    if asked.language not in PYTHON:
        raise InputError(f"language {asked.language!r}: Python alone is run here")
    if asked.files or asked.fetch_files:
        raise InputError("programs are given no files, and leave none")
    if asked.stdin is not None or asked.expected_stdout is not None:
        if asked.expected_stdout is None:
            raise InputError(
                "what a program prints is not told, only whether it is what was expected",
                remedy="expected_stdout beside stdin",
            )
        test = StdinTest(kind="stdin", input=asked.stdin or "", output=asked.expected_stdout)
        return Run(asked.code, (test,))
    program, asserts = _split(asked.code)
    if not asserts:
        raise InputError(
            "the code ends with no assert, so there is nothing to hold it to",
            remedy="put the tests behind the program, or stdin and expected_stdout beside it",
        )
    return Run(program, asserts)


def _split(code: str) -> tuple[str, tuple[str, ...]]:
    """(the program, the asserts that end it). Code that is not Python is a program without tests."""
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # Its lines that look like asserts are tests that it fails.
        lines = [line for line in code.splitlines() if line.startswith("assert ")]
        return code, tuple(lines)
    count = len(body)
    while count and isinstance(body[count - 1], ast.Assert):
        count -= 1
    source = code.encode("utf-8", "replace").split(b"\n")
    end = body[count].lineno - 1 if count < len(body) else len(source)
    try:
        return b"\n".join(source[:end]).decode(), tuple(map(ast.unparse, body[count:]))
    except RecursionError:
        raise InputError("an assert is nested too deep") from None


def run_reply(outcomes: Sequence[Outcome], wall_s: float, reason: str) -> dict[str, object]:
    """As SandboxFusion answers; `stdout` is always empty."""
    failed = [index for index, each in enumerate(outcomes) if each is not Outcome.PASSED]
    timed_out = any(each is Outcome.TIMEOUT for each in outcomes)
    status: Literal["Finished", "Error", "TimeLimitExceeded"] = (
        "TimeLimitExceeded" if timed_out else "Error" if failed else "Finished"
    )
    told = ", ".join(f"{index}: {outcomes[index].value}" for index in failed)
    return {
        "status": "Failed" if failed else "Success",
        "message": "",
        "compile_result": None,
        "run_result": {
            "status": status,
            "execution_time": wall_s,
            "return_code": None if timed_out else int(bool(failed)),
            "stdout": "",
            "stderr": f"tests not passed: {told}. {reason}".strip() if failed else "",
        },
        "executor_pod_name": None,
        "files": {},
    }
