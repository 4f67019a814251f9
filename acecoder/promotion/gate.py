"""Is a candidate good enough to serve? Every check of the gate must pass; each is decided on a bound.

A check that has nothing to look at fails: what was not measured is not good enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from pydantic import Field

from acecoder.config import Config, JsonValue
from acecoder.evaluation.estimators import (
    non_inferiority_bound,
    paired_difference,
    problems_to_rule_out,
)


class MetricRule(Config):
    """What one metric of one benchmark must show against the opponent."""

    benchmark: str = "first_steps"
    """A benchmark that evaluate_model scored; NAME/base is its base tests alone."""
    metric: str = "average"
    """`average`, `greedy`, `best_of_N` or another row of evaluate_model."""
    max_loss: float = Field(0.02, gt=0, le=1)
    """The one-sided 95 % bound must rule out a loss of more than this."""
    min_gain: float = Field(0.0, ge=0, le=1)
    """The difference itself must be at least this."""
    minimum: float = Field(0.0, ge=0, le=1)
    """The candidate's own value must be at least this."""


class Gate(Config):
    """What a candidate must show before it is released. All of it must hold."""

    metrics: tuple[MetricRule, ...] = Field((MetricRule(),), min_length=1)
    """Comparisons with the champion, or with the initial model where there is none."""
    max_contaminated_share: float | None = Field(None, ge=0, le=1)
    """Share of the benchmark's problems that may resemble a training problem; none set asks nothing."""
    max_hacking_gap: float | None = Field(None, ge=0, le=1)
    """How much better the policy may do on the tests its reward saw than on those held back; none set
    asks nothing."""
    max_reward_difference: float | None = Field(None, ge=0)
    """How far a score of the served reward model may be from that of the trained one; none set asks
    nothing."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    passed: bool
    told: str
    value: float | None = None
    opponent: float | None = None
    difference: float | None = None
    bound: float | None = None
    """One-sided 95 % lower bound of the difference."""
    low: float | None = None
    high: float | None = None
    """Two-sided 95 % interval of the difference."""
    problems: int | None = None


@dataclass(frozen=True)
class Decision:
    """What the gate decided, with everything it saw."""

    promote: bool
    reason: str
    checks: tuple[Check, ...] = ()

    def plain(self) -> list[JsonValue]:
        """The checks as JSON data."""
        return [{k: v for k, v in asdict(check).items() if v is not None} for check in self.checks]


@dataclass(frozen=True)
class Seen:
    """What was measured of a candidate beside the metrics; None where nothing was."""

    contaminated_share: float | None = None
    hacking_gap: float | None = None
    reward_difference: float | None = None


def compare(
    rule: MetricRule, ours: dict[str, float] | None, theirs: dict[str, float] | None, opponent: str
) -> Check:
    """One metric of the candidate beside its opponent's, paired over the problems."""
    name = f"{rule.benchmark} {rule.metric}"
    if ours is None:
        return Check(name, False, "it was not measured of the candidate")
    if theirs is None:
        return Check(name, False, f"it was not measured of {opponent}")
    if ours.keys() != theirs.keys():
        return Check(
            name, False, f"{opponent} was scored on other problems; evaluate it on these first"
        )
    order = sorted(ours)
    pair = [ours[key] for key in order], [theirs[key] for key in order]
    both, bound = paired_difference(*pair), non_inferiority_bound(*pair)
    value, other = sum(pair[0]) / len(order), sum(pair[1]) / len(order)
    passed, why = _judged(rule, value, both.value, bound, len(order))
    told = f"difference {both.value:+.3f}, 95 % lower bound {bound:+.3f} on {len(order)} problems: {why}"
    return Check(
        name, passed, told, value, other, both.value, bound, both.low, both.high, len(order)
    )


def _judged(
    rule: MetricRule, value: float, difference: float, bound: float, count: int
) -> tuple[bool, str]:
    least = problems_to_rule_out(rule.max_loss)
    if count < least:
        return False, (
            f"too few problems to rule out a loss of more than {rule.max_loss}, which takes at least {least}"
        )
    if bound < -rule.max_loss:
        return False, f"a loss of more than {rule.max_loss} is not ruled out"
    if difference < rule.min_gain:
        return False, f"less than the asked gain of {rule.min_gain}"
    if value < rule.minimum:
        return False, f"{value:.3f} is below the minimum of {rule.minimum}"
    return True, f"no loss beyond {rule.max_loss}, gain at least {rule.min_gain}"


def within(name: str, value: float | None, most: float | None) -> list[Check]:
    """The check of a bound; none where the gate does not ask."""
    if most is None:
        return []
    if value is None:
        return [Check(name, False, "it was not measured, and the gate bounds it")]
    word = "at most" if value <= most else "more than"
    return [Check(name, value <= most, f"{value:.3f} is {word} {most}", value)]


def decide(gate: Gate, comparisons: Sequence[Check], seen: Seen) -> Decision:
    """All checks must pass; the reason names those that do not."""
    checks = (
        *comparisons,
        *within("contaminated share", seen.contaminated_share, gate.max_contaminated_share),
        *within("hacking gap", seen.hacking_gap, gate.max_hacking_gap),
        *within("reward difference", seen.reward_difference, gate.max_reward_difference),
    )
    failed = [check for check in checks if not check.passed]
    told = failed or checks
    reason = "; ".join(f"{check.name}: {check.told}" for check in told)
    return Decision(not failed, reason, tuple(checks))
