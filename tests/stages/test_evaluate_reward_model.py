"""evaluate_reward_model on a small trained model: programs with verdicts, pairs, and rows of a public set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from acecoder.engine.home import Home
from acecoder.entry import run_step
from acecoder.errors import InputError
from acecoder.evaluation.pair_accuracy import BY_PROBLEM, REWARD_MODEL
from acecoder.reporting import records
from acecoder.reporting.views.evaluate_reward_model import VIEW
from acecoder.stages import load_stage

NAMES = ("one", "two", "three", "four", "five", "six")
RIGHT = "def {name}(x):\n    return x + 1\n"
WRONG = "def {name}(x):\n    while x:\n        x = x - 1\n    return x\n"


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Path, Path]:
    """(home, reward model, pairs): right programs add one, wrong ones loop."""
    folder = tmp_path_factory.mktemp("trained")
    home = Home(folder / "home")
    pairs = [
        {
            "problem_id": f"p{number}/{name}", "prompt": f"Write {name}({number}).",
            "chosen": RIGHT.format(name=name), "rejected": WRONG.format(name=name),
            "chosen_pass_rate": 1.0, "rejected_pass_rate": 0.0,
        }
        for number in range(8) for name in NAMES
    ]  # fmt: skip
    table = {
        "model": {"kind": "local", "source": "random:tiny"}, "held_out_share": 0.2,
        "dtype": "float32", "pairs_per_update": 4, "learning_rate": 3e-3, "epochs": 3,
    }  # fmt: skip
    file = written(folder / "pairs.jsonl", pairs)
    done = run_step(
        load_stage("train_reward_model"), step="rm", table=table, inputs={"pairs": file}, home=home
    )
    return home, done.directory / "reward_model", file


def evaluate(trained: tuple[Home, Path, Path], config: dict[str, Any], **inputs: Path) -> Any:
    stage = load_stage("evaluate_reward_model")
    given = {"reward_model": trained[1], **inputs}
    return run_step(
        stage, step="evaluate_reward_model", table=config, inputs=given, home=trained[0]
    )


def rows(done: Any) -> dict[tuple[str, str, str], dict[str, Any]]:
    lines = (done.directory / "scores" / "records.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines]
    return {(each["benchmark"], each["model"], each["metric"]): each for each in found}


def test_programs_with_verdicts_are_told_apart_and_chosen_among(
    trained: tuple[Home, Path, Path], tmp_path: Path
) -> None:
    problems, programs, verdicts = [], [], []
    for name in ("seven", "eight", "nine"):
        problems.append(
            {"id": name, "question": f"Write {name}(1).", "tests": [f"assert {name}(1) == 2"]}
        )
        for model in ("m", "n"):
            for index, text in enumerate((RIGHT, WRONG, WRONG)):
                programs.append(
                    {"problem_id": name, "model": model, "program_index": index,
                     "program": text.format(name=name)}
                )  # fmt: skip
                rate = float(text is RIGHT)
                verdicts.append(
                    {"program_id": f"{name}#{model}#{index}", "problem_id": name, "model": model,
                     "program_index": index, "outcomes": ["passed" if rate else "failed"],
                     "pass_rate": rate, "behaviour": str(rate)}
                )  # fmt: skip
    done = evaluate(
        trained,
        {"best_of": [2]},
        problems=written(tmp_path / "problems.jsonl", problems),
        programs=written(tmp_path / "programs.jsonl", programs),
        verdicts=written(tmp_path / "verdicts.jsonl", verdicts),
    )
    found = rows(done)
    own = found["within a model", REWARD_MODEL, BY_PROBLEM]
    assert own["value"] == 1.0, "a training of 29 updates tells adding from looping"
    assert (own["n_problems"], own["n_samples"]) == (3, 6), "equal texts of a model count once"
    assert found["across models", REWARD_MODEL, BY_PROBLEM]["n_samples"] == 6
    assert found["within a model", "majority", BY_PROBLEM]["value"] == 0.0
    assert found["within a model", "shorter", BY_PROBLEM]["value"] == 1.0
    choosing = "choosing among samples of m"
    assert found[choosing, REWARD_MODEL, "best_of_2"]["value"] == pytest.approx(2 / 3)
    assert found[choosing, "baseline", "average"]["value"] == pytest.approx(1 / 3)
    assert done.report.metrics["within_a_model_accuracy_by_problem"] == 1.0
    step = records.of_step(
        trained[0], "evaluate_reward_model", "evaluate_reward_model", done.directory.name, {}
    )
    assert step is not None
    page = VIEW.section({step.step: step})
    assert "over majority" in page and "best_of_2" in page
    assert VIEW.lines({step.step: step})[0][0] == "reward model, within a model"
    assert (
        "| reward model | accuracy by problem |" in (done.directory / "scores/table.md").read_text()
    )


def test_pairs_and_rows_of_public_sets_are_judged_alike(
    trained: tuple[Home, Path, Path], tmp_path: Path
) -> None:
    done = evaluate(trained, {}, pairs=trained[2])
    assert rows(done)["pairs", REWARD_MODEL, BY_PROBLEM]["n_problems"] == 48
    bench = [
        {"prompt": "Write one(1).", "chosen": f"Sure:\n```python\n{RIGHT.format(name='one')}```",
         "rejected": WRONG.format(name="one"), "subset": "hep-python", "id": 1}
    ]  # fmt: skip
    found = rows(evaluate(trained, {}, pairs=written(tmp_path / "bench.jsonl", bench)))
    assert found["hep-python", REWARD_MODEL, BY_PROBLEM]["value"] == 1.0


def test_nothing_to_judge_is_said(trained: tuple[Home, Path, Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing to judge"):
        evaluate(trained, {}, problems=written(tmp_path / "p.jsonl", []))
    with pytest.raises(InputError, match="better and a worse"):
        evaluate(trained, {}, pairs=written(tmp_path / "none.jsonl", []))
