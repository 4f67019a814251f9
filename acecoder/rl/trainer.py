"""REINFORCE++ on TRL's GRPOTrainer: its rollouts, ratios and clipping, our advantages.

Overrides private methods of trl 1.16; the version is pinned in pyproject.toml, and a test holds
the advantages to numbers computed by hand.
"""

from __future__ import annotations

from typing import Any

import torch
from trl import GRPOTrainer

from acecoder.rl.advantages import has_spread, masked_sum, squared_deviations, token_returns, whiten


class ReinforcePlusPlusTrainer(GRPOTrainer):
    """Token-level advantages with the KL penalty inside the reward, whitened over the batch."""

    def __init__(self, *args: Any, reward_clamp: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reward_clamp = reward_clamp
        self._kl_coefficient: float = self.args.beta
        self._rewards_all: torch.Tensor | None = None

    def _calculate_rewards(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        rewards_BF: torch.Tensor = super()._calculate_rewards(*args, **kwargs)
        self._rewards_all = (rewards_BF * self.reward_weights.to(rewards_BF.device)).nansum(dim=1)
        return rewards_BF

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        output: dict[str, Any] = super()._generate_and_score_completions(inputs)
        assert self._rewards_all is not None
        mask_BT = output["completion_mask"]
        start = self.accelerator.process_index * len(inputs)
        rewards_B = self._rewards_all[start : start + len(inputs)].to(mask_BT.device)
        old_BT = output.get("old_per_token_logps")
        if old_BT is None:
            old_BT = self._current_logprobs(output)
            # Also the ratio's denominator: the same numbers must serve both.
            output["old_per_token_logps"] = old_BT
        ref_BT = output.get("ref_per_token_logps", old_BT)
        kl, num_tokens = self._added_up(*masked_sum(old_BT - ref_BT, mask_BT))
        self._metrics["train"]["kl"].append(float(kl / num_tokens))
        returns_BT = token_returns(
            rewards_B,
            old_BT,
            ref_BT,
            mask_BT,
            kl_coefficient=self._kl_coefficient,
            reward_clamp=self._reward_clamp,
        )
        is_learnt_from = has_spread(self._rewards_all)
        self._metrics["train"]["rollouts_without_spread"].append(float(not is_learnt_from))
        total, count = self._added_up(*masked_sum(returns_BT, mask_BT))
        mean = total / count
        (squares,) = self._added_up(squared_deviations(returns_BT, mask_BT, mean=mean))
        white_BT = whiten(returns_BT, mask_BT, mean=mean, variance=squares / count)
        # Of equal rewards only the noise of the penalty is left, which whitening would make full-size.
        output["advantages"] = white_BT if is_learnt_from else torch.zeros_like(white_BT)
        return output

    def _added_up(self, *parts: torch.Tensor) -> list[torch.Tensor]:
        """Of all processes."""
        return [self.accelerator.reduce(part, reduction="sum") for part in parts]

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
        # The penalty is in the rewards already; GRPO would add it to the loss again.
        beta = self._kl_coefficient
        self.beta = 0.0
        try:
            loss: torch.Tensor = super()._compute_loss(model, inputs)
            return loss
        finally:
            self.beta = beta
