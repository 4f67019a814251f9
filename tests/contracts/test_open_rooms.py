"""A stage, a reward, an algorithm, a benchmark, a kind of test: each is added in three files or fewer.

CONTRIBUTING says which. Here a toy of each is added to a copy of the code, and used.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MOST_FILES = 3
STAGE = '''
"""count_words: problems -> words, to show how a stage is added."""

from pydantic import Field

from acecoder.config import Config
from acecoder.engine.contract import In, Out, Report
from acecoder.engine.tables import read_table
from acecoder.schema import Problem


class CountWordsConfig(Config):
    """What is counted."""

    min_letters: int = Field(1, ge=1)
    """Shorter words do not count."""


def count_words(config: CountWordsConfig, *, problems: In, words: Out) -> Report:
    """Count."""
    texts = [problem.question.split() for problem in read_table(problems, Problem)]
    count = sum(len(word) >= config.min_letters for text in texts for word in text)
    (words / "count.txt").write_text(str(count))
    return Report({"words": float(count)})
'''
REWARD = '''
"""The length of a completion, to show how a reward is added."""

from contextlib import contextmanager
from typing import Literal

from acecoder.rewards.reward import RewardConfig


class Chars(RewardConfig):
    """Under another name than what it does."""

    kind: Literal["chars"] = "chars"
    """`chars`: the number of characters."""

    @contextmanager
    def open(self, problems, reward_model):
        yield lambda names, completions: [float(len(text)) for text in completions]


CONFIG = Chars
'''
ALGORITHM = '''
"""GRPO under another name, to show how an algorithm is added."""

from typing import Literal

from acecoder.rl.algorithms.grpo import Grpo


class Calm(Grpo):
    """With half the clip."""

    kind: Literal["calm"] = "calm"
    """`calm`: GRPO with half the clip."""

    def arguments(self):
        return super().arguments() | {"epsilon": self.clip / 2}


CONFIG = Calm
'''
BENCHMARK = '''
"""One problem, to show how a benchmark is added."""

from acecoder.problem_sets.problem_set import ProblemSet
from acecoder.schema import Problem

SET = ProblemSet(
    lambda part, data: iter([Problem(id="one", question="Return 1.", tests=("assert f() == 1",))]),
    lambda part, data: "1",
)
'''
KIND = '''
"""An answer that must contain a value, to show how a kind of test is added."""

from acecoder.sandbox.judge.asserts import plan
from acecoder.sandbox.judge.kinds.kind import Kind
from acecoder.schema import ContainsTest

KIND = Kind(
    ContainsTest,
    lambda test, entry_point: plan(f"assert {test.value!r} in {test.call}", entry_point),
)
'''
CONTAINS = '''class ContainsTest(BaseModel):
    """The value of `call` must contain `value`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["contains"]
    call: str
    value: int


def _from_text('''


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("acecoder", "pipelines", "components"):
        shutil.copytree(name, tmp_path / name, symlinks=True,
                        ignore=shutil.ignore_patterns("__pycache__"))  # fmt: skip
    return tmp_path


def change(root: Path, files: dict[str, str], edits: dict[str, tuple[str, str]]) -> None:
    """Add files and edit others: at most MOST_FILES in all."""
    assert len(files) + len(edits) <= MOST_FILES
    for name, text in files.items():
        assert not (root / name).exists()
        (root / name).write_text(text.lstrip())
    for name, (old, new) in edits.items():
        text = (root / name).read_text()
        assert old in text
        (root / name).write_text(text.replace(old, new, 1))


def python(root: Path, *arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=root, capture_output=True, text=True,
                          check=False, env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"})  # fmt: skip
    assert not done.returncode, done.stdout + done.stderr
    return done.stdout


def test_a_stage(checkout: Path) -> None:
    flow = "components/count_words.py"  # generated
    change(
        checkout, {"acecoder/stages/count_words.py": STAGE},
        {"pipelines/flow.py": (
            '        benchmark = loaded.outputs["problems"]\n',
            '        benchmark = loaded.outputs["problems"]\n'
            "        from acecoder.components.count_words import count_words\n"
            '        count_words(**self._step("count_words"), problems=benchmark)\n',
        )},
    )  # fmt: skip
    python(checkout, "-m", "acecoder.components._generate")
    assert (checkout / flow).exists()
    assert "min_letters (default 1)" in python(checkout, "-m", "acecoder", "count-words", "--help")
    plan = python(checkout, "-m", "acecoder", "plan", "--profile", "humaneval")
    assert "count_words" in plan and "of 6 steps" in plan


def test_a_reward(checkout: Path) -> None:
    change(checkout, {"acecoder/rewards/chars.py": REWARD}, {})
    said = python(checkout, "-c", (
        "from acecoder.profiles import Profile\n"
        "config = Profile.load('smoke', ['train_policy.reward=chars']).config('train_policy')\n"
        "with config.reward.open({}, None) as reward:\n    print(reward(['p'], ['four']))\n"
    ))  # fmt: skip
    assert said == "[4.0]\n"
    assert "chars" in python(checkout, "-m", "acecoder", "train-policy", "--help")


def test_an_algorithm(checkout: Path) -> None:
    change(checkout, {"acecoder/rl/algorithms/calm.py": ALGORITHM}, {})
    said = python(checkout, "-c", (
        "from acecoder.profiles import Profile\n"
        "profile = Profile.load('smoke', ['train_policy.algorithm.kind=calm', 'train_policy.algorithm.clip=0.3'])\n"
        "print(profile.config('train_policy').algorithm.arguments()['epsilon'])\n"
    ))  # fmt: skip
    assert said == "0.15\n"


def test_a_benchmark(checkout: Path) -> None:
    change(checkout, {"acecoder/problem_sets/one.py": BENCHMARK}, {})
    code = "from acecoder.problem_sets import loading\nprint([p.id for p in loading.load('one')], loading.digest('one'))"
    assert python(checkout, "-c", code) == "['one'] 1\n"


def test_a_kind_of_test(checkout: Path) -> None:
    change(
        checkout, {"acecoder/sandbox/judge/kinds/contains.py": KIND},
        {"acecoder/schema.py": ("def _from_text(", CONTAINS)},
    )  # fmt: skip
    schema = checkout / "acecoder/schema.py"
    union = "str | StdinTest | CallTest | UnittestTest"
    assert union in schema.read_text()
    schema.write_text(schema.read_text().replace(union, f"{union} | ContainsTest"))
    said = python(checkout, "-c", (
        "from acecoder.schema import Problem\n"
        "from acecoder.sandbox.contract import Job, SandboxConfig\n"
        "from acecoder.sandbox.judge.kinds.kind import plan_of\n"
        "test = {'kind': 'contains', 'call': 'f(2)', 'value': 3}\n"
        "problem = Problem.model_validate({'id': 'p', 'question': 'q', 'tests': [test]})\n"
        "print(plan_of(problem.tests[0]).calls)\n"
    ))  # fmt: skip
    assert said == "('f(2)',)\n"
