"""Two stages of the method on records in memory: noisy tests dropped, then preference pairs.

A stage is a function of files. `acecoder filter-tests --help` is the same on the command line.
"""

import tempfile
from pathlib import Path

import acecoder
from acecoder.engine.home import Home
from acecoder.engine.runner import run_stage
from acecoder.engine.tables import read_table, write_table
from acecoder.stages import load_stage

problem = acecoder.Problem(
    id="add",
    question="Write `add(a, b)`.",
    entry_point="add",
    tests=(
        "assert add(1, 2) == 3",
        "assert add(0, 0) == 1",
        "assert add(-1, 1) == 0",
    ),  # one is wrong
)
texts = ("return a + b", "return a - b", "return b + a", "return 0")
programs = [
    acecoder.Program(
        problem_id="add", model="strong", program_index=i, program=f"def add(a, b): {text}"
    )
    for i, text in enumerate(texts)
]
with tempfile.TemporaryDirectory() as folder:
    root, home = Path(folder), Home(Path(folder) / "home", None)
    write_table(root / "problems.jsonl", acecoder.Problem, [problem])
    write_table(root / "oracle.jsonl", acecoder.Program, programs[:1])
    write_table(root / "programs.jsonl", acecoder.Program, programs)

    def run(stage: str, table: dict[str, object], **inputs: Path) -> Path:
        found = run_stage(load_stage(stage), step=stage, table=table, inputs=inputs, home=home)
        return found.directory

    oracle = run(
        "judge_programs", {}, problems=root / "problems.jsonl", programs=root / "oracle.jsonl"
    )
    kept = run(
        "filter_tests",
        {"min_tests": 1},
        problems=root / "problems.jsonl",
        verdicts=oracle / "verdicts",
    )
    judged = run("judge_programs", {}, problems=kept / "kept", programs=root / "programs.jsonl")
    paired = run(
        "build_pairs", {}, problems=kept / "kept", programs=root / "programs.jsonl",
        verdicts=judged / "verdicts",
    )  # fmt: skip
    for pair in read_table(paired / "pairs", acecoder.Pair):
        print(f"{pair.chosen_pass_rate:.2f} > {pair.rejected_pass_rate:.2f}")
