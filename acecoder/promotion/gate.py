"""Is a candidate good enough to serve? Decided on an interval, not on a point."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GateRule:
    """What a candidate must show against its opponent, in points of the gate's metric."""

    max_loss: float
    """Non-inferiority margin: the interval's low end must be above minus this."""
    min_gain: float
    """The difference itself must be at least this; 0 asks for no gain."""


@dataclass(frozen=True)
class Decision:
    """What the gate decided, with what it saw."""

    promote: bool
    reason: str


def decide(difference: float, low: float, high: float, rule: GateRule) -> Decision:
    """Decide on the paired difference candidate - opponent and its 95 % interval."""
    seen = f"difference {difference:+.3f}, 95 % interval [{low:+.3f}, {high:+.3f}]"
    if low < -rule.max_loss:
        return Decision(False, f"{seen}: a loss of more than {rule.max_loss} is not ruled out")
    if difference < rule.min_gain:
        return Decision(False, f"{seen}: less than the asked gain of {rule.min_gain}")
    return Decision(True, f"{seen}: no loss beyond {rule.max_loss}, gain at least {rule.min_gain}")
