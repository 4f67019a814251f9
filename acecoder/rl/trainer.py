"""TRL's GRPOTrainer with our advantages: its rollouts, ratios, clipping and loss, for every algorithm.

Overrides private methods of trl 1.16; the version is pinned in pyproject.toml, and tests hold the advantages
to numbers computed by hand and to TRL's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from accelerate.utils import gather_object
from trl import GRPOTrainer

from acecoder.errors import PlatformError
from acecoder.rl.advantages import groups_with_spread, has_spread, masked_sum
from acecoder.rl.algorithms.algorithm import AlgorithmConfig
from acecoder.rl.completions import keep
from acecoder.rl.refilling import Substitutes, exchanges, own_rows, put
from acecoder.rl.rollout import Rollout

COMPLETIONS = 3
"""Where the texts stand in what TRL's `_generate` gives."""


class PolicyTrainer(GRPOTrainer):
    """Advantages by an `AlgorithmConfig`; what nobody can score and what teaches nothing is counted.

    Raises: PlatformError where more than a share of a rollout is unscorable.
    """

    def __init__(
        self,
        *args: Any,
        algorithm: AlgorithmConfig,
        substitutes: Substitutes,
        max_unscorable_share: float,
        hacking: Callable[[int, list[str], list[str]], Mapping[str, float]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._hacking = hacking
        self._algorithm = algorithm
        self._substitutes = substitutes
        self._max_unscorable_share = max_unscorable_share
        self._rewards_N = torch.empty(0)
        self._names: list[str] = []
        self._is_refill = False
        self._num_unscorable = 0.0

    @property
    def rollout(self) -> int:
        """The number of the rollout under way, from 1."""
        updates: int = self.args.steps_per_generation // self.args.gradient_accumulation_steps
        return int(self.state.global_step) // updates + 1

    def _generate(self, prompts: list[Any]) -> Any:
        generated = super()._generate(prompts)
        for function in self.reward_funcs:
            function.begin(self._names, generated[COMPLETIONS])
        return generated

    def _calculate_rewards(
        self, inputs: list[dict[str, Any]], prompts: Any, completions: Any, completion_ids_list: Any
    ) -> torch.Tensor:
        rewards_NF: torch.Tensor = super()._calculate_rewards(
            inputs, prompts, completions, completion_ids_list
        )
        # A sum that lacks a part is no reward.
        rewards_NF[rewards_NF.isnan().any(dim=1)] = torch.nan
        total_N = (rewards_NF * self.reward_weights.to(rewards_NF.device)).sum(dim=1)
        self._num_unscorable += float(total_N.isnan().sum())
        share = float(total_N.isnan().float().mean())
        if share > self._max_unscorable_share:  # gathered: every process comes to the same
            raise PlatformError(
                f"{share:.0%} of a rollout's completions could not be scored, and at most "
                f"{self._max_unscorable_share:.0%} may be",
                where="train_policy",
                remedy="find out why the sandbox or the reward model's server is down, and run again: training "
                "resumes from its last checkpoint",
            )
        clamp = self._algorithm.reward_clamp
        self._rewards_N = total_N.clamp(-clamp, clamp)
        if self.model.training and not self._is_refill:
            own_B = total_N[self._share(len(inputs))].tolist()
            names = [each["problem_id"] for each in inputs]
            keep(self.state.log_history, self.rollout, names, completions, own_B)
            if self._hacking:
                for name, value in self._hacking(self.rollout, names, completions).items():
                    self._log_metric(f"hacking/{name}", value)
        return rewards_NF

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        self._num_unscorable = 0.0
        output = self._generated(inputs)
        if not self.model.training:  # an evaluation learns nothing
            return output
        self._note("rollouts_without_spread", float(not has_spread(self._rewards_N)))
        rewards_N = self._refilled(inputs, output, self._rewards_N)
        self._note("completions_unscorable", self._num_unscorable)
        grouped = rewards_N.view(-1, self.num_generations)
        lacking = ~groups_with_spread(grouped)
        self._note("groups_without_spread", float(lacking.sum()))
        if self._algorithm.groups_without_spread != "keep":
            rewards_N = grouped.masked_fill(lacking[:, None], torch.nan).flatten()
        here = self._share(len(inputs))
        known_B1 = ~rewards_N[here].isnan()[:, None].to(output["completion_mask"].device)
        mask_BT = output["completion_mask"] * known_B1
        output["completion_mask"] = mask_BT
        output["num_items_in_batch"] = self._added_up(mask_BT.sum())
        old_BT, ref_BT = self._logprobs(output)
        output["advantages"] = self._algorithm.advantages(
            Rollout(
                rewards=rewards_N,
                samples_per_prompt=self.num_generations,
                here=here,
                old_logprobs=old_BT,
                ref_logprobs=ref_BT,
                mask=mask_BT,
                added_up=self._added_up,
                gathered=self.accelerator.gather,
            )
        )
        return output

    def _generated(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        """Completions of these rows, with their rewards, as TRL has them."""
        self._names = [each["problem_id"] for each in inputs]
        output: dict[str, Any] = super()._generate_and_score_completions(inputs)
        return output

    def _refilled(
        self, inputs: list[dict[str, Any]], output: dict[str, Any], rewards_N: torch.Tensor
    ) -> torch.Tensor:
        """The rewards of the rollout after other problems have taken the place of those without spread."""
        if self._algorithm.groups_without_spread != "refill":
            return rewards_N
        size, processes = self.num_generations, self.accelerator.num_processes
        grouped = rewards_N.view(-1, size).clone()
        self._is_refill = True
        used = set(self._problems_of(inputs))
        filled = 0
        for attempt in range(self._algorithm.max_refills):
            lacking = ~groups_with_spread(grouped)
            count = int(lacking.view(processes, -1).sum(dim=1).max())
            if not count:
                break
            rows = self._substitutes.of(self.rollout, attempt, used, count * processes)
            used |= {row["problem_id"] for row in rows}
            own = rows[self.accelerator.process_index * count :][:count]
            refill = self._generated([row for row in own for _ in range(size)])
            new = self._rewards_N.view(-1, size)
            exchanged = exchanges(lacking, groups_with_spread(new), processes)
            for old_group, new_group in exchanged:
                grouped[old_group] = new[new_group]
            rows_here = own_rows(
                exchanged, self.accelerator.process_index, len(inputs) // size, count, size
            )
            put(output, refill, rows_here, self._tokenizer.pad_token_id)
            filled += len(exchanged)
        self._is_refill = False
        self._note("groups_refilled", float(filled))
        return grouped.flatten()

    def _problems_of(self, inputs: list[dict[str, Any]]) -> list[str]:
        """Of all processes."""
        found: list[str] = gather_object([each["problem_id"] for each in inputs])
        return found

    def _logprobs(self, output: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
        """(of the policy that wrote, of the initial model); equal where no penalty asks for them."""
        if not (self._algorithm.kl_in_reward and self._algorithm.kl_coefficient):
            nothing_BT = torch.zeros_like(output["completion_mask"], dtype=torch.float32)
            return nothing_BT, nothing_BT
        old_BT = output.get("old_per_token_logps")
        if old_BT is None:
            old_BT = self._current_logprobs(output)
            # Also the ratio's denominator: the same numbers must serve both.
            output["old_per_token_logps"] = old_BT
        ref_BT = output["ref_per_token_logps"]
        kl, count = (
            self._added_up(each) for each in masked_sum(old_BT - ref_BT, output["completion_mask"])
        )
        self._note("kl", float(kl / count.clamp(min=1)))
        return old_BT, ref_BT

    def _note(self, name: str, value: float) -> None:
        """Logged with the update that follows."""
        self._metrics["train"][name].append(value)

    def _share(self, count: int) -> slice:
        """This process' part of what all processes have."""
        return slice(
            self.accelerator.process_index * count, (self.accelerator.process_index + 1) * count
        )

    def _added_up(self, part: torch.Tensor) -> torch.Tensor:
        """Of all processes."""
        total: torch.Tensor = self.accelerator.reduce(part, reduction="sum")
        return total

    @torch.no_grad()
    def _current_logprobs(self, output: dict[str, Any]) -> torch.Tensor:
        ids_BT = torch.cat([output["prompt_ids"], output["completion_ids"]], dim=1)
        mask_BT = torch.cat([output["prompt_mask"], output["completion_mask"]], dim=1)
        logprobs_BT, _, _ = self._get_per_token_logps_and_entropies(
            self.model,
            ids_BT,
            mask_BT,
            output["completion_ids"].size(1),
            batch_size=self.args.per_device_train_batch_size,
        )
        result: torch.Tensor = logprobs_BT
        return result

    def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> torch.Tensor:
        loss_of: Callable[..., torch.Tensor] = super()._compute_loss
        if not self._algorithm.kl_in_reward:
            return loss_of(model, inputs)
        # The penalty is in the rewards already; GRPO would add it to the loss again.
        self.beta = 0.0
        try:
            return loss_of(model, inputs)
        finally:
            self.beta = self.args.beta
