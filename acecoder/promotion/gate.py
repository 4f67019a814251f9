"""Is a candidate good enough to serve? Decided on a bound, not on a point."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GateRule:
    """What a candidate must show against its opponent, in points of the gate's metric."""

    max_loss: float
    """Non-inferiority margin: the one-sided 95 % lower bound must not be below minus this."""
    min_problems: int
    """Fewer cannot rule out such a loss, even of two models that never differ."""
    min_gain: float
    """The difference itself must be at least this; 0 asks for no gain."""


@dataclass(frozen=True)
class Comparison:
    """A candidate beside its opponent, on the same problems."""

    difference: float
    """Mean of candidate - opponent."""
    bound: float
    """Its one-sided 95 % lower bound."""
    low: float
    high: float
    """Its two-sided 95 % interval."""
    num_problems: int


@dataclass(frozen=True)
class Decision:
    """What the gate decided, with what it saw."""

    promote: bool
    reason: str


def decide(seen: Comparison, rule: GateRule) -> Decision:
    """Decide on a comparison: no loss beyond `max_loss`, and a gain of at least `min_gain`."""
    told = f"difference {seen.difference:+.3f}, 95 % lower bound {seen.bound:+.3f} on {seen.num_problems} problems"
    if seen.num_problems < rule.min_problems:
        return Decision(
            False,
            f"{told}: too few problems to rule out a loss of more than {rule.max_loss}, which takes at "
            f"least {rule.min_problems}",
        )
    if seen.bound < -rule.max_loss:
        return Decision(False, f"{told}: a loss of more than {rule.max_loss} is not ruled out")
    if seen.difference < rule.min_gain:
        return Decision(False, f"{told}: less than the asked gain of {rule.min_gain}")
    return Decision(True, f"{told}: no loss beyond {rule.max_loss}, gain at least {rule.min_gain}")
