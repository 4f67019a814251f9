"""What a run cost: tokens by the prices of the models that wrote them, time by the machine's price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from acecoder.reporting.records import StepRecord, Steps

UNKNOWN = "no price in the profile ([models.NAME] price, [profile] machine_usd_per_hour)"


@dataclass(frozen=True)
class Cost:
    """One line of what a run cost."""

    usd: float
    what: str


def costs(steps: Steps, machine_usd_per_hour: float) -> list[Cost]:
    """A line per model that has a price, in their order, and one for the machine where it has one."""
    by_model: dict[str, list[StepRecord]] = {}
    for step in steps.values():
        model = step.config.get("model")
        if isinstance(model, Mapping) and model.get("price") and "tokens" in step.metrics:
            by_model.setdefault(str(model.get("model")), []).append(step)
    found = [_of_model(name, own) for name, own in by_model.items()]
    if machine_usd_per_hour:
        hours = sum(step.wall_s for step in steps.values()) / 3600
        found.append(Cost(hours * machine_usd_per_hour, f"{hours:.2f} hours of the machine"))
    return found


def told(found: list[Cost]) -> str:
    """The sum and its parts as one line."""
    if not found:
        return UNKNOWN
    parts = ", ".join(f"{_usd(cost.usd)} for {cost.what}" for cost in found)
    return f"{_usd(sum(cost.usd for cost in found))}: {parts}"


def _of_model(name: str, steps: list[StepRecord]) -> Cost:
    read = sum(step.metrics.get("prompt_tokens", 0.0) for step in steps)
    written = sum(step.metrics["tokens"] for step in steps)
    usd = sum(_price_of(step.config["model"]["price"], step.metrics) for step in steps)
    return Cost(usd, f"{read:,.0f} tokens read and {written:,.0f} written by {name}")


def _price_of(price: Mapping[str, Any], metrics: Mapping[str, float]) -> float:
    read = metrics.get("prompt_tokens", 0.0) * float(price["prompt_usd_per_million_tokens"])
    written = metrics["tokens"] * float(price["completion_usd_per_million_tokens"])
    return (read + written) / 1e6


def _usd(amount: float) -> str:
    return f"${amount:,.2f}" if amount >= 0.01 or not amount else f"${amount:.2g}"
