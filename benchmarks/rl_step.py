"""One step of RL, where its time goes, beside TRL's own GRPOTrainer with the same settings, in one run.

    .venv/bin/python -m benchmarks.rl_step [--steps 4] [--layers 8]

SmolLM2 cut to its first layers, GRPO with the divergence penalty, rewards by the tests of `first_steps` in the
sandbox. Each side runs in a process of its own. Printed per step, the first left out: seconds, CPU seconds of the
process, and the shares of generating, waiting for rewards, and the rest (log-probabilities and update).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

SIDES = ("trl", "ours")
SETTINGS = {
    "learning_rate": 1e-5,
    "prompts_per_step": 4,
    "samples_per_prompt": 4,
    "updates_per_rollout": 1,
    "minibatch_size": 8,
    "max_new_tokens": 48,
    "dtype": "float32",
    "save_every_steps": 1000,
    "algorithm": {"kind": "grpo", "kl_coefficient": 0.01},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--one", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--model", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measured(options)))
        return
    from benchmarks.reward_model import cut_model

    print("| trainer | s per step | CPU s | generating | waiting for rewards | the rest |")
    print("|-|-|-|-|-|-|")
    with tempfile.TemporaryDirectory() as scratch:
        model = cut_model(Path(scratch) / "model", options.layers)
        for side in SIDES:
            command = [sys.executable, "-m", "benchmarks.rl_step", "--one", side]
            command += ["--steps", str(options.steps), "--model", str(model)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            told = json.loads(done.stdout.splitlines()[-1])
            rest = 1 - told["generating"] - told["waiting"]
            print(
                f"| {side} | {told['seconds']:.2f} | {told['cpu_s']:.2f} | {told['generating']:.0%} | "
                f"{told['waiting']:.1%} | {rest:.0%} |",
                flush=True,
            )


class Clock:
    """Seconds in a trainer's methods, by step."""

    def __init__(self) -> None:
        self.generating: list[float] = []
        self.waiting: list[float] = []
        self.steps: list[tuple[float, float]] = []
        self._since: tuple[float, float] | None = None

    def watch(self, kind: type[Any]) -> None:
        """A trainer class of TRL, and those made of it."""
        self._time(kind, "_generate_single_turn", self.generating)
        self._time(kind, "_calculate_rewards", self.waiting)

    def step(self) -> None:
        now = time.perf_counter(), time.process_time()
        if self._since:
            self.steps.append((now[0] - self._since[0], now[1] - self._since[1]))
        self._since = now

    def _time(self, kind: type[Any], name: str, into: list[float]) -> None:
        called: Callable[..., Any] = getattr(kind, name)

        def timed(*given: Any, **named: Any) -> Any:
            began_s = time.perf_counter()
            try:
                return called(*given, **named)
            finally:
                into.append(time.perf_counter() - began_s)

        setattr(kind, name, timed)

    def told(self) -> dict[str, float]:
        """Means over the steps but the first."""
        seconds = fmean(each[0] for each in self.steps[1:])
        return {
            "seconds": seconds,
            "cpu_s": fmean(each[1] for each in self.steps[1:]),
            "generating": fmean(self.generating[1:]) / seconds,
            "waiting": fmean(self.waiting[1:]) / seconds,
        }


def measured(options: argparse.Namespace) -> dict[str, float]:
    from transformers import AutoTokenizer, TrainerCallback
    from trl import GRPOTrainer

    from acecoder.chats import as_read, render_chat
    from acecoder.config import validate
    from acecoder.problem_sets import loading
    from acecoder.rendering import FENCE, PromptConfig, program_messages, program_prefill
    from acecoder.rewards import TestsReward
    from acecoder.rl import training
    from acecoder.rl.reward_functions import RewardPart
    from acecoder.rl.training import PolicyTraining

    problems = list(loading.load("first_steps/train"))
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    prompt = PromptConfig()
    prompts = [
        (
            each.id,
            as_read(
                tokenizer,
                render_chat(
                    tokenizer, program_messages(each, prompt), program_prefill(each, prompt)
                ),
            ),
        )
        for each in problems
    ]
    clock = Clock()
    clock.watch(GRPOTrainer)

    class Steps(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, *_: Any, **__: Any) -> None:
            clock.step()

    config = validate(PolicyTraining, {**SETTINGS, "steps": options.steps + 1}, where="rl_step")
    with TestsReward(problems, binary=False) as reward, tempfile.TemporaryDirectory() as scratch:
        if options.one == "ours":
            part = RewardPart(
                "tests", 1.0, lambda names, texts: reward(texts, problem_id=names), overlaps=True
            )
            training.train(
                prompts,
                [part],
                options.model,
                config,
                stop=(FENCE,),
                use_vllm=False,
                scratch=Path(scratch) / "scratch",
                destination=Path(scratch) / "policy",
                callbacks=[Steps()],
                say=lambda _: None,
            )
        else:
            plain(config, prompts, reward, options.model, Path(scratch), Steps())
    return clock.told()


def plain(
    config: Any, prompts: list[tuple[str, str]], reward: Any, model: str, scratch: Path, steps: Any
) -> None:
    """TRL by itself, with our arguments, and our stop tokens, so that it writes as much."""
    from datasets import Dataset
    from trl import GRPOTrainer

    from acecoder.rendering import FENCE
    from acecoder.rl import training
    from acecoder.rl.stopping import end_ids
    from acecoder.training.loading import load_language_model, load_tokenizer

    arguments = training._arguments(config, scratch, weights=[1.0], use_vllm=False, evaluates=False)
    tokenizer = load_tokenizer(model, padding_side="left")
    policy = load_language_model(model)
    policy.generation_config.eos_token_id = end_ids(tokenizer, policy, (FENCE,))
    trainer = GRPOTrainer(
        model=policy,
        args=arguments,
        processing_class=tokenizer,
        reward_funcs=[reward],
        train_dataset=Dataset.from_list(training._in_order(prompts, config)),
        callbacks=[steps],
    )
    trainer.train()


if __name__ == "__main__":
    main()
