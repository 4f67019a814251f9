"""train_policy: problems (+ reward_model) -> policy, by REINFORCE++ or GRPO."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, field_validator

from acecoder.cluster.launch import Launch
from acecoder.config import Config, ModelConfig, incidental
from acecoder.engine.contract import In, Out, Report, StageContext
from acecoder.engine.tables import read_table
from acecoder.errors import InputError, PlatformError
from acecoder.rendering import PromptConfig, extract_program, program_messages, program_prefill
from acecoder.sandbox.contract import Job, Sandbox, SandboxConfig
from acecoder.sandbox.identity import sandbox_digest
from acecoder.sandbox.opening import default_workers, open_sandbox
from acecoder.schema import Problem, pass_rate

if TYPE_CHECKING:
    from acecoder.rl.training import PolicyTraining


class TrainPolicyConfig(Config):
    """Hyperparameters; defaults are the paper's rule-reward run (AceCoder, section 6.2)."""

    model: ModelConfig
    """The language model whose weights it starts from."""
    algorithm: Literal["reinforce++", "grpo"] = "reinforce++"
    reward: Literal["rule", "model"] = "rule"
    """`rule` judges rollouts in the sandbox; `model` scores them with the reward model."""
    binary_reward: bool = True
    """For `rule`: 1 if every test passes, else 0; False gives the pass rate."""
    learning_rate: float = Field(5e-7, gt=0)
    steps: int = Field(80, ge=1)
    """Rollouts, each followed by `updates_per_rollout` gradient updates."""
    prompts_per_step: int = Field(256, ge=1)
    samples_per_prompt: int = Field(8, ge=2)
    updates_per_rollout: int = Field(16, ge=1)
    minibatch_size: int = Field(8, ge=1)
    """Completions a forward and backward pass."""
    kl_coefficient: float = Field(0.01, ge=0)
    clip: float = Field(0.2, gt=0)
    temperature: float = Field(1.0, gt=0)
    max_new_tokens: int = Field(2048, ge=1)
    warmup_share: float = Field(0.03, ge=0, lt=1)
    reward_clamp: float = Field(10.0, gt=0)
    dtype: Literal["float32", "bfloat16"] = "bfloat16"
    prompt: PromptConfig = PromptConfig()
    sandbox: SandboxConfig = SandboxConfig()
    max_reward_tokens: int = Field(2048, ge=16)
    """For `model`: the reward model reads at most so many tokens."""
    save_every_steps: int = incidental(10, ge=1)
    launch: Launch | None = incidental(None)
    """Train on several nodes of a cluster; the infra file says how."""
    seed: int = 0

    @field_validator("sandbox")
    @classmethod
    def _apart(cls, sandbox: SandboxConfig) -> SandboxConfig:
        if sandbox.batch_size > 1:
            raise ValueError("batch_size must be 1: what is rewarded is judged in its own process")
        return sandbox

    def external_inputs(self) -> dict[str, str]:
        return {"sandbox": sandbox_digest(self.sandbox)}


def train_policy(
    config: TrainPolicyConfig, *, problems: In, reward_model: In | None = None, policy: Out,
    context: StageContext,
) -> Report:  # fmt: skip
    """Train, and prove that the weights moved.

    Raises: InputError on no problems or a missing reward model; PlatformError where training left
    every weight as it was; SandboxUnavailable.
    """
    from transformers import AutoTokenizer

    from acecoder.llm import weights
    from acecoder.llm.local import render_chat
    from acecoder.rl import training
    from acecoder.training.checkpoints import MarkWhole, ReportSteps, rank

    read = {problem.id: problem for problem in read_table(problems, Problem)}
    base = weights.resolve(config.model, context.home)
    tokenizer = AutoTokenizer.from_pretrained(base)
    prompts = []
    for problem in read.values():
        prefill = program_prefill(problem, config.prompt) if config.model.prefills else ""
        messages = program_messages(problem, config.prompt)
        prompts.append((problem.id, render_chat(tokenizer, messages, prefill)))
    context.progress.say(f"{len(prompts)} problems, {config.steps} steps of {config.algorithm}")
    with _Rewards(config, read, reward_model) as rewards:
        log = training.train(
            prompts,
            rewards,
            base,
            _plan(config),
            scratch=context.scratch,
            destination=policy,
            callbacks=(
                MarkWhole(context.keep_checkpoint),
                ReportSteps(context.progress, {"reward": "reward", "kl": "kl"}),
            ),
        )
    if rank() > 0:
        return Report({})  # the first process reports for all
    distance, changed = training.weight_change(base, policy)
    if not changed:
        raise PlatformError("training left every weight as it was", where="train_policy")
    context.progress.say(f"weights moved by {distance:.2e} (relative), {changed} tensors")
    curve = [entry["reward"] for entry in log]
    quarter = max(1, len(curve) // 4)
    metrics = {
        "problems": len(prompts), "steps": len(curve), "weight_change": distance,
        "tensors_changed": changed, "reward_first_quarter": sum(curve[:quarter]) / quarter,
        "reward_last_quarter": sum(curve[-quarter:]) / quarter,
        "rollouts_judged": rewards.num_judged,
    }  # fmt: skip
    return Report(
        {name: float(value) for name, value in metrics.items()},
        series={"reward": curve, "kl": [entry["kl"] for entry in log if "kl" in entry]},
    )


def _plan(config: TrainPolicyConfig) -> PolicyTraining:
    from acecoder.rl.training import PolicyTraining

    shared = set(PolicyTraining.__dataclass_fields__) & set(TrainPolicyConfig.model_fields)
    values = {name: getattr(config, name) for name in shared}
    return PolicyTraining(**values, use_vllm=config.model.engine == "vllm")


class _Rewards:
    """Rewards of completions: one sandbox (or reward model) for the whole training."""

    def __init__(
        self, config: TrainPolicyConfig, problems: dict[str, Problem], reward_model: In | None
    ) -> None:
        self._config, self._problems = config, problems
        self._sandbox: Sandbox | None = None
        self.num_judged = 0
        if config.reward == "model":
            if reward_model is None:
                raise InputError("reward = 'model' needs a reward_model", where="train_policy")
            from acecoder.reward.scoring import RewardModel

            self._scorer = RewardModel(
                reward_model, batch_size=16, max_length_tokens=config.max_reward_tokens
            )

    def __enter__(self) -> _Rewards:
        if self._config.reward == "rule":
            self._sandbox = open_sandbox(self._config.sandbox, num_workers=default_workers())
            self._sandbox.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._sandbox is not None:
            self._sandbox.__exit__(*exception)

    def __call__(self, problem_ids: list[str], completions: list[str]) -> list[float]:
        programs = [extract_program(text) for text in completions]
        self.num_judged += len(programs)
        if self._sandbox is None:
            questions = [self._problems[name].question for name in problem_ids]
            return self._scorer.score(list(zip(questions, programs, strict=True)))
        jobs = [
            Job(name, self._problems[name].tests, ((str(index), program),))
            for index, (name, program) in enumerate(zip(problem_ids, programs, strict=True))
        ]
        rates = {int(r.key): pass_rate(r.outcomes) for r in self._sandbox.judge(jobs)}
        if self._config.binary_reward:
            return [float(rates[index] == 1.0) for index in range(len(jobs))]
        return [rates[index] for index in range(len(jobs))]
