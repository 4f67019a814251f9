"""promote_model: scores + registry -> a decision, a registered version, the change to git."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import Field

from acecoder.config import Config
from acecoder.engine.contract import Champion, In, ModelIn, Out, Report, StageContext
from acecoder.engine.home import Home
from acecoder.engine.publishing import content_digest
from acecoder.errors import InputError, PlatformError
from acecoder.evaluation.estimators import (
    non_inferiority_bound,
    paired_difference,
    problems_to_rule_out,
)
from acecoder.evaluation.values import VALUES_FILE, ValuesByModel
from acecoder.promotion.gate import Comparison, Decision, GateRule, decide
from acecoder.promotion.repository import ReleaseRepository

RELEASED = "released-model.yaml"


class PromoteModelConfig(Config):
    """What the gate asks for."""

    model_name: str = "acecoder-policy"
    """Name in the registry."""
    benchmark: str = "first_steps"
    """The benchmark whose scores are compared."""
    metric: str = "average"
    """The metric that is compared: `average`, `greedy`, `best_of_N` or another of evaluate_model."""
    max_loss: float = Field(0.02, gt=0, le=1)
    """The one-sided 95 % bound must rule out a loss of more than this."""
    min_gain: float = Field(0.0, ge=0, le=1)
    """The difference itself must be at least this."""


def promote_model(
    config: PromoteModelConfig,
    *,
    policy: ModelIn,
    candidate_scores: In,
    initial_scores: In,
    decision: Out,
    context: StageContext,
) -> Report:
    """Register the policy, compare it with the champion (or, without one, the initial model).

    The decision is committed to the home's bare repository whatever it is; only a promotion
    changes `released-model.yaml` and moves the alias. Scores on other problems are no comparison:
    then the candidate is held.
    """
    if context.registry is None:
        raise PlatformError("promotion needs a registry", remedy="install the extra 'tracking'")
    registry, name = context.registry, config.model_name
    digest = content_digest(policy)
    tags = {
        "digest": digest,
        "scores": context.home.permanent(candidate_scores),
        "home": str(context.home.root),
    }
    source = context.home.permanent(policy)
    version = registry.register(name, source, tags)
    champion = registry.champion(name)
    opponent, opponent_scores = _opponent(champion, initial_scores, context.home)
    difference = _compare(config, candidate_scores, opponent_scores)
    if champion is not None and champion.version == version:
        verdict, difference = Decision(True, "the same model: this version is the champion"), None
    elif difference is None:
        verdict = Decision(
            False, f"{opponent} was scored on other problems; evaluate it on these first"
        )
    else:
        least = problems_to_rule_out(config.max_loss)
        rule = GateRule(config.max_loss, least, config.min_gain)
        verdict = decide(difference, rule)
    record = {
        "model": name,
        "version": version,
        "digest": digest,
        "against": opponent,
        "benchmark": config.benchmark,
        "metric": config.metric,
        "difference": None if difference is None else difference.difference,
        "bound": None if difference is None else difference.bound,
        "problems": None if difference is None else difference.num_problems,
        "low": None if difference is None else difference.low,
        "high": None if difference is None else difference.high,
        "promote": verdict.promote,
        "reason": verdict.reason,
    }
    commit = _commit(context, record, source)
    if verdict.promote:
        registry.promote(name, version)
    (decision / "decision.json").write_text(
        json.dumps({**record, "commit": commit}, indent=1) + "\n"
    )
    word = "promoted" if verdict.promote else "not promoted"
    context.progress.say(f"{name} version {version} {word}: {verdict.reason}")
    metrics = {"promoted": float(verdict.promote), "version": float(version)}
    if difference is not None:
        metrics |= {
            "difference": difference.difference,
            "bound": difference.bound,
            "low": difference.low,
            "high": difference.high,
        }
    return Report(metrics, details={**record, "commit": commit})


def _opponent(champion: Champion | None, initial_scores: Path, home: Home) -> tuple[str, Path]:
    if champion is None:
        return "the initial model", initial_scores
    return f"champion version {champion.version}", home.open(champion.scores)


def _compare(config: PromoteModelConfig, ours: Path, theirs: Path) -> Comparison | None:
    """The paired difference, or None where the two were scored on different problems."""
    mine, other = (_metric_values(path, config) for path in (ours, theirs))
    if mine.keys() != other.keys():
        return None
    order = sorted(mine)
    pair = [mine[key] for key in order], [other[key] for key in order]
    both = paired_difference(*pair)
    return Comparison(both.value, non_inferiority_bound(*pair), both.low, both.high, len(order))


def _metric_values(scores: Path, config: PromoteModelConfig) -> dict[str, float]:
    try:
        by_model: ValuesByModel = json.loads((scores / VALUES_FILE).read_text())
        if len(by_model) != 1:
            raise InputError(
                f"scores of {len(by_model)} models ({', '.join(by_model)})",
                where=str(scores),
                remedy="evaluate each model's programs in a step of its own",
            )
        (values,) = by_model.values()
        return values[config.benchmark][config.metric]
    except FileNotFoundError:
        raise InputError("no values per problem beside the scores", where=str(scores)) from None
    except KeyError as error:
        raise InputError(
            f"no {error} among the scores",
            where=str(scores),
            remedy="set promote_model.benchmark and .metric to what evaluate_model measures",
        ) from None


def _commit(context: StageContext, record: Mapping[str, object], source: str) -> str:
    """One commit per decision; the released model's file changes only on promotion."""
    git = context.home.git
    context.home.bring_newest(git, "HEAD")
    repository = ReleaseRepository(git)
    files = {
        f"decisions/{record['model']}-v{record['version']}.json": json.dumps(record, indent=1)
        + "\n"
    }
    if record["promote"]:
        released = {
            "name": record["model"],
            "version": record["version"],
            "digest": record["digest"],
            "source": source,
        }
        files[RELEASED] = yaml.safe_dump(released, sort_keys=False)
    word = "Promote" if record["promote"] else "Hold"
    message = f"{word} {record['model']} version {record['version']}\n\n{record['reason']}"
    commit = repository.commit(files, message)
    context.home.send(git, "HEAD")
    return commit
