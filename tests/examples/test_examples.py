"""Every example and notebook runs; what the library offers is what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import acecoder
from acecoder.rewards import TestsReward

EXAMPLES = sorted(Path("examples").glob("*.py"))
NOTEBOOKS = sorted(Path("examples").glob("*.ipynb"))
ADD = acecoder.Problem(
    id="add", question="Write add(a, b).", entry_point="add", tests=("assert add(1, 2) == 3",)
)
RIGHT = "def add(a, b): return a + b"


def run(code: list[str], tmp_path: Path) -> str:
    environment = {**os.environ, "HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    environment["PYTHONPATH"] = str(Path.cwd())
    done = subprocess.run(
        [sys.executable, *code], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert not list(tmp_path.glob("*acecoder*")), "an example leaves nothing behind"
    return done.stdout


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_runs_anywhere(file: Path, tmp_path: Path) -> None:
    assert run([str(file.resolve())], tmp_path).strip()


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_runs_and_is_committed_without_outputs(file: Path, tmp_path: Path) -> None:
    cells = [c for c in json.loads(file.read_text())["cells"] if c["cell_type"] == "code"]
    assert not any(cell["outputs"] for cell in cells)
    run(["-c", "\n".join("".join(cell["source"]) for cell in cells)], tmp_path)


def test_there_are_ten_of_them() -> None:
    assert len(EXAMPLES) + len(NOTEBOOKS) >= 10 and len(NOTEBOOKS) >= 2


def test_importing_it_loads_nothing() -> None:
    code = "import sys, acecoder; print([m for m in ('pydantic', 'numpy', 'torch') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert all(getattr(acecoder, name) is not None for name in acecoder.__all__)
    with pytest.raises(AttributeError, match="no attribute 'judgement'"):
        _ = acecoder.judgement  # type: ignore[attr-defined]


def test_verdicts_come_in_the_order_of_the_programs() -> None:
    texts = [RIGHT, "x = 1", RIGHT, "def add(a, b): return 3"]
    verdicts = acecoder.judge([ADD], [("add", text) for text in texts])
    assert [v.pass_rate for v in verdicts] == [1.0, 0.0, 1.0, 1.0]
    assert [v.program_index for v in verdicts] == [0, 1, 2, 3]
    assert acecoder.judge([ADD], []) == []


def test_what_is_wrong_with_what_is_given_is_said() -> None:
    with pytest.raises(acecoder.InputError, match="the problem 'sub', which is not there"):
        acecoder.judge([ADD], [("sub", RIGHT)])
    with pytest.raises(acecoder.InputError, match="programs, number 0: field 'program'"):
        acecoder.judge([ADD], [{"problem_id": "add"}])
    with pytest.raises(acecoder.InputError, match="one problem, where a list is expected"):
        acecoder.judge(ADD, [])  # type: ignore[arg-type]
    with pytest.raises(acecoder.InputError, match="programs, number 0: a program that is a str"):
        acecoder.judge([ADD], [RIGHT])  # type: ignore[list-item]
    with pytest.raises(acecoder.InputError, match="no sandbox 'docker'"):
        acecoder.judge([ADD], [], sandbox="docker")  # type: ignore[arg-type]
    with TestsReward([ADD]) as reward:
        with pytest.raises(acecoder.InputError, match="needs a column `problem_id`"):
            reward(["x"], task_id=["add"])
        with pytest.raises(acecoder.InputError, match="no problem has the id 'zzz'"):
            reward(["x"], problem_id=["zzz"])
    with pytest.raises(acecoder.InputError, match="unknown problem set 'nope'"):
        acecoder.load_benchmark("nope")


def test_an_evaluation_says_what_it_left_out(tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text(
        ADD.model_dump_json() + "\n" + ADD.model_copy(update={"id": "b"}).model_dump_json()
    )
    result = acecoder.evaluate(str(file), [("add", RIGHT)])
    assert result.score("average").value == 0.5 and len(result.verdicts) == 1
    assert any("1 tasks without a sample" in note for note in result.notes)
    with pytest.raises(KeyError, match="known: samples: average"):
        result.score("greedy")


def test_a_reward_reads_texts_and_messages() -> None:
    with TestsReward([ADD]) as reward:
        answer = [{"role": "assistant", "content": f"```python\n{RIGHT}\n```"}]
        found = reward(
            [f"```python\n{RIGHT}\n```", answer, "no"], problem_id=["add"] * 3, prompts=[]
        )
    assert found == [1.0, 1.0, 0.0]


def test_rewards_need_no_torch() -> None:
    code = "import sys; from acecoder.rewards import TestsReward; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
