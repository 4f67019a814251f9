"""GRPO of TRL with this project's reward. Needs acecoder[train]; a tiny random model, one step.

With a model that can write programs: `model="Qwen/Qwen2.5-Coder-0.5B-Instruct"`, and more steps.
"""

import tempfile
from pathlib import Path

import acecoder
from acecoder.rewards import TestsReward

if __name__ == "__main__":
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import GRPOConfig, GRPOTrainer

    from acecoder.llm import tiny

    problems = acecoder.load_benchmark("first_steps/train")
    rows = [{"prompt": problem.question, "problem_id": problem.id} for problem in problems]
    with tempfile.TemporaryDirectory() as folder, TestsReward(problems, binary=False) as reward:
        tiny.make(Path(folder))
        trainer = GRPOTrainer(
            model=AutoModelForCausalLM.from_pretrained(folder),
            processing_class=AutoTokenizer.from_pretrained(folder),
            reward_funcs=reward,
            train_dataset=Dataset.from_list(rows),
            args=GRPOConfig(
                output_dir=folder, max_steps=1, per_device_train_batch_size=4, num_generations=4,
                max_completion_length=16, use_cpu=True, report_to=[], save_strategy="no",
            ),
        )  # fmt: skip
        trainer.train()
        print("mean reward", trainer.state.log_history[0]["rewards/tests_reward/mean"])
