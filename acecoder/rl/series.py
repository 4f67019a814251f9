"""What TRL's trainer measures in every rollout, under the names of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

NAMED = {
    "reward": "reward",
    "loss": "loss",
    "grad_norm": "grad_norm",
    "kl": "kl",
    "entropy": "entropy",
    "completions/mean_length": "length_tokens",
    "completions/clipped_ratio": "truncated_share",
    "clip_ratio/region_mean": "clipped_share",
    "frac_reward_zero_std": "share_without_spread",
    "sampling/importance_sampling_ratio/mean": "importance_ratio",
    "hacking/gap": "hacking_gap",
}
"""TRL's name, or the trainer's -> ours. `loss` and `grad_norm` are of a rollout's first update."""
PART, MEAN, WAIT = "rewards/", "/mean", "/wait_s"


def series(
    rollouts: Sequence[Mapping[str, float]], seconds: Sequence[float]
) -> dict[str, list[float]]:
    """Name -> a value for each rollout that measured it, in order. `seconds`: what each rollout took with its
    updates."""
    found = {ours: _values(rollouts, theirs) for theirs, ours in NAMED.items()}
    parts = {key for entry in rollouts for key in entry if key.startswith(PART)}
    for key in sorted(parts):
        if key.endswith(MEAN):
            name = key.removeprefix(PART).removesuffix(MEAN)
            found[f"reward_{name}"] = _values(rollouts, key)
    waits = [
        sum(value for key, value in entry.items() if key.startswith(PART) and key.endswith(WAIT))
        for entry in rollouts
    ]
    pairs = list(zip(waits, seconds, strict=False))
    found["reward_wait_share"] = [wait / took for wait, took in pairs if took > 0]
    tokens = [entry.get("num_tokens", 0.0) for entry in rollouts]
    made = [now - before for before, now in zip([0.0, *tokens], tokens, strict=False)]
    found["tokens_per_s"] = [n / took for n, took in zip(made, seconds, strict=False) if took > 0]
    return {name: values for name, values in found.items() if values}


def _values(rollouts: Sequence[Mapping[str, float]], key: str) -> list[float]:
    return [entry[key] for entry in rollouts if key in entry]
